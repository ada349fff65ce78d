#!/bin/bash
# make bench: this library and the newest librdkafka side by side, the same program on the same Kafka in the same run.
#
#   run.sh [--rounds N] [--quick] [WORKLOAD...]
#
# In each round every workload runs on either library, one after the other, in alternating order, once or in several short
# pairs; figures are medians, ratios the medians of those within pairs, after one round that does not count. Only the
# client's CPU is counted. A row with properties to compare with has this library on both sides. Prints ratios, and which
# thresholds are met; raw figures stay in results.tsv below the cache folder. It measures, it does not judge: the exit code is 0 either way.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
here=$ROOT/capi-tests/bench

rounds=5 scale=1 wanted=()
while [ $# -gt 0 ]; do
    case $1 in
        --rounds) rounds=$2; shift 2 ;;
        --quick) rounds=3 scale=4; shift ;;
        --*) die "unknown option $1" ;;
        *) wanted+=("$1"); shift ;;
    esac
done

# name | workload | count | topic | properties, `secure` for those of SCRAM over TLS | pairs in a round, 1 without
# | properties of this library in librdkafka's place
WORKLOADS='
produce 100 B|produce-100@400000|1000000|produce|
produce 1 KiB|produce-1024@60000|200000|produce|
produce 100 B gzip|produce-100@50000|200000|produce|compression.codec=gzip
produce 100 B snappy|produce-100@400000|1000000|produce|compression.codec=snappy
produce 100 B lz4|produce-100@400000|1000000|produce|compression.codec=lz4
produce 100 B zstd|produce-100@400000|1000000|produce|compression.codec=zstd
idempotent against plain, 100 B|produce-100@400000|1000000|produce|enable.idempotence=true|3|enable.idempotence=false
transactions of 1,000 messages, 100 B|transactions-100|300000|produce|transactional.id=bench|3
consumer_poll, 1 partition|poll|1000000|consume1|group.id=bench
consumer_poll, 16 partitions|poll|1000000|consume16|group.id=bench
consumer protocol against classic, 16 partitions|subscribed|1000000|consume16|group.id=new enable.auto.commit=false auto.offset.reset=earliest group.protocol=consumer|3|group.id=old enable.auto.commit=false auto.offset.reset=earliest
share consumer, 1 partition|share|300000|consume1||3
share consumer, 16 partitions|share|300000|consume16||3
batch, 1 partition|batch|1000000|consume1|group.id=bench
batch, 16 partitions|batch|1000000|consume16|group.id=bench
simple consume_batch, 1 partition|simple-batch|1000000|consume1|
simple consume_callback, 1 partition|simple-callback|1000000|consume1|
simple consume_callback, 16 partitions|simple-callback|1000000|consume16|
latency, linger 0, one at a time|latency|6000|latency|linger.ms=0|5
latency, linger 0, 2,000/s|paced|3000|latency|linger.ms=0|3
first message, new topic|first|8|first||3
first message, new topic, metadata before|first-metadata|8|first||3
first message, mock|first@mock|20|first||3
first message, mock, metadata before|first-metadata@mock|20|first||3
php-rdkafka, produce 100 B|php-produce|1000000|produce|
php-rdkafka, low-level consumer|php-low|1000000|consume1|
php-rdkafka, high-level consumer|php-high|1000000|consume1|group.id=bench
php-rdkafka, latency at 10/s|php-latency|50|latency|
SASL_SSL, produce 1 KiB|produce-1024|200000|produce|secure
SASL_SSL, consumer_poll 1 KiB|poll|200000|consume1k|secure group.id=bench
SASL_SSL, connecting|connect|100|latency|secure|3
'

bash "$ROOT/capi-tests/setup/c.sh" || exit 1
include=${RDKAFKA_INCLUDE:-$ROOT/include}
out=$CACHE/bench; mkdir -p "$out"
ours=$(bash "$ROOT/capi-tests/setup/library.sh" ours) || exit 1
upstream=$(bash "$ROOT/capi-tests/setup/library.sh" upstream) || exit 1

stub=$CACHE/c-tests/stub; mkdir -p "$stub"
awk -F'\t' 'NR > 1 { print "void " $1 "(void) {}" }' "$ROOT/capi-tests/abi/data/functions.tsv" >"$stub/stub.c"
gcc -w -shared -fPIC -Wl,-soname,librdkafka.so.1 -o "$stub/librdkafka.so" "$stub/stub.c" || die "stub library"
gcc -O2 -g -std=c11 -D_GNU_SOURCE -Wall -Wextra -Wno-ignored-qualifiers -I "$include" -I "$ROOT/capi-tests/c" \
    -o "$out/bench" "$here/bench.c" -L "$stub" -lrdkafka -lpthread || die "bench.c"

