#!/bin/bash
# make demo: a generated set of orders goes through Debian's unmodified kcat, on this library, into a cluster of three brokers
# and back. What comes back is compared with what went in: order within each partition, every byte, every header. The cluster is
# this project's own mock (kafka-mock), so that nothing is needed but kcat.
#
#   ORDERS=200000 CODEC=zstd LIB=ours|upstream demo.sh
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
. "$ROOT/capi-tests/setup/mock.sh"
orders=${ORDERS:-200000} codec=${CODEC:-zstd} partitions=6 topic=orders
step() { printf '%-40s' "$*"; }
ok() { printf '%s\n' "$*"; }
orders_py() { python3 "$ROOT/capi-tests/demo/orders.py" "$@"; }

# What is missing is installed before the first line is begun.
bash "$ROOT/capi-tests/setup/kcat.sh" || exit 1
need python3 python3
. "$ROOT/capi-tests/setup/rust.sh"
work=$(mktemp -d "$CACHE/demo.XXXXXX")
# A signal ends the programs of the foreground first; what was started here is stopped in every case.
trap 'mock_stop; rm -rf "$work"' EXIT
trap 'echo; say "interrupted"; exit 130' INT TERM

# From nothing this takes minutes: the crates are counted meanwhile.
build() {
    local line n=0 flag=--release
    [ "${PROFILE:-release}" = debug ] && flag=
    (cd "$ROOT" && cargo build $flag --lib --bin kafka-mock 2>&1) | while IFS= read -r line; do
        printf '%s\n' "$line" >>"$work/build"
        case $line in *Compiling*) n=$((n + 1)); [ -t 1 ] && printf '\r%s' "$(step "building library and cluster")$n crates" ;; esac
    done
    [ "${PIPESTATUS[0]}" = 0 ] || { echo; tail -n 40 "$work/build"; return 1; }
    [ -t 1 ] && printf '\r\033[K'
    return 0
}
[ -t 1 ] && step "building library and cluster"
started=$SECONDS
build || exit 1
lib=$(bash "$ROOT/capi-tests/setup/library.sh" "${LIB:-ours}") || exit 1
step "building library and cluster"
ok "$((SECONDS - started)) s"
step "a Kafka cluster inside one process"
mock_start --brokers 3 --topic $topic:$partitions
ok "3 brokers at $MOCK_BOOTSTRAP"
kcat() { HOME=$work LD_LIBRARY_PATH=$lib timeout 600 kcat -b "$MOCK_BOOTSTRAP" -X topic.metadata.refresh.interval.ms=-1 "$@"; }
step "kcat, as Debian packages it"
ok "$(kcat -V 2>&1 | sed -n 's/.*Version \([^ ]*\) .*\(librdkafka [^ ]*\).*/\1 on \2/p') from $lib"
kcat -L -t $topic >"$work/metadata" 2>"$work/err" || { cat "$work/err"; exit 1; }
sed -n 's/^ *partition \([0-9]*\), leader \([0-9]*\),.*/\1 \2/p' "$work/metadata" >"$work/leaders"

t=$(date +%s%N)
orders_py feed "$orders" "$(step "producing $orders orders ($codec)")" |
    kcat -P -t $topic -K '\t' -z "$codec" -H source=demo -H "codec=$codec" -X topic.acks=all 2>"$work/err"
codes=("${PIPESTATUS[@]}")
[ "${codes[*]}" = "0 0" ] || { echo; cat "$work/err"; exit 1; }
produced=$((($(date +%s%N) - t) / 1000000))
step "producing $orders orders ($codec)"; ok "done, all acknowledged: $produced ms"

t=$(date +%s%N)
kcat -C -t $topic -o beginning -e -q -X check.crcs=true -f '%p\t%o\t%k\t%h\t%s\n' 2>"$work/err" |
    orders_py check "$orders" $partitions "source=demo,codec=$codec" "$work/leaders" "$(step "consuming and comparing")" >"$work/table"
codes=("${PIPESTATUS[@]}")
consumed=$((($(date +%s%N) - t) / 1000000))
[ "${codes[0]}" = 0 ] || { echo; cat "$work/err"; exit 1; }
step "consuming and comparing"; ok "done: $consumed ms"
step "stopping the cluster"
mock_stop || exit 1
ok "stopped"
echo
cat "$work/table"
if [ "${codes[1]}" = 0 ]; then
    printf '\n%s\n' "All $orders orders came back once, in order, byte for byte. $((orders * 1000 / (produced + 1))) a second in, $((orders * 1000 / (consumed + 1))) a second out."
else
    exit 1
fi
