#!/bin/bash
# Consumer groups as users use them.
#
#   run.sh [scenarios|chaos]...
#
# scenarios  what users reported: C programs on the embedded mock cluster
# chaos      60 s of chaos.py on a mock cluster; CHAOS_SECONDS, CHAOS_SEED. On Kafka: make chaos
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

chaos() {
    bash "$HERE/chaos.sh" mock --seconds "${CHAOS_SECONDS:-60}" --seed "${CHAOS_SEED:-1}"
}

parts=${*:-scenarios chaos}
for part in $parts; do
    case $part in
        scenarios) section "groups: scenarios" scenarios ;;
        chaos) section "groups: chaos" chaos ;;
        *) die "no part $part" ;;
    esac
done
sections_end
