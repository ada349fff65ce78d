#!/bin/bash
# Debian's unmodified kcat, on this library or on the original, against a real Kafka.
#
#   LIB=ours|upstream LINES=1000000 CODECS="none gzip snappy lz4 zstd" KAFKA_PORT=19092 acceptance.sh [CHECK...]
#
# Checks: codecs metadata query offsets properties errors restart (all of them by default). QUICK=1 moves 50,000 lines.
# CONSUME=ours|upstream consumes with the other library than LIB produces with.
# A running cluster on KAFKA_PORT is used, otherwise one is started for the run; `restart` has three nodes of its own.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
HERE=$ROOT/capi-tests/kcat
KAFKA=$ROOT/capi-tests/kafka/kafka.sh
export KAFKA_PORT=${KAFKA_PORT:-19092}
lines=${LINES:-$([ -n "${QUICK:-}" ] && echo 50000 || echo 1000000)}
codecs=${CODECS:-none gzip snappy lz4 zstd}
checks=${*:-codecs metadata query offsets properties errors restart}
partitions=6 chunks=4
FORMAT='%p %o %K %S %T\n%k%s\n%h\n'

bash "$ROOT/capi-tests/setup/kcat.sh" || exit 1
need python3 python3
lib=$(bash "$ROOT/capi-tests/setup/library.sh" "${LIB:-ours}") || exit 1
consume_lib=$(bash "$ROOT/capi-tests/setup/library.sh" "${CONSUME:-${LIB:-ours}}") || exit 1
work=$CACHE/kcat/$$; mkdir -p "$work"
own_cluster=
cleanup() {
    [ -n "$own_cluster" ] && bash "$KAFKA" down
    KAFKA_PORT=$((KAFKA_PORT + 50)) bash "$KAFKA" down
    rm -rf "$work"
}
trap cleanup EXIT
if ! bash "$KAFKA" status >/dev/null 2>&1; then bash "$KAFKA" up || exit 1; own_cluster=yes; fi
brokers=$(bash "$KAFKA" bootstrap)
kcat=$(command -v kcat) || die "no kcat"
run_id=$$-$(date +%s)
failed=0 rows=()

# HOME: kcat reads no configuration of the user's. The newest librdkafka warns of a property that this kcat sets; that
# goes to standard error, so results are read from standard output. The library path is set for kcat alone.
kcat() {
    local use=$lib; [ "$1" = -C ] && use=$consume_lib
    HOME=$work LD_LIBRARY_PATH=$use timeout "${KCAT_TIMEOUT:-900}" "$kcat" "$@"
}
topic() { # NAME PARTITIONS
    python3 "$ROOT/capi-tests/kafka/admin.py" --bootstrap-server "${3:-$brokers}" --create --topic "$1" --partitions "$2" --replication-factor "${4:-1}" || die "topic $1"
}
row() { # NAME ok|FAILED TEXT
    rows+=("$(printf '%-22s %-7s %s' "$1" "$2" "$3")"); say "${rows[-1]}"
    [ "$2" = ok ] || failed=1
}
# check NAME TEXT COMMAND...: ok when the command succeeds
check() { local name=$1 text=$2; shift 2; if "$@"; then row "$name" ok "$text"; else row "$name" FAILED "$text"; fi; }
fail_with() { row "$1" FAILED "$2: $(tail -n 2 "$work/err" | tr '\n' ' ')"; }

small() { # TOPIC: 100 messages m0..m99 in partition 0, those from m60 on some milliseconds later
    seq -f m%g 0 59 | kcat -P -b "$brokers" -t "$1" -p 0 2>"$work/err" && sleep 0.05 &&
        seq -f m%g 60 99 | kcat -P -b "$brokers" -t "$1" -p 0 2>"$work/err"
}

check_codecs() {
    local codec t chunk args out from=0 started produced
    local input=$CACHE/kcat/input-$lines
    [ -f "$input" ] || { say "generating $lines lines"; python3 "$HERE/data.py" generate "$lines" "$input.tmp" && mv "$input.tmp" "$input"; }
    for codec in $codecs; do
        t=kcat-$codec-$run_id
        topic "$t" $partitions
        started=$(date +%s%N)
        for chunk in $(seq 0 $((chunks - 1))); do
            mapfile -t args < <(python3 "$HERE/data.py" headers "$chunk")
            from=$(((lines * chunk + chunks - 1) / chunks))
            tail -n +$((from + 1)) "$input" | head -n $(((lines * (chunk + 1) + chunks - 1) / chunks - from)) |
                kcat -P -b "$brokers" -t "$t" -K '\t' -z "$codec" ${args[@]+"${args[@]}"} 2>"$work/err" || { fail_with "$codec" "produce"; continue 2; }
        done
        produced=$(( ($(date +%s%N) - started) / 1000000 )); started=$(date +%s%N)
        out=$(kcat -C -b "$brokers" -t "$t" -o beginning -e -q -f "$FORMAT" 2>"$work/err" | python3 "$HERE/data.py" verify "$lines" $partitions $chunks 2>&1) \
            || { row "codec $codec" FAILED "$out $(tail -n 1 "$work/err")"; continue; }
        row "codec $codec" ok "$out (produced in $produced ms, consumed and compared in $(( ($(date +%s%N) - started) / 1000000 )) ms)"
        python3 "$ROOT/capi-tests/kafka/admin.py" --bootstrap-server "$brokers" --delete --topic "$t"
    done
}

