#!/usr/bin/env bash
# Every notebook runs from top to bottom, on the sample challenge and on an empty database.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for filling in demo init; do
    export VIEW3_DATABASE_URL="sqlite:///$folder/$filling.db"
    .venv/bin/view3 "$filling"
    .venv/bin/pytest --nbval-lax --nbval-current-env --nbval-cell-timeout=30 -p no:cacheprovider notebooks reports
done
