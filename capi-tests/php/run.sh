#!/bin/bash
# The queue of KafkaQueue.php on php-rdkafka (bindings/php.sh has where it comes from), on both libraries: queue.py says what must hold. The
# cluster is kafka-mock, or what answers at --bootstrap.
#
#   run.sh [--bootstrap HOST:PORT] [ours|upstream]...
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../bindings/lib.sh"
. "$ROOT/capi-tests/setup/mock.sh"
bootstrap= libs=()
while [ $# -gt 0 ]; do
    case $1 in
        --bootstrap) bootstrap=$2; shift 2 ;;
        ours|upstream) libs+=("$1"); shift ;;
        *) die "unknown argument $1" ;;
    esac
done
[ ${#libs[@]} -gt 0 ] || libs=(upstream ours)
prepare php
case $? in
    0) ;;
    "$UNAVAILABLE") echo "SKIPPED: the queue in PHP"; exit 0 ;;
    *) die "no php-rdkafka" ;;
esac

logs=$(mktemp -d "$CACHE/php.XXXXXX")
trap 'mock_stop; rm -rf "$logs"' EXIT
trap 'exit 130' INT TERM
[ -n "$bootstrap" ] || { mock_start; bootstrap=$MOCK_BOOTSTRAP; }
failed=0
for lib in "${libs[@]}"; do
    dir=$(bash "$ROOT/capi-tests/setup/library.sh" "$lib") || exit 1
    mkdir "$logs/$lib"
    echo "on $lib:"
    # A thread of librdkafka's may outlive its instance, and PHP unloads the library when it ends: that crashed.
    if [ "$lib" = upstream ]; then export ZEND_DONT_UNLOAD_MODULES=1; else unset ZEND_DONT_UNLOAD_MODULES; fi
    LD_LIBRARY_PATH=$dir python3 "$ROOT/capi-tests/php/queue.py" "${bootstrap%%,*}" "$logs/$lib" php -n -d extension="$WORK/src/modules/rdkafka.so" || { echo "FAILED $lib"; failed=1; }
done
if [ -n "$MOCK_PID" ]; then mock_stop || failed=1; fi
exit $failed
