#!/bin/bash
# The same seeded requests against kafka-mock and a Kafka of this script's own; see accepted.md.
#
#   run.sh [--kafka HOST:PORT] [SEED...]        (default: a Kafka is started and stopped, seeds 1 2 3)
#
# Each seed is run four times: all kinds of requests, groups of consumers alone, and transactions alone with transaction.version 2 and 1. Of the given
# Kafka that version is changed meanwhile. Once a producer id's epochs are used up.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../../setup/lib.sh"
. "$ROOT/capi-tests/setup/mock.sh"
kafka= seeds=()
while [ $# -gt 0 ]; do
    case $1 in
        --kafka) kafka=$2; shift 2 ;;
        *) seeds+=("$1"); shift ;;
    esac
done
[ ${#seeds[@]} -gt 0 ] || seeds=(1 2 3)
PROFILE=${PROFILE:-debug}
. "$ROOT/capi-tests/setup/rust.sh"
flag=--release; [ "$PROFILE" = debug ] && flag=
(cd "$ROOT" && cargo build -q $flag --bin kafka-mock --example mock_diff) || die "does not build"
port=
finish() {
    mock_stop
    [ -z "$port" ] || bash "$ROOT/capi-tests/kafka/kafka.sh" down --port "$port"
}
trap finish EXIT
if [ -z "$kafka" ]; then
    port=${KAFKA_PORT:-39192}
    bash "$ROOT/capi-tests/kafka/kafka.sh" up --port "$port" \
        --set transaction.abort.timed.out.transaction.cleanup.interval.ms=500 || die "no Kafka"
    kafka=127.0.0.1:$port
fi
passed=0 failed=0
compare() { # SEED COUNT ARGUMENT...
    if "${CARGO_TARGET_DIR:-$ROOT/target}/$PROFILE/examples/mock_diff" "$MOCK_BOOTSTRAP" "$kafka" --seed "$1" --count "$2" "${@:3}"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
}
transactions=${MOCK_DIFF_TRANSACTIONS:-1500} exhaust=--exhaust
mock_start --brokers 1
for seed in "${seeds[@]}"; do
    compare "$seed" "${MOCK_DIFF_COUNT:-3000}"
    compare "$seed" "${MOCK_DIFF_CONSUMERS:-150}" --consumers
    compare "$seed" "$transactions" --transactions $exhaust
    exhaust=
done
mock_stop || failed=$((failed + 1))
mock_start --brokers 1 --transaction-version 1
for seed in "${seeds[@]}"; do
    compare "$seed" "$transactions" --transactions --transaction-version 1
done
echo "$passed passed, $failed failed"
mock_stop && [ $failed = 0 ]
