#!/bin/bash
# Consumer groups as users use them.
#
#   run.sh [scenarios|chaos|consumer|idempotent|kcat|python|mixed]...
#
# scenarios  what users reported: C programs on the embedded mock cluster
# chaos      60 s of chaos.py on a mock cluster; CHAOS_SECONDS, CHAOS_SEED. On Kafka: make chaos
# idempotent 20 s of idempotent.py in the same way: a producer instead of consumers. On Kafka: make chaos ARGS=--idempotent
# kcat       two processes of kcat -G share a group, with each assignor
# python     the same with confluent-kafka-python
# consumer   the same by the consumer protocol (KIP-848)
# mixed      this library, the original and the Java client in one group, with each assignor, by the consumer protocol, and from one
#            protocol to the other; QUICK=1: ours begins it, not each of the three in turn, and not with all
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
. "$ROOT/capi-tests/sections.sh"
HERE=$ROOT/capi-tests/groups KAFKA=$ROOT/capi-tests/kafka/kafka.sh

# The programs have clusters of their own, and mostly wait: they run side by side.
scenarios() {
    local p pids=() failed=0
    bash "$ROOT/capi-tests/setup/library.sh" ours >/dev/null || return 1
    for p in recover positions members; do
        BOOTSTRAP=none bash "$ROOT/capi-tests/c/run.sh" --dir "$HERE" "$p" &
        pids+=($!)
    done
    for p in "${pids[@]}"; do wait "$p" || failed=1; done
    return $failed
}

chaos() { bash "$HERE/chaos.sh" mock --seconds "${CHAOS_SECONDS:-60}" --seed "${CHAOS_SEED:-1}"; }
consumer() { bash "$HERE/chaos.sh" mock --protocol consumer --seconds "${CHAOS_SECONDS:-60}" --seed "${CHAOS_SEED:-1}"; }
idempotent() { bash "$HERE/chaos.sh" mock --idempotent --seconds 20 --rate 500 --seed "${CHAOS_SEED:-1}"; }
mixed() {
    if [ -n "${QUICK:-}" ]; then
        bash "$HERE/mixed.sh" --rounds 1 --strategy range --strategy migrating
    else
        bash "$HERE/mixed.sh" --rounds 3
    fi
}
python() { PYTHONPATH=$HERE bash "$ROOT/capi-tests/python/run.sh" python_groups; }

parts=${*:-scenarios chaos consumer idempotent kcat python mixed}
case " $parts " in *" kcat "*|*" python "*|*" mixed "*)
    export KAFKA_PORT=${KAFKA_PORT:-19092}
    bash "$KAFKA" status >/dev/null 2>&1 || trap 'bash "$KAFKA" down' EXIT
    bash "$KAFKA" up || exit 1
    BOOTSTRAP=$(bash "$KAFKA" bootstrap); export BOOTSTRAP ;;
esac
for part in $parts; do
    case $part in
        scenarios) section "groups: scenarios" scenarios ;;
        # It mostly waits, and has a cluster of its own.
        chaos) aside "groups: chaos" chaos ;;
        consumer) aside "groups: chaos, consumer protocol" consumer ;;
        idempotent) aside "groups: idempotent producer" idempotent ;;
        kcat) section "groups: kcat -G" bash "$HERE/kcat_groups.sh" ;;
        python) section "groups: confluent-kafka-python" python ;;
        mixed) section "groups: three clients" mixed ;;
        *) die "no part $part" ;;
    esac
done
sections_end
