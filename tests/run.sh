#!/usr/bin/env bash
# Everything that must hold: types, lint, layering, tests on both databases and in a browser, notebooks.
# VIEW3_TEST_WITHOUT=mariadb,browser,proxy,peers leaves those out, by name, and the summary says so.
# VIEW3_TEST_ZOOM_DESCRIPTION names the folder of Zoom's own descriptions (../shared/peers); without them the tests that need them say so.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
LIMIT=900 # seconds
FEW=3     # so many may fail beside other work and are tried once more when nothing else runs; more are refused at once
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

# Thousands of small databases wait for no disk where Linux keeps files in memory.
memory=/dev/shm
has_room() { [[ -w $memory && $(findmnt --noheadings --output OPTIONS "$memory") != *noexec* && $(df --output=avail "$memory" | tail -1) -ge 6000000 ]]; }
if has_room; then export PYTEST_DEBUG_TEMPROOT=$memory; fi

part() { # part NAME COMMAND…: say how long it took, and how much of the processors (a whole run is 15 minutes on two of them)
    local TIMEFORMAT="-- $1: %0R s, of the processors %0U + %0S s"
    echo "== $1"
    time "${@:2}"
}

lint() { $bin/ruff check . && $bin/ruff format --check .; }

tests() { # tests NAME WHAT…: note the names of what fails, and how it ended
    local status=0
    VIEW3_TEST_FAILURES=$notes/$1.failed $bin/pytest "${@:2}" || status=$?
    echo "$status" >"$notes/$1.status"
    return "$status"
}

again() { # again NAME: few failures are tried once more when nothing else runs; a fault fails again, and so does this
    local few=$notes/$1.failed
    [[ -e $notes/$1.status && $(<"$notes/$1.status") == 1 && $(wc -l <"$few") -le $FEW ]] || return 1
    echo "== once more, alone: what failed of $1"
    $bin/pytest "@$few" || return 1
    echo "FAILED BESIDE OTHERS, PASSED ALONE; mend what depends on how busy the machine is:"
    cat "$few"
}

beside() { # what has one process and long waits goes beside the tests, which have two
    part types $bin/mypy
    part layering $bin/lint-imports
    part notebooks tests/notebooks.sh
    [[ $without == *",browser,"* ]] || part browser tests browser tests/browser
}

notes=$(mktemp -d) others=""
trap 'kill -- "-$others" 2>/dev/null || true; rm -rf "$notes"' EXIT
part lint lint
set -m # a group of its own, which ends with this one
beside >"$notes/log" 2>&1 &
others=$!
set +m
echo "Types, layering, notebooks and the browser go beside the tests; what they say follows."
failed=()
part tests tests tests --numprocesses 2 --dist worksteal --ignore tests/browser || failed+=(tests)
wait "$others" || failed+=(browser) # or what goes before it: then the browser has no status
cat "$notes/log"
echo "-- all: $((SECONDS / 60)) min $((SECONDS % 60)) s"
((SECONDS <= LIMIT)) || echo "LONGER than the $((LIMIT / 60)) minutes that a run may take on two cores that do nothing else: see the dearest files."
broken=0
for name in "${failed[@]}"; do again "$name" || broken=1; done
[[ $without == ",," ]] || echo "LEFT OUT by VIEW3_TEST_WITHOUT: ${VIEW3_TEST_WITHOUT}"
exit $broken
