#!/bin/bash
# librdkafka's own C and C++ test suite (Debian's source package of 2.0.2) against a library and a real Kafka.
#
#   TESTS="0001 0012" LIB=ours|upstream JOBS=2 TIMEOUT=600 KAFKA_PORT=19092 run.sh [--gate] [--record]
#   run.sh --secure ...                          those that want TLS or a login: secure.sh
#
# Each test runs in a process of its own, in quick mode. Results: .cache/conformance/results-LIB.tsv, each test's output beside
# it in logs-LIB/. --gate fails when a test that expected.txt lists does not pass. --record writes upstream.tsv: what the
# original does in the same place. TOPICS=admin creates topics with the library's admin functions instead of a tool.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
[ "${1:-}" != --secure ] || exec bash "$ROOT/capi-tests/conformance/secure.sh" "${@:2}"
lib_name=${LIB:-ours}
export KAFKA_PORT=${KAFKA_PORT:-19092}
runner=$(bash "$ROOT/capi-tests/conformance/build.sh") || exit 1
lib=$(bash "$ROOT/capi-tests/setup/library.sh" "$lib_name") || exit 1
started=
if ! bash "$ROOT/capi-tests/kafka/kafka.sh" status >/dev/null 2>&1; then
    bash "$ROOT/capi-tests/kafka/kafka.sh" up || exit 1
    started=yes
fi
stop() { [ -n "$started" ] && bash "$ROOT/capi-tests/kafka/kafka.sh" down; }
trap stop EXIT
python3 "$ROOT/capi-tests/conformance/run.py" --runner "$runner/tests" --lib "$lib" --name "$lib_name" --cache "$CACHE/conformance" \
    --bootstrap "$(bash "$ROOT/capi-tests/kafka/kafka.sh" bootstrap)" --broker-version "$(bash "$ROOT/capi-tests/kafka/kafka.sh" version)" \
    --tests "${TESTS:-}" --jobs "${JOBS:-2}" --timeout "${TIMEOUT:-600}" --topics "${TOPICS:-tool}" "$@"