check_metadata() {
    local t=kcat-meta-$run_id out
    topic "$t" 3
    out=$(kcat -L -b "$brokers" -t "$t" 2>&1)
    check "-L -t" "topic, partitions, leader" eval 'grep -q "topic \"$t\" with 3 partitions:" <<<"$out" && [ $(grep -c "partition [012], leader 1, replicas: 1, isrs: 1" <<<"$out") = 3 ] && grep -q "broker 1 at ${brokers%%,*}" <<<"$out"'
    # Too long for an argument where the cluster has many topics.
    kcat -L -J -b "$brokers" >"$work/metadata" 2>/dev/null
    check "-L -J" "all topics as JSON" python3 -c "
import json,sys
d=json.load(open(sys.argv[1])); t=[x for x in d['topics'] if x['topic']==sys.argv[2]]
assert len(t)==1 and len(t[0]['partitions'])==3 and d['brokers'][0]['name'] in sys.argv[3] and d['query']['topic']=='*'" "$work/metadata" "$t" "$brokers"
    out=$(kcat -L -b "$brokers" -t "no-such-topic-$run_id" -X allow.auto.create.topics=false 2>&1)
    check "-L unknown topic" "an error in its place" grep -qi "unknown topic" <<<"$out"
}

check_query() {
    local t=kcat-query-$run_id at out
    topic "$t" 2
    small "$t" || { fail_with "-Q" produce; return; }
    at=$(kcat -C -b "$brokers" -t "$t" -p 0 -o 60 -c 1 -q -f '%T\n' 2>"$work/err")
    out=$(kcat -Q -b "$brokers" -t "$t:0:$at" 2>"$work/err")
    check "-Q time" "$out" [ "$out" = "$t [0] offset 60" ]
    out=$(kcat -Q -b "$brokers" -t "$t:0:$((at - 5))" 2>"$work/err")
    check "-Q time between" "$out" [ "$out" = "$t [0] offset 60" ]
    out=$(kcat -Q -b "$brokers" -t "$t:0:-1" 2>"$work/err"); check "-Q end" "$out" [ "$out" = "$t [0] offset 100" ]
    out=$(kcat -Q -b "$brokers" -t "$t:0:-2" 2>"$work/err"); check "-Q beginning" "$out" [ "$out" = "$t [0] offset 0" ]
    out=$(kcat -Q -b "$brokers" -t "$t:1:-1" 2>"$work/err"); check "-Q empty partition" "$out" [ "$out" = "$t [1] offset 0" ]
}

check_offsets() {
    local t=kcat-off-$run_id out at pid
    topic "$t" 1
    small "$t" || { fail_with "-o" produce; return; }
    out=$(kcat -C -b "$brokers" -t "$t" -o beginning -e -q | tr '\n' ' ')
    check "-o beginning -e" "100 messages" [ "$out" = "$(seq -f m%g 0 99 | tr '\n' ' ')" ]
    out=$(kcat -C -b "$brokers" -t "$t" -o -10 -e -q | tr '\n' ' ')
    check "-o -10 -e" "the last 10" [ "$out" = "$(seq -f m%g 90 99 | tr '\n' ' ')" ]
    out=$(kcat -C -b "$brokers" -t "$t" -p 0 -o 42 -c 5 -q | tr '\n' ' ')
    check "-o 42 -c 5" "5 from 42 on" [ "$out" = "m42 m43 m44 m45 m46 " ]
    out=$(kcat -C -b "$brokers" -t "$t" -o end -e -q 2>"$work/err")
    check "-o end -e" "nothing" [ -z "$out" ]
    # From the end on, what is produced afterwards comes: kcat says when it has reached the end.
    mkfifo "$work/end"
    (kcat -C -u -b "$brokers" -t "$t" -o end -c 3 2>"$work/end" >"$work/tail") & pid=$!
    exec 4<"$work/end"
    while read -r -u 4 out; do case $out in *"Reached end of topic"*) break ;; esac; done
    seq -f n%g 1 3 | kcat -P -b "$brokers" -t "$t" -p 0
    wait $pid; exec 4<&-; rm -f "$work/end"
    check "-o end" "what comes afterwards" [ "$(tr '\n' ' ' <"$work/tail")" = "n1 n2 n3 " ]
    at=$(kcat -C -b "$brokers" -t "$t" -p 0 -o 100 -c 1 -q -f '%T\n')
    out=$(kcat -C -b "$brokers" -t "$t" -o "s@$at" -e -q | tail -n 3 | tr '\n' ' ')
    check "-o s@TIME" "from that time on" [ "$out" = "n1 n2 n3 " ]
    out=$(kcat -C -b "$brokers" -t "$t" -o s@0 -o "e@$at" -e -q | tail -n 1)
    check "-o s@0 -o e@TIME" "up to that time" [ "$out" = m99 ]
    out=$(kcat -C -b "$brokers" -t "$t" -o "s@$((at + 3600000))" -e -q 2>/dev/null)
    check "-o s@FUTURE" "nothing" [ -z "$out" ]
}

