#!/bin/bash
# The example program, built by the command in its own comment, on either library: two instances turn what comes into one topic
# into capitals while one is killed and started again and the other one's place is taken. The committed output must be the
# input, each message once and in order within its key. The cluster is kafka-mock, or what answers at --bootstrap.
#
#   run.sh [--bootstrap HOST:PORT] [ours|upstream]...
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
. "$ROOT/capi-tests/setup/mock.sh"
. "$ROOT/capi-tests/setup/rust.sh"
. "$ROOT/capi-tests/examples/build.sh"
keys=20 limit=60

bootstrap= libs=()
while [ $# -gt 0 ]; do
    case $1 in
        --bootstrap) bootstrap=$2; shift 2 ;;
        ours|upstream) libs+=("$1"); shift ;;
        *) die "unknown argument $1" ;;
    esac
done
[ ${#libs[@]} -gt 0 ] || libs=(upstream ours)
bash "$ROOT/capi-tests/setup/c.sh" && bash "$ROOT/capi-tests/setup/kcat.sh" || exit 1

work=$(mktemp -d "$CACHE/examples.XXXXXX")
trap 'mock_stop; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

build_example consume_transform_produce.c "$work" || exit 1

[ -n "$bootstrap" ] || { mock_start --brokers 3; bootstrap=$MOCK_BOOTSTRAP; }

# Messages that say their place: each round has one of each key.
feed() { # FROM TO
    local i k
    for i in $(seq "$1" "$2"); do for k in $(seq $keys); do printf 'k%d:message %d of k%d\n' "$k" "$i" "$k"; done; done
}

start() { # NAME
    LD_LIBRARY_PATH=$dir "$work/consume_transform_produce" "$bootstrap" "$run" "$run-$1" "$run-in" "$run-out" >>"$work/$lib-$1.out" 2>>"$work/$lib-$1.err" </dev/null &
    pids+=($!)
    last=$!
}

output() { LD_LIBRARY_PATH=$dir timeout 60 kcat -b "$bootstrap" -C -t "$run-out" -o beginning -e -q -X isolation.level="$1" -f '%k:%s\n' 2>>"$work/$lib-kcat.err"; }

# What the instances say that they have committed; one that is killed may not have got to say it.
said() { cat "$work/$lib"-[ab].out | awk '{ sum += $2 } END { print sum + 0 }'; }
there() { output read_committed | wc -l; }

# until_it N COMMAND: waits until it prints at least N.
until_it() {
    local deadline=$((SECONDS + limit))
    until [ "$($2)" -ge "$1" ]; do
        [ $SECONDS -lt $deadline ] || { say "$lib: no $1 messages within $limit s"; return 1; }
        sleep 0.1
    done
}

kill_one() { # PID
    kill -KILL "$1"
    wait "$1" 2>/dev/null
}

# More rounds until that has happened, so that transactions are open again and again (kcat keeps what it reads until it has
# some kilobytes: each round is a kcat of its own). How many they are is in a file then.
trickle() {
    local i=1
    until [ -e "$work/$lib-done" ] || [ $i = 1000 ]; do i=$((i + 1)); feed $i $i | kcat_in || return 1; done
    echo $i >"$work/$lib-rounds"
}

try() {
    local dir a b code=0 fenced rounds all feeder run=example-$lib-$$-$SECONDS
    dir=$(bash "$ROOT/capi-tests/setup/library.sh" "$lib") || return 1
    kcat_in() { LD_LIBRARY_PATH=$dir timeout 60 kcat -b "$bootstrap" -P -t "$run-in" -K : -X linger.ms=0 2>>"$work/$lib-kcat.err"; }
    feed 1 1 | kcat_in || return 1
    trickle &
    feeder=$!
    start a; a=$last; start b; b=$last
    until_it 1 said || return 1
    kill_one "$a"; start a; a=$last
    until_it $(($(said) + 200)) said || return 1
    # Another b: the first one is fenced, and ends.
    local old=$b
    start b; b=$last
    wait "$old"; fenced=$?
    [ $fenced = 2 ] || { say "$lib: the fenced one ended with $fenced"; code=1; }
    touch "$work/$lib-done"
    wait $feeder && rounds=$(cat "$work/$lib-rounds") || { say "$lib: feeding failed"; return 1; }
    all=$((keys * rounds))
    until_it $all there || return 1
    kill -TERM "$a" "$b"
    wait "$a" || { say "$lib: a ended with $?"; code=1; }
    wait "$b" || { say "$lib: b ended with $?"; code=1; }
    output read_committed >"$work/$lib.got"
    for k in $(seq $keys); do
        diff <(feed 1 "$rounds" | grep "^k$k:" | sed 's/:.*/\U&/; s/^K/k/') <(grep "^k$k:" "$work/$lib.got") >"$work/diff" || { head -5 "$work/diff"; code=1; }
    done
    [ "$(wc -l <"$work/$lib.got")" = "$all" ] || code=1
    echo "$lib: $(wc -l <"$work/$lib.got") of $all messages, $(output read_uncommitted | wc -l) with those of aborted transactions"
    return $code
}

# Both libraries at the same time: most of it is waiting.
failed=0 tries=()
for lib in "${libs[@]}"; do
    {
        pids=()
        trap '[ ${#pids[@]} -eq 0 ] || kill -KILL "${pids[@]}" 2>/dev/null; touch "$work/$lib-done"' EXIT
        try || { tail -n 20 "$work/$lib"-*.err; echo "FAILED $lib"; exit 1; }
    } &
    tries+=($!)
done
for try in "${tries[@]}"; do wait "$try" || failed=1; done
mock_stop && [ $failed = 0 ]
