#!/bin/bash
# Consumer groups as users use them.
#
#   run.sh [scenarios]...
#
# scenarios  what users reported: C programs on the embedded mock cluster
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
. "$ROOT/capi-tests/sections.sh"
HERE=$ROOT/capi-tests/groups

scenarios() { # The programs have clusters of their own.
    BOOTSTRAP=none bash "$ROOT/capi-tests/c/run.sh" --dir "$HERE" recover
}

parts=${*:-scenarios}
for part in $parts; do
    case $part in
        scenarios) section "groups: scenarios" scenarios ;;
        *) die "no part $part" ;;
    esac
done
sections_end
