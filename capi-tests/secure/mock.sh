#!/bin/bash
# kafka-mock secured in each way it has, with kcat on librdkafka as the client that knows how (--lib upstream, the default) or on this library
# (--lib ours): what is right gets through, what is wrong gets its error.
# PROFILE=debug takes the debug build of kafka-mock.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
lib=upstream
[ "${1:-}" = --lib ] && lib=$2
. "$ROOT/capi-tests/setup/kcat.sh"
. "$ROOT/capi-tests/setup/mock.sh"
dir=$(bash "$ROOT/capi-tests/setup/library.sh" "$lib") || exit 1
work=$(mktemp -d)
trap 'mock_stop; rm -rf "$work"' EXIT
failed=0

# certificate NAME CA SUBJECT: NAME.pem and NAME.key, issued by CA.
certificate() {
    openssl req -new -newkey rsa:2048 -nodes -subj "$3" -keyout "$work/$1.key" -out "$work/$1.csr" 2>/dev/null &&
        printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' >"$work/$1.ext" &&
        openssl x509 -req -in "$work/$1.csr" -CA "$work/$2.pem" -CAkey "$work/$2.key" -CAcreateserial -days 2 -extfile "$work/$1.ext" \
            -out "$work/$1.pem" 2>/dev/null || die "openssl cannot make the certificate $1"
}
for ca in ca other; do
    openssl req -x509 -newkey rsa:2048 -nodes -subj "/CN=$ca" -days 2 -keyout "$work/$ca.key" -out "$work/$ca.pem" 2>/dev/null || die "openssl cannot make a CA"
done
certificate broker ca /CN=localhost
certificate alice ca "/C=DE/O=Some, Where/CN=alice"
certificate stranger other /CN=stranger

kcat=(env LD_LIBRARY_PATH="$dir" timeout 20 kcat -X socket.timeout.ms=5000)
client() { "${kcat[@]}" -b "$MOCK_BOOTSTRAP" "$@" 2>>"$work/said"; }

# ok NAME CONDITION...: whether the condition holds; if not, with what the clients have said.
ok() {
    local name=$1; shift
    if "$@"; then say "ok    $name"; else say "FAIL  $name: $(tail -5 "$work/said")"; failed=1; fi
    : >"$work/said"
}
is_ten() { [ "$(sort -n <<<"$1")" = "$(seq 10)" ]; }

# through NAME PROPERTY...: ten messages go in and come out again.
through() {
    local name=$1 out; shift
    local properties=() p
    for p in "$@"; do properties+=(-X "$p"); done
    out=$(seq 10 | client "${properties[@]}" -P -t "$topic" -X message.timeout.ms=10000 && client "${properties[@]}" -C -t "$topic" -o beginning -e -q)
    ok "$name" is_ten "$out"
    topic=${topic}x
}

# refused NAME TEXT PROPERTY...: the client is told TEXT, and ended then.
refused() {
    local name=$1 text=$2 pid; shift 2
    local properties=() p
    for p in "$@"; do properties+=(-X "$p"); done
    env LD_LIBRARY_PATH="$dir" kcat -b "$MOCK_BOOTSTRAP" "${properties[@]}" -L -m 5 >/dev/null 2>>"$work/said" &
    pid=$!
    until grep -qE -- "$text" "$work/said" || ! kill -0 $pid 2>/dev/null; do sleep 0.05; done
    # Any other signal waits for the metadata.
    kill -KILL $pid 2>/dev/null; wait $pid 2>/dev/null
    ok "$name" grep -qE -- "$text" "$work/said"
}

topic=t
tls="security.protocol=ssl" ca="ssl.ca.location=$work/ca.pem"
mock_start --tls "$work/broker.pem" "$work/broker.key"
through "TLS" $tls "$ca"
refused "TLS by a CA that the client does not know" "verif" $tls "ssl.ca.location=$work/other.pem"
refused "plain text where TLS is spoken" "[Dd]isconnected|SSL" security.protocol=plaintext
mock_stop || failed=1

