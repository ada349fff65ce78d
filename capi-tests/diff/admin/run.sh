#!/bin/bash
# Some 300 admin calls (valid, invalid, unknown, unauthorised, failing in part) on the newest librdkafka and on this library, on the
# same Kafka: event, error, whether there is a text, and every field of the results must be the same, but for accepted.txt.
#
#   run.sh [--nodes 1|3 [--kill]] [SUBJECT...]        topics configs records groups describe acls users (all without)
#
# BOOTSTRAP names a Kafka of kafka.sh (its authorizer lets everyone do what no ACL speaks of); without it one is started and stopped
# at the end. With --kill both libraries then do it all once more, and the controller dies while each call of killed.txt is under way,
# and is started again: ours must end with what came out without a kill, but for the rules in accepted.txt. This takes a quarter of an
# hour. --nodes starts a Kafka of its own.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../../setup/lib.sh"
here=$ROOT/capi-tests/diff/admin kafka=$ROOT/capi-tests/kafka/kafka.sh
nodes= kill=
while [ $# -gt 0 ]; do
    case $1 in
        --nodes) nodes=$2; shift 2 ;;
        --kill) kill=1; shift ;;
        --*) die "unknown option $1" ;;
        *) break ;;
    esac
done
[ -z "$kill" ] || [ "$nodes" = 3 ] || die "--kill needs --nodes 3"
bash "$ROOT/capi-tests/setup/c.sh" || exit 1
need python3 python3
upstream=$(bash "$ROOT/capi-tests/setup/library.sh" upstream) || exit 1
ours=$(bash "$ROOT/capi-tests/setup/library.sh" ours) || exit 1
out=$CACHE/c-tests/admin-diff
mkdir -p "$out"
bash "$ROOT/capi-tests/setup/names.sh" "$out" || exit 1
gcc -std=gnu11 -D_GNU_SOURCE -g -O1 -Wall -Wextra -I "$ROOT/include" -I "$ROOT/capi-tests/c" -o "$out/admin_diff" "$here"/*.c \
    -L "$out" -Wl,--no-as-needed -lrdkafka -lpthread -lm || die "does not build"

if [ -n "$nodes" ] || [ -z "${BOOTSTRAP:-}" ]; then
    export KAFKA_PORT=${KAFKA_PORT:-19630}
    started=1; [ -z "$nodes" ] && bash "$kafka" status >/dev/null 2>&1 && started=
    bash "$kafka" up ${nodes:+--nodes "$nodes"} || die "no Kafka"
    BOOTSTRAP=$(bash "$kafka" bootstrap)
    [ -z "$started" ] || trap 'bash "$kafka" down' EXIT
fi
export BOOTSTRAP

subjects=("$@") failed=0
[ ${#subjects[@]} -gt 0 ] || subjects=(topics configs records groups describe acls users)
one() { # LIB FOLDER NAME: one after the other, as what they change they both see
    local subject code=0
    for subject in "${subjects[@]}"; do
        [ -z "${T_CONTROLLER:-}" ] || T_DIES_IN=$(python3 "$here/compare.py" --numbers "$here/killed.txt" "$out/ours.$subject")
        T_DIES_IN=${T_DIES_IN:-} T_LIB=$1 LD_LIBRARY_PATH=$2 timeout 1800 "$out/admin_diff" "admin-$3-$$-$(date +%s)-" "$subject" \
            >"$out/$3.$subject" 2>"$out/$3.$subject.err" </dev/null && continue
        code=$?
        say "$1 ended with code $code in $subject after: $(grep "^== " "$out/$3.$subject" | tail -1)"
        tail -5 "$out/$3.$subject.err" >&2
    done
    for subject in "${subjects[@]}"; do cat "$out/$3.$subject"; done >"$out/$3"
    return $code
}
# The first group makes the offsets topic, and until its partitions are loaded each node answers as it likes.
[ "${nodes:-1}" = 1 ] || LD_LIBRARY_PATH=$ours "$out/admin_diff" "warm-$$-" groups >/dev/null || failed=1
one upstream "$upstream" upstream || failed=1
one ours "$ours" ours || failed=1
[ $failed = 0 ] || exit 1
python3 "$here/compare.py" --nodes "${nodes:-1}" "$here/accepted.txt" "$out/upstream" "$out/ours" || failed=1
[ -n "$kill" ] || exit $failed

export T_STATE=$out T_CONTROLLER="bash $here/controller.sh" T_SETTLED="env LD_LIBRARY_PATH=$ours $out/admin_diff - settled" T_DIES_IN
for lib in upstream ours; do
    : >"$out/killed"
    SECONDS=0
    # librdkafka may end with a segmentation fault when a coordinator is lost; what it then has not printed differs.
    one $lib "${!lib}" "$lib-killed" || [ $lib = upstream ] || failed=1
    flock "$out/lock" true # The last one is started again.
    say "$lib: the controller was killed $(wc -l <"$out/killed") times in $SECONDS s"
done
[ $failed = 0 ] || exit 1
python3 "$here/compare.py" --kill ${VERBOSE:+--verbose} "$here/accepted.txt" "$out/ours" "$out/upstream-killed" "$out/ours-killed"
