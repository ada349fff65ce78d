#!/bin/bash
# What changes while clients run, on a secured Kafka of its own: nothing is lost and nothing comes out of order.
#
#   reauth.sh [--lib ours|upstream] [--seconds 60] [PART...]
#
#   reauth        the broker wants a new login every 10 s (KIP-368): an idempotent producer and a consumer by each mechanism run for
#                 --seconds, lose nothing, and not one connection
#   certificate   the client's certificate is replaced on disk under load: connections made afterwards use the new one, what is no
#                 certificate changes nothing, and nothing is lost while the broker restarts
#   ca            the broker comes back with a certificate of another CA: the error says where to look; when the CA file has been
#                 replaced, the same clients go on and nothing is lost
#
# The last two need ssl.certificate.refresh.interval.ms, which the original has not. All of them without a name. SECURE_PORT as in
# run.sh. Logs are in .cache/secure/log-reauth-LIB.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
HERE=$ROOT/capi-tests/secure
. "$HERE/properties.sh"
KAFKA=$ROOT/capi-tests/kafka/kafka.sh
export KAFKA_PORT=${SECURE_PORT:-19800}

lib=ours seconds=60 parts=()
while [ $# -gt 0 ]; do
    case $1 in
        --lib) lib=$2; shift 2 ;;
        --seconds) seconds=$2; shift 2 ;;
        reauth|certificate|ca) parts+=("$1"); shift ;;
        *) sed -n '2,17s/^# \{0,1\}//p' "$0"; exit 2 ;;
    esac