mock_start --tls "$work/broker.pem" "$work/broker.key" --client-ca "$work/ca.pem" --deny-without-acl --super-user "User:CN=alice,O=Some\\, Where,C=DE"
alice=("ssl.certificate.location=$work/alice.pem" "ssl.key.location=$work/alice.key")
through "a client's certificate, and who it names" $tls "$ca" "${alice[@]}"
refused "no certificate" "handshake|alert" $tls "$ca"
refused "a certificate that another CA has issued" "alert|handshake|unknown ca" $tls "$ca" \
    "ssl.certificate.location=$work/stranger.pem" "ssl.key.location=$work/stranger.key"
mock_stop || failed=1

printf '# the users\nalice:se:cret\nbob:other\n' >"$work/users"
jwt=("enable.sasl.oauthbearer.unsecure.jwt=true")
for protocol in sasl_plaintext sasl_ssl; do
    arguments=(--sasl-users "$work/users" --sasl-mechanisms PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER)
    security=(security.protocol=$protocol)
    [ $protocol = sasl_ssl ] && { arguments+=(--tls "$work/broker.pem" "$work/broker.key"); security+=("$ca"); }
    mock_start "${arguments[@]}"
    for mechanism in PLAIN SCRAM-SHA-256 SCRAM-SHA-512; do
        login=("${security[@]}" sasl.mechanisms=$mechanism sasl.username=alice)
        through "$protocol, $mechanism" "${login[@]}" sasl.password=se:cret
        refused "$protocol, $mechanism with a wrong password" "[Aa]uthentication fail" "${login[@]}" sasl.password=wrong
    done
    login=("${security[@]}" sasl.mechanisms=OAUTHBEARER "${jwt[@]}")
    through "$protocol, OAUTHBEARER" "${login[@]}" "sasl.oauthbearer.config=principal=alice"
    refused "$protocol, OAUTHBEARER for nobody" "invalid_token" "${login[@]}" \
        "sasl.oauthbearer.config=principalClaimName=other principal=alice"
    mock_stop || failed=1
done

mock_start --sasl-user alice:secret --sasl-mechanisms PLAIN
login=(security.protocol=sasl_plaintext sasl.username=alice sasl.password=secret)
refused "a mechanism that is not enabled" "nsupported|not supported|does not accept" "${login[@]}" sasl.mechanisms=SCRAM-SHA-256
refused "no login where one is needed" "[Dd]isconnected" security.protocol=plaintext
mock_stop || failed=1

mock_start --sasl-users "$work/users" --reauth-ms 2000
login=(-X security.protocol=sasl_plaintext -X sasl.mechanisms=SCRAM-SHA-256 -X sasl.username=alice -X sasl.password=se:cret)
out=$( (seq 5; sleep 5; seq 6 10) | client "${login[@]}" -P -l -X linger.ms=0 -X message.timeout.ms=5000 -t again /dev/stdin
    client "${login[@]}" -C -t again -o beginning -e -q)
ok "a login that is renewed" is_ten "$out"
mock_stop || failed=1

mock_start --sasl-users "$work/users" --super-user bob --deny-without-acl --topic orders
login=(-X security.protocol=sasl_plaintext -X sasl.mechanisms=PLAIN)
alice=("${login[@]}" -X sasl.username=alice -X sasl.password=se:cret) bob=("${login[@]}" -X sasl.username=bob -X sasl.password=other)
echo 1 | client "${alice[@]}" -P -t orders -X message.timeout.ms=5000
ok "who may not write is told" grep -q "authorization failed" "$work/said"
out=$(seq 10 | client "${bob[@]}" -P -p 0 -t orders && client "${bob[@]}" -C -t orders -o beginning -e -q)
ok "a super user writes and reads" is_ten "$out"
mock_stop || failed=1
exit $failed
