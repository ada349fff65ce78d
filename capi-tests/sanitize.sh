#!/bin/bash
# The C programs and the hostile peer under valgrind, AddressSanitizer and ThreadSanitizer, on one Kafka.
#
#   sanitize.sh [--quick]
#
# --quick is what `make test` runs: valgrind on the library that is built anyway, and ThreadSanitizer, on programs that
# are quick and reach all threads.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/setup/lib.sh"
. "$ROOT/capi-tests/sections.sh"
C=$ROOT/capi-tests/c/run.sh HOSTILE=$ROOT/capi-tests/hostile/run.sh
if [ -z "${BOOTSTRAP:-}" ]; then
    export KAFKA_PORT=${KAFKA_PORT:-19092}
    own=1; bash "$ROOT/capi-tests/kafka/kafka.sh" status >/dev/null 2>&1 && own=
    section "Kafka 4.2 on loopback" bash "$ROOT/capi-tests/kafka/kafka.sh" up
    [ -n "$own" ] && trap 'bash "$ROOT/capi-tests/kafka/kafka.sh" down' EXIT
    export BOOTSTRAP; BOOTSTRAP=$(bash "$ROOT/capi-tests/kafka/kafka.sh" bootstrap)
fi
if [ "${1:-}" = --quick ]; then
    section "valgrind" bash "$C" --valgrind badinput values reports lifecycle
    section "ThreadSanitizer" bash "$C" --jobs 2 --tsan secured_tls lifecycle reports delivery group_basic consumer consumer_commits consumer_simple consumer_queues
    sections_end
fi
groups() { BOOTSTRAP=none bash "$C" --jobs 3 --dir "$ROOT/capi-tests/groups" "$@"; }
export HOSTILE_ROUNDS=${HOSTILE_ROUNDS:-1}
section "C programs, valgrind" bash "$C" --jobs 3 --valgrind
section "groups, valgrind" groups --valgrind
section "hostile peer, valgrind" bash "$HOSTILE" --valgrind
for tool in asan tsan; do
    section "C programs, $tool" bash "$C" --jobs 3 "--$tool"
    section "groups, $tool" groups "--$tool"
    section "hostile peer, $tool" bash "$HOSTILE" "--$tool"
done
sections_end
