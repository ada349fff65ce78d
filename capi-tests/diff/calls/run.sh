#!/bin/bash
# Some 1,800 calls of the core, producer, consumer and group areas, in every state of an instance, on the newest librdkafka and on
# this library: what each returns and writes must be the same, but for the rows of docs/differences.md.
#
#   run.sh [SUBJECT...]        core producer consumer group forked (all without); PROFILE=debug takes the debug build
#
# BOOTSTRAP names a Kafka; without it one is started on a port of its own and stopped at the end.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../../setup/lib.sh"
here=$ROOT/capi-tests/diff/calls
bash "$ROOT/capi-tests/setup/c.sh" || exit 1
need python3 python3
upstream=$(bash "$ROOT/capi-tests/setup/library.sh" upstream) || exit 1
ours=$(bash "$ROOT/capi-tests/setup/library.sh" ours) || exit 1
out=$CACHE/c-tests/calls
mkdir -p "$out"
bash "$ROOT/capi-tests/setup/names.sh" "$out" || exit 1
gcc -std=gnu11 -D_GNU_SOURCE -g -O1 -Wall -Wextra -Wno-deprecated-declarations -I "$ROOT/include" -I "$ROOT/capi-tests/c" \
    -o "$out/calls" "$here"/*.c -L "$out" -Wl,--no-as-needed -lrdkafka -lpthread -lm || die "does not build"

if [ -z "${BOOTSTRAP:-}" ]; then
    export KAFKA_PORT=${KAFKA_PORT:-19610}
    started=1; bash "$ROOT/capi-tests/kafka/kafka.sh" status >/dev/null 2>&1 && started=
    bash "$ROOT/capi-tests/kafka/kafka.sh" up || die "no Kafka"
    BOOTSTRAP=$(bash "$ROOT/capi-tests/kafka/kafka.sh" bootstrap)
    [ -z "$started" ] || trap 'bash "$ROOT/capi-tests/kafka/kafka.sh" down' EXIT
fi
export BOOTSTRAP

subjects=("$@") pids=() failed=0
[ ${#subjects[@]} -gt 0 ] || subjects=(core producer consumer group forked)
one() { # LIB FOLDER SUBJECT
    T_LIB=$1 LD_LIBRARY_PATH=$2 timeout 300 "$out/calls" "$3" >"$out/$3.$1" 2>"$out/$3.$1.err" </dev/null && return 0
    local code=$?
    say "$3 on $1 ended with code $code after: $(tail -1 "$out/$3.$1")"
    tail -5 "$out/$3.$1.err" >&2
    return 1
}
for subject in "${subjects[@]}"; do
    # What librdkafka does in a forked child is undefined.
    [ "$subject" = forked ] || { one upstream "$upstream" "$subject" & pids+=($!); }
    one ours "$ours" "$subject" & pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
[ $failed = 0 ] || exit 1
python3 "$here/compare.py" "$ROOT/docs/differences.md" "$out" "${subjects[@]}" && exit
code=$?
tail -n 5 "$out"/*.err >&2
exit $code
