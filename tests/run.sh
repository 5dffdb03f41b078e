#!/usr/bin/env bash
# Everything that must hold: types, lint, layering, tests on both databases and in a browser, notebooks.
# VIEW3_TEST_WITHOUT=mariadb,browser,proxy,peers leaves those out, by name, and the summary says so.
# VIEW3_TEST_ZOOM_DESCRIPTION names the folder of Zoom's own descriptions (../shared/peers); without them the tests that need them say so.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
without=",${VIEW3_TEST_WITHOUT:-},"

need() { # need PROGRAM PACKAGE NAME
    [[ $without == *",$3,"* ]] && return
    command -v "$1" >/dev/null && return
    echo "Installing the Debian package $2, which the tests need."
    local sudo=""
    [[ $EUID -eq 0 ]] || sudo="sudo --non-interactive"
    $sudo apt-get update -qq || true
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "$2" >/dev/null ||
        { echo "Could not install $2: install it by hand, or leave its tests out with VIEW3_TEST_WITHOUT=$3." >&2; exit 1; }
}

need mariadbd mariadb-server mariadb
need chromium chromium browser
need nginx nginx-light proxy
need haproxy haproxy proxy
need node nodejs peers
need npm npm peers
need npm npm browser # for axe-core, the rules of accessibility

# The tests make their own settings; those of the developer must not leak in.
while read -r name; do unset "$name"; done < <(compgen -e | grep '^VIEW3_' | grep -v '^VIEW3_TEST_' || true)

echo "== lint";        $bin/ruff check . && $bin/ruff format --check .
echo "== types";       $bin/mypy
echo "== layering";    $bin/lint-imports
echo "== tests";       $bin/pytest --numprocesses 2 --dist loadfile --ignore tests/browser
# The page is tried alone: a browser, a server and a kernel per viewer fill the machine by themselves.
[[ $without == *",browser,"* ]] || { echo "== browser"; $bin/pytest tests/browser; }
echo "== notebooks";   tests/notebooks.sh
[[ $without == ",," ]] || echo "LEFT OUT by VIEW3_TEST_WITHOUT: ${VIEW3_TEST_WITHOUT}"
