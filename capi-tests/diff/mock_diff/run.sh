#!/bin/bash
# The same seeded requests against kafka-mock and a Kafka of this script's own; see accepted.md.
#
#   run.sh [--kafka HOST:PORT] [SEED...]        (default: a Kafka is started and stopped, seeds 1 2 3)
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../../setup/lib.sh"
kafka= seeds=()
while [ $# -gt 0 ]; do
    case $1 in
        --kafka) kafka=$2; shift 2 ;;
        *) seeds+=("$1"); shift ;;
    esac
done
[ ${#seeds[@]} -gt 0 ] || seeds=(1 2 3)
(cd "$ROOT" && cargo build -q --bin kafka-mock --example mock_diff) || die "does not build"
target=${CARGO_TARGET_DIR:-$ROOT/target}/debug
port=
if [ -z "$kafka" ]; then
    port=${MOCK_DIFF_PORT:-39192}
    bash "$ROOT/capi-tests/kafka/kafka.sh" up --port "$port" || die "no Kafka"
    kafka=127.0.0.1:$port
fi
"$target/kafka-mock" --brokers 1 --port 0 >"$CACHE/mock_diff.out" 2>&1 &
mock=$!
finish() {
    kill -INT $mock 2>/dev/null
    wait $mock 2>/dev/null
    [ -z "$port" ] || bash "$ROOT/capi-tests/kafka/kafka.sh" down --port "$port"
}
trap finish EXIT
bootstrap=
for _ in $(seq 100); do
    bootstrap=$(sed -n 's/^bootstrap.servers=//p' "$CACHE/mock_diff.out")
    [ -n "$bootstrap" ] && break
    sleep 0.1
done
[ -n "$bootstrap" ] || die "kafka-mock did not start"
passed=0 failed=0
for seed in "${seeds[@]}"; do
    if "$target/examples/mock_diff" "$bootstrap" "$kafka" --seed "$seed" --count "${MOCK_DIFF_COUNT:-3000}"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
