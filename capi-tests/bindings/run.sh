#!/bin/bash
# Bindings with their own tests, unmodified from their package registries: each is built once against this project's headers and
# a stand-in library (setup/stub.sh), its suite runs on this library and on the newest librdkafka, and what fails is compared
# test by test. Where the package has no tests (javascript, rsyslog), they are this project's.
#
#   run.sh [--lib ours|upstream] [--tests PATTERN] [--record] [NAME]...     NAME: cxx go javascript kcat node php python rsyslog rust (all of them without)
#
# It fails when a test that passes on librdkafka fails on ours and is not in expected.txt with its reason. With --lib only that
# library is run; ours is then compared with what the other run left, if there is any. --tests runs a part of the suite and
# compares that part (each binding's own notation). --record writes the counts of whole suites into table.tsv and the table of
# clients in README.md. Everything is below .cache/bindings/NAME: results-LIB.tsv (part-LIB.tsv
# with --tests), output in log-LIB/. An own Kafka is used, at KAFKA_PORT. TIMEOUT: seconds that one test, or one file of tests, may take.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
libs=(upstream ours) names=() TESTS= RECORD=
while [ $# -gt 0 ]; do
    case $1 in
        --lib) libs=("$2"); shift 2 ;;
        --tests) TESTS=$2; shift 2 ;;
        --record) RECORD=1; shift ;;
        --*) die "unknown option $1" ;;
        *) [ -f "$HERE/$1.sh" ] && [ "$1" != run ] && [ "$1" != lib ] || die "no binding $1"; names+=("$1"); shift ;;
    esac
done
[ ${#names[@]} -gt 0 ] || names=(rsyslog kcat python cxx go javascript node php rust)
[ -z "$RECORD" ] || [ ${#libs[@]}${TESTS:+part} = 2 ] || die "only whole suites on both libraries are recorded"
export TESTS RECORD
for lib in "${libs[@]}"; do bash "$ROOT/capi-tests/setup/library.sh" "$lib" >/dev/null || exit 1; done

started=
if ! bash "$ROOT/capi-tests/kafka/kafka.sh" status >/dev/null 2>&1; then bash "$ROOT/capi-tests/kafka/kafka.sh" up || exit 1; started=1; fi
BOOTSTRAP=$(bash "$ROOT/capi-tests/kafka/kafka.sh" bootstrap); export BOOTSTRAP
trap '[ -n "$started" ] && bash "$ROOT/capi-tests/kafka/kafka.sh" down' EXIT

passed=0 failed=0 skipped=0
for name in "${names[@]}"; do
    echo "== $name"
    (run_binding "$name" "${libs[@]}")
    case $? in
        0) passed=$((passed + 1)) ;;
        "$UNAVAILABLE") skipped=$((skipped + 1)); echo "SKIPPED $name" ;;
        *) failed=$((failed + 1)); echo "FAILED $name" ;;
    esac
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