done
if [ ${#parts[@]} = 0 ]; then parts=(reauth); [ "$lib" = upstream ] || parts+=(certificate ca); fi

logs=$CACHE/secure/log-reauth-$lib work=$CACHE/secure/work-reauth
rm -rf "$logs" "$work"; mkdir -p "$logs" "$work"
failed=0 rows=() background=()
cleanup() {
    local pid
    for pid in ${background[@]+"${background[@]}"}; do kill "$pid" 2>/dev/null; done
    bash "$KAFKA" down
}
trap cleanup EXIT

row() { # NAME ok|FAILED TEXT
    rows+=("$(printf '%-6s %-32s %s' "$2" "$1" "${3:0:300}")")
    echo "${rows[-1]}"
    [ "$2" = ok ] || failed=1
}
check() { local name=$1 text=$2; shift 2; if "$@"; then row "$name" ok "$text"; else row "$name" FAILED "$text"; fi; }

# steady NAME SECONDS RATE name=value...: in the background; what it prints is in $logs/NAME, what it logs in $logs/NAME.log
steady() {
    local name=$1 runtime=$runtime; shift
    [ "$lib" = upstream ] && [[ $name = *GSSAPI ]] && runtime=
    KRB5CCNAME=FILE:$work/tickets-$name LD_LIBRARY_PATH=$runtime timeout $((seconds + 200)) "$CACHE/secure/steady" "$1" "$2" "reauth-$name-$$" "${@:3}" debug=security,broker \
        >"$logs/$name" 2>"$logs/$name.log" &
    steady_pid=$! && background+=($!)
}
summary() { tail -n 1 "$logs/$1"; }
field() { summary "$1" | sed -n "s/.*\b$2 \(-\?[0-9]*\).*/\1/p"; }

part_reauth() {
    local mechanism pids=() names=() properties i
    bash "$KAFKA" up --secure --reauth 10000 || exit 1
    secure_load; export KRB5_CONFIG
    for mechanism in PLAIN SCRAM-SHA-256 SCRAM-SHA-512 OIDC GSSAPI; do
        mapfile -t properties < <(secure_properties SASL_SSL "$mechanism")
        steady "reauth-$mechanism" "$seconds" 500 "${properties[@]}"
        names+=("reauth-$mechanism") pids+=($steady_pid)
    done
    for i in "${!names[@]}"; do
        wait "${pids[i]}"; check "${names[i]}" "$(summary "${names[i]}")" [ $? = 0 ]
        # Debian's librdkafka, which stands in for GSSAPI, is older than KIP-368.
        [ "$lib/${names[i]}" = upstream/reauth-GSSAPI ] && continue
        # The broker ends a connection on which it hears anything but a new login in time: none is to be lost.
        check "${names[i]}/connections" "$(field "${names[i]}" disconnects) lost in $seconds s of sessions of 10 s" [ "$(field "${names[i]}" disconnects)" = 0 ]
    done
}

# The file is replaced as a tool that renews certificates does it: by renaming.
replace() { cp "$1" "$2.new" && mv "$2.new" "$2"; }
serial_of() { openssl x509 -in "$1" -noout -serial | cut -d = -f 2; }
last_serial() { grep -a '^SERIAL' "$logs/observer" | tail -n 1 | cut -d ' ' -f 2; }
until_true() { local deadline=$((SECONDS + $1)); shift; until "$@"; do [ $SECONDS -lt $deadline ] || return 1; sleep 0.2; done; }
serial_is() { [ "$(last_serial)" = "$(serial_of "$1")" ]; }

part_certificate() {
    local D w=$work/certificate properties load before port
    bash "$KAFKA" up --secure || exit 1
    secure_load
    D=$SECURE_DIR port=$((SECURE_BASE + 20))
    mkdir -p "$w"; cp "$D/client.crt" "$D/client.key" "$w/"
    mapfile -t properties < <(secure_properties SSL | grep -v '^ssl.\(certificate\|key\)\.')
    properties+=("ssl.certificate.location=$w/client.crt" "ssl.key.location=$w/client.key" ssl.certificate.refresh.interval.ms=500 reconnect.backoff.max.ms=1000)
    python3 "$HERE/observer.py" $port "$D/broker.pem" "$D/ca.crt" >"$logs/observer" 2>&1 & background+=($!)
    until_true 10 grep -q ready "$logs/observer"
    LD_LIBRARY_PATH=$runtime timeout 200 "$CACHE/secure/probe" 60 "${properties[@]}" "bootstrap.servers=localhost:$port" debug=security \
        >"$logs/observed" 2>"$logs/observed.log" & background+=($!)
    steady certificate 30 1000 "${properties[@]}"; load=$steady_pid
    check certificate/first "the observer sees the certificate" until_true 20 serial_is "$D/client.crt"

    # Not a certificate: what was there before stays in use, and a warning says which file.
    echo "not a certificate" >"$w/broken"; replace "$w/broken" "$w/client.crt"; sleep 3
    before=$(grep -c '^SERIAL' "$logs/observer")
    check certificate/broken-file "connections go on" until_true 10 eval '[ $(grep -c "^SERIAL" "$logs/observer") -gt '"$before"' ]'
    check certificate/broken-file-serial "with what was there before" serial_is "$D/client.crt"
    check certificate/broken-file-warning "$(grep -aF "$w/client.crt" "$logs/observed.log" | grep '^%[2345]' | head -n 1)" \
        eval 'grep -aF "$w/client.crt" "$logs/observed.log" | grep -q "^%[2345]"'

    replace "$D/client-next.key" "$w/client.key"; replace "$D/client-next.crt" "$w/client.crt"
    check certificate/replaced "connections use the new certificate" until_true 15 serial_is "$D/client-next.crt"
    bash "$KAFKA" stop 1; bash "$KAFKA" start 1
    wait "$load"; check certificate/load "$(summary certificate)" [ $? = 0 ]
}

part_ca() {
    local D w=$work/ca properties load config
    bash "$KAFKA" up --secure || exit 1
    secure_load
    D=$SECURE_DIR config=$CACHE/kafka/run-$KAFKA_PORT/node-1/server.properties
    mkdir -p "$w"; cp "$D/ca.crt" "$w/ca.crt"
    mapfile -t properties < <(secure_properties SSL_ANY | grep -v '^ssl.ca')
    properties+=("ssl.ca.location=$w/ca.crt" ssl.certificate.refresh.interval.ms=500 reconnect.backoff.max.ms=1000)
    steady ca 40 1000 "${properties[@]}"; load=$steady_pid
    sleep 5
    bash "$KAFKA" stop 1
    sed -i "s|^ssl.keystore.location=.*|ssl.keystore.location=$D/broker-ca2.pem|" "$config"
    bash "$KAFKA" start 1
    until_true 20 grep -qaE '^EVENT.* _SSL .*ssl\.ca\.location' "$logs/ca"
    check ca/error "$(grep -a '^EVENT.* _SSL ' "$logs/ca" | head -n 1)" grep -qaE '^EVENT.* _SSL .*ssl\.ca\.location' "$logs/ca"
    replace "$D/ca2.crt" "$w/ca.crt"
    wait "$load"; check ca/recovered "$(summary ca)" [ $? = 0 ]
    sed -i "s|^ssl.keystore.location=.*|ssl.keystore.location=$D/broker.pem|" "$config"
}

bash "$ROOT/capi-tests/setup/c.sh" || exit 1
runtime=$(bash "$ROOT/capi-tests/setup/library.sh" "$lib") || exit 1
for program in probe steady; do
    gcc -Wall -O1 -pthread -I "$ROOT/include" -o "$CACHE/secure/$program" "$HERE/$program.c" -L "$(bash "$ROOT/capi-tests/setup/stub.sh")" -lrdkafka || die "$program.c"
done
for part in "${parts[@]}"; do "part_$part"; done
echo
printf '%s\n' "${rows[@]}"
exit $failed
