#!/bin/bash
# Those tests of librdkafka's suite that want TLS or a login, on a secured Kafka (kafka.sh up --secure).
#
#   LIB=ours|upstream JOBS=2 SECURE_PORT=19800 secure.sh [--gate] [--record] [WHERE...]
#
# WHERE is LISTENER or LISTENER/MECHANISM (../secure/properties.sh), each with the tests that ask for it; without one, all of PLACES
# at the same time. Rows of expected.txt and upstream.tsv are NAME@WHERE. A cluster that is already up on the port is used, and stays.
# --record and --gate are run.sh's.
#
# TESTS are others of the suite's: TESTS="0001 0012" secure.sh SASL_SSL/PLAIN. SUBTESTS is a part of their subtests' names, FULL=1 is
# without quick mode. With RUNNER (the folder of its test-runner) the suite is another version's, built elsewhere: nothing is expected
# of that one. REAUTH starts a cluster that wants a new login after so many milliseconds, as test 0142 does: 10000.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
. "$ROOT/capi-tests/secure/properties.sh"
KAFKA=$ROOT/capi-tests/kafka/kafka.sh
export KAFKA_PORT=${SECURE_PORT:-19800}
declare -A TESTS_OF=([SSL]=0097 [SASL_SSL/PLAIN]=0135 [SASL_PLAINTEXT/SCRAM-SHA-512]=0135 [SASL_SSL/OIDC]=0126)
PLACES=(SSL SASL_SSL/PLAIN SASL_PLAINTEXT/SCRAM-SHA-512 SASL_SSL/OIDC)

lib_name=${LIB:-ours} places=() options=() record=
while [ $# -gt 0 ]; do
    case $1 in
        --record) record=yes options+=("$1"); shift ;;
        --gate) options+=("$1"); shift ;;
        --*) sed -n '2,13s/^# \{0,1\}//p' "$0"; exit 2 ;;
        *) places+=("$1"); shift ;;
    esac
done
[ ${#places[@]} -gt 0 ] || places=("${PLACES[@]}")

# The forms of one certificate and its key, by the names under which the tests look for them.
certificates() { # NAME: for $where
    local dir=$SECURE_DIR name=$1 made=$work/certificates-${where//[:\/]/-}
    mkdir -p "$made"
    openssl x509 -in "$dir/$name.crt" -outform der -out "$made/pub.der" && openssl x509 -in "$dir/ca.crt" -outform der -out "$made/ca.der" &&
        openssl pkey -in "$dir/$name.key" -outform der -out "$made/priv.der" &&
        openssl pkcs8 -topk8 -in "$dir/$name.key" -passout "pass:$KEY_PASSPHRASE" -out "$made/priv.pem" &&
        cat "$dir/ca.crt" "$dir/ca2.crt" >"$made/all_cas.pem" && sed '1,/END CERTIFICATE/d' "$dir/$name.crt" | cat - "$dir/ca.crt" >"$made/chain.pem" &&
        openssl pkcs12 -export -inkey "$dir/$name.key" -in "$dir/$name.crt" -certfile "$made/chain.pem" -passout "pass:$KEY_PASSPHRASE" \
            -out "$made/all.p12" || die "the certificates' other forms"
    env=(SSL_pkcs="$made/all.p12" SSL_pub_der="$made/pub.der" SSL_pub_pem="$dir/$name.crt" SSL_priv_der="$made/priv.der"
        SSL_priv_pem="$made/priv.pem" SSL_ca_der="$made/ca.der" SSL_ca_pem="$dir/ca.crt" SSL_all_cas_pem="$made/all_cas.pem"
        SSL_password="$KEY_PASSPHRASE")
    conf+=("ssl.certificate.location=$dir/$name.crt" "ssl.key.location=$made/priv.pem" "ssl.key.password=$KEY_PASSPHRASE")
}

# run WHERE: WHERE may end in :int for a client's certificate below an intermediate CA.
run() {
    local where=$1 listener=${1%%[/:]*} mechanism= env=() conf args=() pair
    case $where in */*) mechanism=${where#*/} ;; esac
    mapfile -t conf < <(secure_properties "$listener" $mechanism)
    case $where in
        SSL|SSL_ANY) certificates client ;;
        SSL*:int) certificates client-int; env+=(SSL_intermediate_pub_pem="$SECURE_DIR/int.crt") ;;
        */OIDC) env=(VALID_OIDC_URL="$OIDC_URL" INVALID_OIDC_URL="$OIDC_URL/badformat" EXPIRED_TOKEN_OIDC_URL="$OIDC_URL/expire"
                OAUTHBEARER_CLIENT_PRIVATE_KEY="$SECURE_DIR/assertion-rsa.key" OAUTHBEARER_CLIENT_PRIVATE_KEY_PASSWORD="$KEY_PASSPHRASE"
                OAUTHBEARER_CLIENT_PRIVATE_KEY_ENCRYPTED="$SECURE_DIR/assertion-rsa-encrypted.key") ;;
    esac
    [ "$listener" = SSL ] || env+=(SSL_client_auth=requested)
    for pair in "${conf[@]}"; do args+=(--conf "$pair"); done
    for pair in ${env[@]+"${env[@]}"}; do args+=(--env "$pair"); done
    python3 "$ROOT/capi-tests/conformance/run.py" --runner "$runner" --lib "$lib" --name "$name" --cache "$work" --where "$where" \
        --bootstrap "$bootstrap" --broker-version "$version" --tests "${TESTS:-${TESTS_OF[$where]:-}}" --jobs "${JOBS:-2}" --topics tool \
        ${FULL:+--full} "${args[@]}" ${options[@]+"${options[@]}"}
}

if [ -n "${RUNNER:-}" ]; then
    runner=$RUNNER name=${NAME:-$lib_name-other} work=$CACHE/conformance/other; options=()
else
    runner=$(bash "$ROOT/capi-tests/conformance/build.sh")/tests || exit 1
    name=$lib_name work=$CACHE/conformance/secure
fi
lib=$(bash "$ROOT/capi-tests/setup/library.sh" "$lib_name") || exit 1
if ! bash "$KAFKA" status >/dev/null 2>&1; then
    trap 'bash "$KAFKA" down' EXIT
    bash "$KAFKA" up --secure ${REAUTH:+--reauth "$REAUTH"} || exit 1
fi
secure_load
export KRB5_CONFIG
umask 077; mkdir -p "$work"
bootstrap=$(bash "$KAFKA" bootstrap) version=$(bash "$KAFKA" version) failed=0 pids=()
for where in "${places[@]}"; do
    if [ -n "$record" ]; then run "$where" || failed=1; else run "$where" & pids+=($!); fi
done
for pid in ${pids[@]+"${pids[@]}"}; do wait "$pid" || failed=1; done
exit $failed
