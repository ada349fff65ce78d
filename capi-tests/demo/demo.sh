#!/bin/bash
# make demo: a generated set of orders goes through Debian's unmodified kcat, on this library, into a real Kafka and back. What
# comes back is compared with what went in: order within each partition, every byte, every header.
#
#   ORDERS=200000 CODEC=zstd LIB=ours|upstream demo.sh
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
here=$ROOT/capi-tests/demo
export KAFKA_PORT=${KAFKA_PORT:-19092}
KAFKA=$ROOT/capi-tests/kafka/kafka.sh
orders=${ORDERS:-200000} codec=${CODEC:-zstd} partitions=6
step() { printf '%-52s' "$*"; }
ok() { printf 'ok  %s\n' "${1:-}"; }

bash "$ROOT/capi-tests/setup/kcat.sh" || exit 1
need python3 python3
step "the library"; lib=$(bash "$ROOT/capi-tests/setup/library.sh" "${LIB:-ours}") || exit 1; ok "$lib"
work=$(mktemp -d "$CACHE/demo.XXXXXX")
started=
cleanup() { [ -n "$started" ] && bash "$KAFKA" down; rm -rf "$work"; }
trap cleanup EXIT
step "Apache Kafka on loopback"
if ! bash "$KAFKA" status >/dev/null 2>&1; then bash "$KAFKA" up 2>"$work/up" || { cat "$work/up"; exit 1; }; started=1; fi
brokers=$(bash "$KAFKA" bootstrap); ok "$(bash "$KAFKA" version) at $brokers"
topic=orders-$(date +%s)-$$
python3 "$ROOT/capi-tests/kafka/admin.py" --bootstrap-server "$brokers" --create --topic "$topic" --partitions $partitions || exit 1
kcat() { HOME=$work LD_LIBRARY_PATH=$lib timeout 600 kcat "$@"; }
kcat -V 2>&1 | sed -n 's/.*\(librdkafka [^ ]*\).*/kcat runs on \1/p'

step "generating $orders orders"
python3 "$here/orders.py" generate "$orders" >"$work/orders" || exit 1; ok "$(($(stat -c %s "$work/orders") / 1024)) KiB"
step "producing them to topic $topic"
t=$(date +%s%N)
kcat -P -b "$brokers" -t "$topic" -K '\t' -z "$codec" -H source=demo -H "codec=$codec" -X topic.acks=all <"$work/orders" 2>"$work/err" || { cat "$work/err"; exit 1; }
p=$((($(date +%s%N) - t) / 1000000)); ok "$p ms"
step "consuming them from the beginning"
t=$(date +%s%N)
kcat -C -b "$brokers" -t "$topic" -o beginning -e -q -f '%p\t%o\t%k\t%h\t%s\n' >"$work/back" 2>"$work/err" || { cat "$work/err"; exit 1; }
c=$((($(date +%s%N) - t) / 1000000)); ok "$c ms"
echo
python3 "$here/orders.py" compare "$work/orders" "$work/back" $partitions "source=demo,codec=$codec" $p $c