if [ -z "${BOOTSTRAP:-}" ]; then
    export KAFKA_PORT=${KAFKA_PORT:-19700}
    bash "$ROOT/capi-tests/kafka/kafka.sh" up --secure || die "no Kafka"
    BOOTSTRAP=$(bash "$ROOT/capi-tests/kafka/kafka.sh" bootstrap)
    trap 'bash "$ROOT/capi-tests/kafka/kafka.sh" down' EXIT
fi
export BOOTSTRAP

with() { # LIBRARY ARGUMENTS...
    local dir=$1 program=("$out/bench"); shift
    case $1 in php-*) program=(php -n -d extension="$CACHE/bindings/php/src/modules/rdkafka.so" "$ROOT/capi-tests/php/bench.php") ;; esac
    LD_LIBRARY_PATH=$dir timeout 300 "${program[@]}" "$@" 2>"$out/stderr" || { tail -3 "$out/stderr" >&2; return 1; }
}

id=bench-$$-$(date +%s)
with "$upstream" create 1 "$id-consume1" && with "$upstream" fill 1000000 "$id-consume1" || die "filling topics"
with "$upstream" create 16 "$id-consume16" && with "$upstream" fill 1000000 "$id-consume16" || die "filling topics"
with "$upstream" create 1 "$id-latency" || die "creating topics"
with "$upstream" create 1 "$id-consume1k" && with "$upstream" fill-1024 200000 "$id-consume1k" || die "filling topics"
mapfile -t secure < <(bash "$ROOT/capi-tests/secure/properties.sh" SASL_SSL SCRAM-SHA-512)

results=$out/results.tsv; : >"$results"
selected() { # NAME WORKLOAD
    local w
    [ ${#wanted[@]} -eq 0 ] && return 0
    for w in "${wanted[@]}"; do case "$1|$2" in *"$w"*) return 0 ;; esac; done
    return 1
}
php= total=0
while IFS='|' read -r name workload _; do
    [ -n "$name" ] && selected "$name" "$workload" || continue
    total=$((total + 1))
    case $workload in php-*) php=wanted ;; esac
done <<<"$WORKLOADS"
# How far it is: a line for each round, on a terminal one for each workload that the next one takes the place of.
progress() {
    if [ -t 2 ]; then printf '\r\033[Kround %s of %s, %s of %s: %s' "$round" "$rounds" "$at" "$total" "$name" >&2
    elif [ "$at" = 1 ]; then say "round $round of $rounds"; fi
}
if [ -n "$php" ]; then (. "$ROOT/capi-tests/bindings/lib.sh" && prepare php) || { say "php-rdkafka's figures are left out"; php=; }; fi
for round in $(seq 0 "$rounds"); do
    at=0
    while IFS='|' read -r name workload count topic conf pairs against; do
        [ -n "$name" ] && selected "$name" "$workload" || continue
        at=$((at + 1)); progress
        case $workload in php-*) [ -n "$php" ] || continue ;; esac
        case $workload in produce-*|transactions-*|latency|paced) count=$((count / scale)) ;; esac
        for pair in $(seq "${pairs:-1}"); do
            order="upstream ours"; [ $(((round + pair) % 2)) = 1 ] && order="ours upstream"
            for lib in $order; do
                t=$id-$topic
                [ "$topic" = produce ] && { t=$id-produce-$round-$lib; with "$upstream" create 4 "$t" || die "creating topics"; }
                properties=() folder=${!lib} side=$conf
                [ -n "$against" ] && [ "$lib" = upstream ] && { folder=$ours side=$against; }
                for property in $side; do
                    case $property in secure) properties+=("${secure[@]}") ;; *) properties+=("$property") ;; esac
                done
                line=$(with "$folder" "$workload" "$count" "$t" ${properties[@]+"${properties[@]}"}) || line=failed
                printf '%s\t%s\t%s\t%s\n' "$round.$pair" "$name" "$lib" "$line" >>"$results"
                [ "$topic" = produce ] && with "$upstream" delete 0 "$t"
            done
        done
    done <<<"$WORKLOADS"
done
[ -t 2 ] && printf '\r\033[K' >&2
for topic in consume1 consume16 consume1k latency; do with "$upstream" delete 0 "$id-$topic"; done
python3 "$here/report.py" "$results"
