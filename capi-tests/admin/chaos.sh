#!/bin/bash
# Topics are created, altered, extended and deleted on three nodes of Kafka, whose brokers, the controller among them, are killed
# and started meanwhile: every call ends within its timeout, and what it said is what Kafka's own tools then tell.
#
#   chaos.sh [--topics N] [--timeout MS]        LIB=upstream runs it on the original
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
here=$ROOT/capi-tests/admin kafka=$ROOT/capi-tests/kafka/kafka.sh
topics=1000 timeout=30000
while [ $# -gt 0 ]; do
    case $1 in
        --topics) topics=$2; shift 2 ;;
        --timeout) timeout=$2; shift 2 ;;
        *) die "unknown option $1" ;;
    esac
done
bash "$ROOT/capi-tests/setup/c.sh" || exit 1
need python3 python3
lib=$(bash "$ROOT/capi-tests/setup/library.sh" "${LIB:-ours}") || exit 1
out=$CACHE/c-tests/admin-chaos
mkdir -p "$out"
bash "$ROOT/capi-tests/setup/names.sh" "$out" || exit 1
gcc -std=gnu11 -D_GNU_SOURCE -g -O1 -Wall -Wextra -I "$ROOT/include" -I "$ROOT/capi-tests/c" -o "$out/chaos" "$here/chaos.c" \
    -L "$out" -Wl,--no-as-needed -lrdkafka -lpthread -lm || die "does not build"

export KAFKA_PORT=${CHAOS_PORT:-19660} KAFKA_NODES=3
killer=
trap '[ -z "$killer" ] || kill $killer 2>/dev/null; bash "$kafka" down' EXIT
bash "$kafka" down
bash "$kafka" up || exit 1
BOOTSTRAP=$(bash "$kafka" bootstrap); export BOOTSTRAP

LD_LIBRARY_PATH=$lib "$out/chaos" "chaos-$$-" "$topics" "$timeout" >"$out/truth" 2>"$out/log" &
program=$!
(   # One node after the other, for as long as the program runs.
    node=1
    while kill -0 $program 2>/dev/null; do
        bash "$kafka" kill $node
        sleep 2
        bash "$kafka" start $node
        sleep 3
        node=$((node % 3 + 1))
        echo kill >>"$out/kills"
    done
) >/dev/null 2>&1 & killer=$!
: >"$out/kills"
wait $program; code=$?
kill $killer 2>/dev/null; wait $killer 2>/dev/null; killer=
sed 's/^/  /' "$out/log" >&2
for node in 1 2 3; do bash "$kafka" start $node >/dev/null 2>&1; done
bash "$ROOT/capi-tests/kafka/topics.sh" --bootstrap-server "$BOOTSTRAP" --describe >"$out/described" 2>"$out/described.err" ||
    { tail -5 "$out/described.err" >&2; die "Kafka's tool does not answer"; }
python3 "$here/chaos.py" "$out/truth" "$out/described" || code=1
say "admin chaos: $(wc -l <"$out/kills") kills, exit code $code"
exit $code
