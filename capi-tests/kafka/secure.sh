# Sourced by kafka.sh: what `up --secure` has beside the broker itself. All of it is below $run, which `down` removes.
#
#   $run/secure   certificates (certs.sh), keytabs, jwks.json and `env`, which properties.sh reads: ports, users and passwords
#   $run/kdc      the KDC of the realm TEST, with kafka/localhost and alice
#   $run/oidc     the token server (oidc.py)
#
# Ports, from BASE on:
#   +0 PLAINTEXT   +1 SASL_PLAINTEXT   +2 SASL_SSL   +3 SSL with required client certificates   +4 SSL_ANY: without
#   +5 UNSECURED and +6 UNSECURED_SSL: SASL_PLAINTEXT and SASL_SSL that take unsecured JWTs
#   +7 EXPIRED, +8 OTHER, +9 REVOKED, +11 SECOND_CA, +12 INTERMEDIATE: SSL_ANY with the certificates that certs.sh names alike
#   +10 controller   +13 KDC   +14 token server   +15 token server over TLS
# The secured ones are advertised as localhost, whose name the certificates and the Kerberos service have.

SECURE_LISTENERS=(SASL_PLAINTEXT:1 SASL_SSL:2 SSL:3 SSL_ANY:4 UNSECURED:5 UNSECURED_SSL:6 EXPIRED:7 OTHER:8 REVOKED:9
    SECOND_CA:11 INTERMEDIATE:12)
MECHANISMS=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER,GSSAPI