check_properties() {
    local out
    out=$(kcat -X list 2>&1)
    check "-X list" "$(grep -c '|' <<<"$out") rows" eval '[ $(grep -c "|" <<<"$out") -gt 200 ] && grep -q "^bootstrap.servers *| *[*] *|" <<<"$out" && grep -q "^linger.ms *| *P *|" <<<"$out"'
    out=$(kcat -X dump -b "$brokers" -X linger.ms=77 2>&1)
    check "-X dump" "shows what was set" grep -q 'queue.buffering.max.ms = 77' <<<"$out"
    out=$(kcat -L -b "$brokers" -X no.such.property=1 2>&1); check "-X unknown" "$out" grep -q 'No such configuration property: "no.such.property"' <<<"$out"
    out=$(kcat -L -b "$brokers" -X linger.ms=abc 2>&1); check "-X bad value" "$out" grep -q "$([ "${LIB:-ours}" = ours ] && echo '"queue.buffering.max.ms" is a number, not' || echo 'Invalid value for configuration property "queue.buffering.max.ms"')" <<<"$out"
    out=$(kcat -V 2>&1 | grep librdkafka); check "-V" "${out:0:80}" grep -q 'librdkafka 2\.16\.' <<<"$out"
}

check_errors() {
    local t=kcat-err-$run_id out code
    topic "$t" 1
    out=$(head -c 3000000 /dev/zero | tr '\0' x | kcat -P -b "$brokers" -t "$t" 2>&1); code=$?
    check "message too large" "refused" eval '[ $code != 0 ] && grep -qi "too large" <<<"$out"'
    out=$(kcat -C -b "$brokers" -t "$t" -p 7 -o beginning -e -q 2>&1); code=$?
    check "unknown partition" "$(grep ERROR <<<"$out")" grep -q 'partition 7 does not exist' <<<"$out"
    out=$(KCAT_TIMEOUT=60 kcat -L -b 127.0.0.1:1 -m 3 2>&1); code=$?
    check "no broker" "exit code $code" [ $code = 1 ]
    out=$(echo x | KCAT_TIMEOUT=60 kcat -P -b 127.0.0.1:1 -t "$t" -X message.timeout.ms=2000 2>&1); code=$?
    check "no broker, produce" "$(tail -n 1 <<<"$out")" eval '[ $code = 1 ] && grep -qi "timed out\|failed" <<<"$out"'
}

# A broker of three is killed in the middle of producing and comes back: with acks=all everything that was sent is there. Without
# idempotence a retried batch may be there twice.
check_restart() {
    local t=kcat-restart-$run_id n=${RESTART_LINES:-60000} list out code
    KAFKA_PORT=$((KAFKA_PORT + 50)) KAFKA_NODES=3 bash "$KAFKA" up || { row restart FAILED "no cluster"; return; }
    list=$(KAFKA_PORT=$((KAFKA_PORT + 50)) bash "$KAFKA" bootstrap)
    topic "$t" $partitions "$list" 3
    {
        python3 "$HERE/data.py" feed "$n" 0 $((n / 4)) 5000
        KAFKA_PORT=$((KAFKA_PORT + 50)) bash "$KAFKA" kill 2 >&2
        python3 "$HERE/data.py" feed "$n" $((n / 4)) $((n / 2)) 2500
        KAFKA_PORT=$((KAFKA_PORT + 50)) bash "$KAFKA" start 2 >&2
        python3 "$HERE/data.py" feed "$n" $((n / 2)) "$n" 5000
    } | kcat -P -b "$list" -t "$t" -K '\t' -X topic.acks=all ${RESTART_ARGS:-} >"$work/out" 2>"$work/err"
    code=${PIPESTATUS[1]}
    [ "$code" = 0 ] || { fail_with restart "kcat ended with $code"; return; }
    out=$(kcat -C -b "$list" -t "$t" -o beginning -e -q -f "$FORMAT" 2>"$work/err" | python3 "$HERE/data.py" verify "$n" $partitions 1 --duplicates 2>&1); code=$?
    [ $code = 0 ] && row "broker killed" ok "$out, none lost" || row "broker killed" FAILED "$out $(tail -n 1 "$work/err")"
    KAFKA_PORT=$((KAFKA_PORT + 50)) bash "$KAFKA" down
}

for c in $checks; do declare -F "check_$c" >/dev/null || die "no check $c"; "check_$c"; done
echo
echo "kcat on $(LD_LIBRARY_PATH=$lib "$kcat" -V 2>&1 | sed -n 's/.*\(librdkafka [0-9.a-zA-Z-]*\).*/\1/p') (${LIB:-ours}${CONSUME:+, consumed with $CONSUME}), Kafka $(bash "$KAFKA" version), $lines lines"
printf '%s\n' "${rows[@]}"
exit $failed
