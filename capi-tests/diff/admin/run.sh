#!/bin/bash
# Some 300 admin calls (valid, invalid, unknown, unauthorised, failing in part) on the newest librdkafka and on this library, on the
# same Kafka: event, error, whether there is a text, and every field of the results must be the same, but for accepted.txt.
#
#   run.sh [SUBJECT...]        topics configs records groups describe acls users (all without)
#
# BOOTSTRAP names a Kafka of kafka.sh (its authorizer lets everyone do what no ACL speaks of); without it one is started and stopped
# at the end.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../../setup/lib.sh"
here=$ROOT/capi-tests/diff/admin
bash "$ROOT/capi-tests/setup/c.sh" || exit 1
need python3 python3
upstream=$(bash "$ROOT/capi-tests/setup/library.sh" upstream) || exit 1
ours=$(bash "$ROOT/capi-tests/setup/library.sh" ours) || exit 1
out=$CACHE/c-tests/admin-diff
mkdir -p "$out"
bash "$ROOT/capi-tests/setup/names.sh" "$out" || exit 1
gcc -std=gnu11 -D_GNU_SOURCE -g -O1 -Wall -Wextra -I "$ROOT/include" -I "$ROOT/capi-tests/c" -o "$out/admin_diff" "$here"/*.c \
    -L "$out" -Wl,--no-as-needed -lrdkafka -lpthread -lm || die "does not build"

if [ -z "${BOOTSTRAP:-}" ]; then
    export KAFKA_PORT=${KAFKA_PORT:-19630}
    started=1; bash "$ROOT/capi-tests/kafka/kafka.sh" status >/dev/null 2>&1 && started=
    bash "$ROOT/capi-tests/kafka/kafka.sh" up || die "no Kafka"
    BOOTSTRAP=$(bash "$ROOT/capi-tests/kafka/kafka.sh" bootstrap)
    [ -z "$started" ] || trap 'bash "$ROOT/capi-tests/kafka/kafka.sh" down' EXIT
fi
export BOOTSTRAP

subjects=("$@") failed=0
[ ${#subjects[@]} -gt 0 ] || subjects=(topics configs records groups describe acls users)
one() { # LIB FOLDER: one after the other, as what they change they both see
    T_LIB=$1 LD_LIBRARY_PATH=$2 timeout 600 "$out/admin_diff" "admin-$1-$$-$(date +%s)-" "${subjects[@]}" >"$out/$1" 2>"$out/$1.err" </dev/null && return 0
    say "$1 ended with code $? after: $(tail -1 "$out/$1")"
    tail -5 "$out/$1.err" >&2
    return 1
}
one upstream "$upstream" || failed=1
one ours "$ours" || failed=1
[ $failed = 0 ] || exit 1
python3 "$here/compare.py" "$here/accepted.txt" "$out/upstream" "$out/ours"