secure_ports() { local l; for l in "${SECURE_LISTENERS[@]}"; do echo $((base + ${l#*:})); done; seq $((base + 13)) $((base + 15)); }
secure_listeners() { local l; for l in "${SECURE_LISTENERS[@]}"; do printf ',%s://%s:%s' "${l%:*}" "$1" $((base + ${l#*:})); done; }

protocol_of() { # LISTENER
    case $1 in
        PLAINTEXT|SASL_PLAINTEXT|SASL_SSL|SSL) echo "$1" ;;
        UNSECURED) echo SASL_PLAINTEXT ;;
        UNSECURED_SSL) echo SASL_SSL ;;
        *) echo SSL ;;
    esac
}

# secure_prepare: certificates, secrets, KDC and token server, before the broker's configuration is written.
secure_prepare() {
    local dir=$run/secure
    bash "$ROOT/capi-tests/setup/kerberos.sh" || return 1
    need python3 python3
    bash "$HERE/certs.sh" "$dir" || return 1
    (umask 077; secure_env >"$dir/env")
    . "$dir/env"
    secure_kdc && secure_oidc
}

# Each secret is of its own and long, so that a search of logs for it finds nothing else.
secret() { echo "$1-$(openssl rand -hex 12)"; }
secure_env() {
    echo "SECURE_DIR=$run/secure SECURE_BASE=$base"
    echo "PLAIN_PASSWORD=$(secret plain) SCRAM256_PASSWORD=$(secret scram256) SCRAM512_PASSWORD=$(secret scram512)"
    echo "OIDC_CLIENT=alice-client OIDC_SECRET=$(secret oidc) KEY_PASSPHRASE=$(cat "$run/secure/passphrase")"
    echo "OIDC_URL=http://127.0.0.1:$((base + 14))/retrieve OIDC_TLS_URL=https://localhost:$((base + 15))/retrieve"
    echo "KRB5_CONFIG=$run/secure/krb5.conf"
}

secure_kdc() {
    local kdc=$run/kdc dir=$run/secure log=$run/kdc/setup.log
    mkdir -p "$kdc"
    export PATH=$PATH:/usr/sbin KRB5_CONFIG=$dir/krb5.conf KRB5_KDC_PROFILE=$kdc/kdc.conf
    printf '[libdefaults]\n default_realm = TEST\n dns_lookup_kdc = false\n dns_canonicalize_hostname = false\n rdns = false\n[realms]\n TEST = {\n  kdc = 127.0.0.1:%s\n }\n' \
        $((base + 13)) >"$KRB5_CONFIG"
    cat >"$KRB5_KDC_PROFILE" <<CONF
[kdcdefaults]
 kdc_listen = 127.0.0.1:$((base + 13))
 kdc_tcp_listen = 127.0.0.1:$((base + 13))
[realms]
 TEST = {
  database_module = db
  key_stash_file = $kdc/stash
  acl_file = $kdc/acl
  max_life = 1h
 }
[dbmodules]
 db = {
  db_library = db2
  database_name = $kdc/principal
 }
[logging]
 kdc = FILE:$kdc/detail.log
CONF
    : >"$kdc/acl"
    {
        kdb5_util create -s -r TEST -P "$(openssl rand -hex 12)" &&
            kadmin.local -q "addprinc -randkey kafka/localhost" && kadmin.local -q "addprinc -randkey alice" &&
            kadmin.local -q "ktadd -k $dir/kafka.keytab kafka/localhost" && kadmin.local -q "ktadd -k $dir/alice.keytab alice"
    } >"$log" 2>&1 </dev/null
    [ -s "$dir/kafka.keytab" ] && [ -s "$dir/alice.keytab" ] || { cat "$log" >&2; die "making the Kerberos realm"; }
    krb5kdc -n -r TEST -P "$kdc/krb5kdc.pid" >"$kdc/log" 2>&1 </dev/null 9>&- &
    echo $! >"$kdc/pid"
    disown $!
    wait_port $((base + 13)) "$kdc"
}

secure_oidc() {
    local oidc=$run/oidc dir=$run/secure
    mkdir -p "$oidc"
    python3 "$HERE/oidc.py" --dir "$oidc/" --port $((base + 14)) --tls-port $((base + 15)) --cert "$dir/broker.pem" --jwks "$dir/jwks.json" \
        --client "$OIDC_CLIENT:$OIDC_SECRET" --assertion-key "$dir/assertion-rsa.pub" --assertion-key "$dir/assertion-ec.pub" \
        >"$oidc/log" 2>&1 </dev/null 9>&- &
    echo $! >"$oidc/pid"
    disown $!
    wait_port $((base + 14)) "$oidc" && wait_port $((base + 15)) "$oidc"
}

wait_port() { # PORT DIR
    local deadline=$((SECONDS + 30))
    until (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; do
        starting "$2" && [ $SECONDS -lt $deadline ] || { tail -20 "$2/log" >&2; die "nothing listens on port $1 ($2)"; }
        sleep 0.1
    done
}

secure_jvm() {
    # Certificates of clients are looked up in their CA's list of revoked ones; tokens are checked with a key from a file.
    jvm_options=("-Djava.security.krb5.conf=$run/secure/krb5.conf" "-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=file://$run/secure/jwks.json"
        -Dcom.sun.net.ssl.checkRevocation=true -Dcom.sun.security.enableCRLDP=true)
}

secure_config() { # properties of the broker, listeners excepted
    local dir=$run/secure l map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT name cert login=org.apache.kafka.common.security
    for l in "${SECURE_LISTENERS[@]}"; do map+=,${l%:*}:$(protocol_of "${l%:*}"); done
    echo "listener.security.protocol.map=$map"
    echo "advertised.listeners=PLAINTEXT://127.0.0.1:$base$(secure_listeners localhost)"
    echo "inter.broker.listener.name=PLAINTEXT"
    echo "super.users=User:ANONYMOUS"
    echo "ssl.keystore.type=PEM"
    echo "ssl.keystore.location=$dir/broker.pem"
    echo "ssl.truststore.type=PEM"
    echo "ssl.truststore.location=$dir/ca.pem"
    echo "ssl.client.auth=requested"
    echo "listener.name.ssl.ssl.client.auth=required"
    for cert in expired:expired other:other revoked:revoked second_ca:ca2 intermediate:int; do
        echo "listener.name.${cert%:*}.ssl.keystore.location=$dir/broker-${cert#*:}.pem"
        echo "listener.name.${cert%:*}.ssl.keystore.type=PEM"
    done
    echo "sasl.enabled.mechanisms=$MECHANISMS"
    echo "sasl.kerberos.service.name=kafka"
    [ "$reauth" = 0 ] || echo "connections.max.reauth.ms=$reauth"
    for name in sasl_plaintext sasl_ssl; do
        l=listener.name.$name
        echo "$l.plain.sasl.jaas.config=$login.plain.PlainLoginModule required user_alice=\"$PLAIN_PASSWORD\";"
        echo "$l.scram-sha-256.sasl.jaas.config=$login.scram.ScramLoginModule required;"
        echo "$l.scram-sha-512.sasl.jaas.config=$login.scram.ScramLoginModule required;"
        echo "$l.gssapi.sasl.jaas.config=com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true storeKey=true doNotPrompt=true keyTab=\"$dir/kafka.keytab\" principal=\"kafka/localhost@TEST\";"
        echo "$l.oauthbearer.sasl.jaas.config=$login.oauthbearer.OAuthBearerLoginModule required;"
        echo "$l.oauthbearer.sasl.server.callback.handler.class=$login.oauthbearer.OAuthBearerValidatorCallbackHandler"
        echo "$l.oauthbearer.sasl.oauthbearer.jwks.endpoint.url=file://$dir/jwks.json"
        echo "$l.oauthbearer.sasl.oauthbearer.expected.audience=api://default"
        echo "$l.oauthbearer.sasl.oauthbearer.scope.claim.name=scp"
    done
    for name in unsecured unsecured_ssl; do
        l=listener.name.$name
        echo "$l.sasl.enabled.mechanisms=OAUTHBEARER"
        echo "$l.oauthbearer.sasl.jaas.config=$login.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub=\"kafka\";"
    done
}

secure_users() { # arguments of StorageTool
    echo --add-scram; echo "SCRAM-SHA-256=[name=alice,password=$SCRAM256_PASSWORD]"
    echo --add-scram; echo "SCRAM-SHA-512=[name=alice,password=$SCRAM512_PASSWORD]"
}
