# Sourced by run.sh: variant NAME LISTENER/MECHANISM [name=value | -name]...: -name takes away what properties.sh has
D=$SECURE_DIR
pass=$KEY_PASSPHRASE

# The client's key and certificate in every form.
variant key-pkcs8-encrypted SSL/- ssl.key.location="$D/client-pkcs8.key" ssl.key.password="$pass"
variant key-traditional-encrypted SSL/- ssl.key.location="$D/client-traditional.key" ssl.key.password="$pass"
variant key-ec SSL/- ssl.certificate.location="$D/client-ec.crt" ssl.key.location="$D/client-ec.key"
variant key-ec-encrypted SSL/- ssl.certificate.location="$D/client-ec.crt" ssl.key.location="$D/client-ec-traditional.key" ssl.key.password="$pass"
variant key-pem SSL/- -ssl.certificate.location -ssl.key.location ssl.certificate.pem="$(cat "$D/client.crt")" ssl.key.pem="$(cat "$D/client.key")"
variant key-pem-encrypted SSL/- -ssl.certificate.location -ssl.key.location ssl.certificate.pem="$(cat "$D/client.crt")" ssl.key.pem="$(cat "$D/client-pkcs8.key")" ssl.key.password="$pass"
variant intermediate-client SSL/- ssl.certificate.location="$D/client-int.crt" ssl.key.location="$D/client-int.key"
for store in client client-3des client-rc2; do
    variant "pkcs12-$store" SSL/- -ssl.certificate.location -ssl.key.location ssl.keystore.location="$D/$store.p12" ssl.keystore.password="$pass"
done
variant pkcs12-legacy-provider SSL/- -ssl.certificate.location -ssl.key.location ssl.keystore.location="$D/client-rc2.p12" ssl.keystore.password="$pass" ssl.providers=default,legacy

# What the broker is trusted by.
variant ca-pem SSL_ANY/- -ssl.ca.location ssl.ca.pem="$(cat "$D/ca.crt")"
variant ca-pem-two SSL_ANY/- -ssl.ca.location ssl.ca.pem="$(cat "$D/ca2.crt" "$D/ca.crt")"
variant ca-folder SSL_ANY/- ssl.ca.location="$D/hashed"
variant intermediate-broker INTERMEDIATE/-
variant crl SSL_ANY/- ssl.crl.location="$D/crls.pem"
variant second-ca SECOND_CA/- ssl.ca.location="$D/ca2.crt"
variant no-verification SECOND_CA/- enable.ssl.certificate.verification=false
variant no-identification OTHER/- ssl.endpoint.identification.algorithm=none
variant tls-ciphers SSL_ANY/- ssl.cipher.suites=ECDHE-RSA-AES256-GCM-SHA384
variant tls-curve SSL_ANY/- ssl.curves.list=P-384
variant tls-sigalgs SSL_ANY/- ssl.sigalgs.list=RSA-PSS+SHA256

# Tokens by other ways.
variant oidc-https SASL_SSL/OIDC sasl.oauthbearer.token.endpoint.url="$OIDC_TLS_URL" https.ca.location="$D/ca.crt"
variant oidc-https-pem SASL_SSL/OIDC sasl.oauthbearer.token.endpoint.url="$OIDC_TLS_URL" https.ca.pem="$(cat "$D/ca.crt")"
variant oidc-retried SASL_SSL/OIDC sasl.oauthbearer.token.endpoint.url="$OIDC_URL/failing/1/$RANDOM$RANDOM"
variant oidc-slow SASL_SSL/OIDC sasl.oauthbearer.token.endpoint.url="$OIDC_URL/slow/2"
variant oidc-short-life SASL_SSL/OIDC sasl.oauthbearer.token.endpoint.url="$OIDC_URL/life/5"
variant assertion-key-pem SASL_SSL/OIDC-JWT -sasl.oauthbearer.assertion.private.key.file sasl.oauthbearer.assertion.private.key.pem="$(cat "$D/assertion-rsa.key")"
variant assertion-key-encrypted SASL_SSL/OIDC-JWT sasl.oauthbearer.assertion.private.key.file="$D/assertion-rsa-encrypted.key" \
    sasl.oauthbearer.assertion.private.key.passphrase="$pass"
variant azure-imds SASL_SSL/UNSECURED enable.sasl.oauthbearer.unsecure.jwt=false sasl.oauthbearer.method=oidc \
    sasl.oauthbearer.metadata.authentication.type=azure_imds sasl.oauthbearer.token.endpoint.url="$OIDC_URL" \
    sasl.oauthbearer.config="query=api-version=2025-04-07&resource=api://default&client_id=alice"
