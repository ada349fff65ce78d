#!/bin/bash
# make test-brokers: the C programs and kcat on every Kafka version that must work. VERSIONS="2.8 3.9 4.2", LIB=ours|upstream.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/setup/lib.sh"
. "$ROOT/capi-tests/sections.sh"
export KAFKA_PORT=${KAFKA_PORT:-19092} QUICK=1 LIB=${LIB:-ours}
trap 'bash "$ROOT/capi-tests/kafka/kafka.sh" down' EXIT
for v in ${VERSIONS:-2.8 3.9 4.2}; do
    export KAFKA_VERSION=$v
    section "Kafka $v" bash "$ROOT/capi-tests/kafka/kafka.sh" up --version "$v"
    BOOTSTRAP=$(bash "$ROOT/capi-tests/kafka/kafka.sh" bootstrap) || continue
    export BOOTSTRAP
    section "C programs on $v" bash "$ROOT/capi-tests/c/run.sh" --lib "$LIB"
    section "kcat on $v" bash "$ROOT/capi-tests/kcat/acceptance.sh"
done
sections_end
