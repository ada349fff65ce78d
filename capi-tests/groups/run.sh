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

# The programs have clusters of their own, and mostly wait: they run side by side.
scenarios() {
    local p pids=() failed=0
    export BOOTSTRAP=none
    for p in recover positions members; do
        bash "$ROOT/capi-tests/c/run.sh" --dir "$HERE" "$p" &
        pids+=($!)
    done
    for p in "${pids[@]}"; do wait "$p" || failed=1; done
    return $failed
}

parts=${*:-scenarios}
for part in $parts; do
    case $part in
        scenarios) section "groups: scenarios" scenarios ;;
        *) die "no part $part" ;;
    esac
done
sections_end
