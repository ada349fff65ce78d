#!/bin/bash
# certs.sh DIR: makes every certificate that the tests of a secured Kafka use, by `openssl` alone. Nothing of it is ever in git.
#
# A name NAME means NAME.crt (the certificate and what leads to the CA), NAME.key (PKCS#8, not encrypted) and NAME.pem (key and
# certificates in one file, as Kafka's PEM key store wants it). Keys are on P-256, but for those that say RSA.
#
#   ca ca2                    two CAs (RSA) that know nothing of each other;  int: a CA below ca
#   broker (RSA) broker-int   localhost and 127.0.0.1, from ca and from int
#   broker-expired broker-other broker-revoked broker-ca2   expired in 2020; for elsewhere.example; revoked by ca; from ca2
#   client (RSA) client-ec client-int client-next           CN=alice; client-next is what client is replaced by
#   client-expired client-revoked client-ca2                as above
#   client-{pkcs8,traditional}.key   the key of client, encrypted in both PEM ways; client-ec-traditional.key: that of client-ec
#   client{,-3des,-rc2}.p12   client with its CA: ciphers of today, of OpenSSL 1.1, and those that need the legacy provider
#   ca.crl int.crl crls.pem   what the CAs have revoked, the last one all of it; hashed/ is a folder of CAs as OpenSSL looks it up
#   assertion-{rsa,ec}.{key,pub}, assertion-rsa-encrypted.key, assertion-other.key   keys that sign JWT assertions; the last is unknown
#   passphrase                what the encrypted keys and PKCS#12 files open with
#
# Certificates name their CA's list of revoked ones by a file: URL, which Java follows when it is told to look.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
need openssl openssl
[ -n "${1:-}" ] || { sed -n '2,20s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 2; }
mkdir -p "$1" && cd "$1" || exit 1
dir=$PWD
umask 077
exec 3>openssl.log
run() { openssl "$@" 2>&3 >&3 || { tail -5 openssl.log >&2; die "openssl $1 in $dir"; } }

rsa_key() { run genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$1.key"; }
ec_key() { run genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key"; }

# The data base of a CA, with which it can revoke.
ca_config() { # CA
    : >"$1.index"; echo 01 >"$1.crlnumber"
    cat >"$1.cnf" <<CNF
[ca]
default_ca = this
[this]
database = $1.index
crlnumber = $1.crlnumber
rand_serial = yes
new_certs_dir = $dir/issued
certificate = $1.crt
private_key = $1.key
default_md = sha256
default_days = 30
default_crl_days = 30
policy = any
unique_subject = no
[any]
commonName = supplied
organizationName = optional
CNF
}

root() { # NAME COMMON_NAME
    rsa_key "$1"
    run req -x509 -new -key "$1.key" -days 30 -subj "/O=Tests/CN=$2" -out "$1.crt" \
        -addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign,cRLSign'
    cp "$1.crt" "$1.pem"
    ca_config "$1"
}

# issue CA NAME KEY COMMON_NAME EXTENSIONS [OPTION OF openssl ca]...: KEY is rsa or ec
issue() {
    local ca=$1 name=$2 key=$3 subject=$4 extensions=$5; shift 5
    "${key}_key" "$name"
    run req -new -key "$name.key" -subj "/O=Tests/CN=$subject" -out "$name.csr"
    printf '%s\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\ncrlDistributionPoints=URI:file://%s/%s.crl\n' \
        "$extensions" "$dir" "$ca" >"$name.ext"
    run ca -batch -config "$ca.cnf" -notext -in "$name.csr" -extfile "$name.ext" -out "$name.crt" "$@"
    [ "$ca" = int ] && cat int.crt >>"$name.crt"
    cat "$name.key" "$name.crt" >"$name.pem"
    rm -f "$name.csr" "$name.ext"
}

USAGE=$'basicConstraints=CA:FALSE\nkeyUsage=digitalSignature,keyEncipherment\nextendedKeyUsage=serverAuth,clientAuth'
HERE=$USAGE$'\nsubjectAltName=DNS:localhost,IP:127.0.0.1'
PAST=(-startdate 20200101000000Z -enddate 20200201000000Z)

mkdir -p issued hashed
root ca "Tests' CA"
root ca2 "Another CA"
issue ca int ec "Tests' intermediate CA" $'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign'
ca_config int

issue ca broker rsa localhost "$HERE"
issue int broker-int ec localhost "$HERE"
issue ca broker-expired ec localhost "$HERE" "${PAST[@]}"
issue ca broker-other ec elsewhere.example "$USAGE"$'\nsubjectAltName=DNS:elsewhere.example,IP:192.0.2.1'
issue ca broker-revoked ec localhost "$HERE"
issue ca2 broker-ca2 ec localhost "$HERE"
issue ca client rsa alice "$USAGE"
issue ca client-ec ec alice "$USAGE"
issue ca client-next ec alice "$USAGE"
issue int client-int ec alice "$USAGE"
issue ca client-expired ec alice "$USAGE" "${PAST[@]}"
issue ca client-revoked ec alice "$USAGE"
issue ca2 client-ca2 ec alice "$USAGE"

for name in broker-revoked client-revoked; do run ca -batch -config ca.cnf -revoke "$name.crt" -crl_reason keyCompromise; done
for name in ca int; do run ca -batch -config "$name.cnf" -gencrl -out "$name.crl"; done
cat ca.crl int.crl >crls.pem
cp ca.crt int.crt hashed/ && run rehash hashed

openssl rand -hex 12 | sed 's/^/passphrase-/' >passphrase
run pkcs8 -topk8 -in client.key -v2 aes-256-cbc -passout file:passphrase -out client-pkcs8.key
run rsa -traditional -aes256 -in client.key -passout file:passphrase -out client-traditional.key
run ec -aes256 -in client-ec.key -passout file:passphrase -out client-ec-traditional.key
p12() { run pkcs12 -export -inkey client.key -in client.crt -certfile ca.crt -name alice -passout file:passphrase -out "$1.p12" "${@:2}"; }
p12 client
p12 client-3des -certpbe PBE-SHA1-3DES -keypbe PBE-SHA1-3DES -macalg sha1
p12 client-rc2 -legacy -certpbe PBE-SHA1-RC2-40 -keypbe PBE-SHA1-3DES -macalg sha1

rsa_key assertion-rsa; ec_key assertion-ec; rsa_key assertion-other
for name in assertion-rsa assertion-ec; do run pkey -in "$name.key" -pubout -out "$name.pub"; done
run pkcs8 -topk8 -in assertion-rsa.key -v2 aes-256-cbc -passout file:passphrase -out assertion-rsa-encrypted.key
