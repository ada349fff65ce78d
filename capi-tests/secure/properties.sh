#!/bin/bash
# properties.sh LISTENER [MECHANISM]: what a client of the secured Kafka on KAFKA_PORT (kafka.sh up --secure) sets, one name=value a line.
#
#   kcat -L $(KAFKA_PORT=19092 properties.sh SASL_SSL PLAIN | sed 's/^/-X /')
#
# LISTENER as in kafka/secure.sh. MECHANISM, for those with SASL: PLAIN SCRAM-SHA-256 SCRAM-SHA-512 GSSAPI, OIDC (client
# credentials), OIDC-JWT and OIDC-ES256 (an assertion signed with RS256, ES256); UNSECURED and UNSECURED_SSL have no other than
# an unsecured JWT. With TLS the CA is set, and for SSL the client's certificate.
#
# Sourced, it has secure_properties LISTENER [MECHANISM], and secure_load, which reads ports and secrets of the cluster into variables.
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"

declare -A SECURE_OFFSET=([PLAINTEXT]=0 [SASL_PLAINTEXT]=1 [SASL_SSL]=2 [SSL]=3 [SSL_ANY]=4 [UNSECURED]=5 [UNSECURED_SSL]=6 [EXPIRED]=7
    [OTHER]=8 [REVOKED]=9 [SECOND_CA]=11 [INTERMEDIATE]=12)

secure_load() {
    local env=$CACHE/kafka/run-${KAFKA_PORT:-19092}/secure/env
    [ -f "$env" ] || die "no secured cluster on port ${KAFKA_PORT:-19092} (kafka.sh up --secure)"
    . "$env"
}

secure_properties() { # LISTENER [MECHANISM]
    local port=${SECURE_OFFSET[$1]:-} protocol dir=$SECURE_DIR
    [ -n "$port" ] || die "no listener $1"
    case $1 in
        SASL_SSL|UNSECURED_SSL) protocol=SASL_SSL ;;
        SASL_PLAINTEXT|UNSECURED) protocol=SASL_PLAINTEXT ;;
        PLAINTEXT) protocol=PLAINTEXT ;;
        *) protocol=SSL ;;
    esac
    echo "bootstrap.servers=localhost:$((SECURE_BASE + port))"
    echo "broker.address.family=v4"
    echo "security.protocol=$protocol"
    case $protocol in *SSL) echo "ssl.ca.location=$dir/ca.crt" ;; esac
    [ "$1" != SSL ] || printf '%s\n' "ssl.certificate.location=$dir/client.crt" "ssl.key.location=$dir/client.key"
    case $1 in UNSECURED*) set -- "$1" UNSECURED ;; esac
    case $protocol in SASL*) secure_mechanism "${2:-PLAIN}" ;; esac
}

secure_mechanism() {
    local dir=$SECURE_DIR
    case $1 in
        PLAIN) printf '%s\n' sasl.mechanism=PLAIN sasl.username=alice "sasl.password=$PLAIN_PASSWORD" ;;
        SCRAM-SHA-256) printf '%s\n' sasl.mechanism=SCRAM-SHA-256 sasl.username=alice "sasl.password=$SCRAM256_PASSWORD" ;;
        SCRAM-SHA-512) printf '%s\n' sasl.mechanism=SCRAM-SHA-512 sasl.username=alice "sasl.password=$SCRAM512_PASSWORD" ;;
        GSSAPI) printf '%s\n' sasl.mechanism=GSSAPI sasl.kerberos.service.name=kafka sasl.kerberos.principal=alice \
            "sasl.kerberos.keytab=$dir/alice.keytab" ;;
        UNSECURED) printf '%s\n' sasl.mechanism=OAUTHBEARER enable.sasl.oauthbearer.unsecure.jwt=true "sasl.oauthbearer.config=principal=alice" ;;
        OIDC) printf '%s\n' sasl.mechanism=OAUTHBEARER sasl.oauthbearer.method=oidc "sasl.oauthbearer.token.endpoint.url=$OIDC_URL" \
            "sasl.oauthbearer.client.id=$OIDC_CLIENT" "sasl.oauthbearer.client.secret=$OIDC_SECRET" sasl.oauthbearer.scope=test ;;
        OIDC-JWT) secure_assertion RS256 rsa ;;
        OIDC-ES256) secure_assertion ES256 ec ;;
        *) die "no mechanism $1" ;;
    esac
}

secure_assertion() { # ALGORITHM KEY
    printf '%s\n' sasl.mechanism=OAUTHBEARER sasl.oauthbearer.method=oidc "sasl.oauthbearer.token.endpoint.url=$OIDC_URL" \
        sasl.oauthbearer.grant.type=urn:ietf:params:oauth:grant-type:jwt-bearer "sasl.oauthbearer.assertion.algorithm=$1" \
        "sasl.oauthbearer.assertion.private.key.file=$SECURE_DIR/assertion-$2.key" sasl.oauthbearer.assertion.claim.sub=alice \
        sasl.oauthbearer.assertion.claim.aud=token-server sasl.oauthbearer.scope=test
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    [ $# -gt 0 ] || { sed -n '2,11s/^# \{0,1\}//p' "$0"; exit 2; }
    secure_load && secure_properties "$@"
fi
