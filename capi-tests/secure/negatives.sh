# Sourced by run.sh: negative NAME LISTENER/MECHANISM CODE PATTERN [name=value | -name]...: -name takes away what properties.sh has
# CODE is that of the error event (names with | between them), or CREATE where no client is to be made; PATTERN (grep -Ei) names
# what is at fault.
D=$SECURE_DIR wrong=wrong-password-$RANDOM url=sasl.oauthbearer.token.endpoint.url

# Logins that the broker refuses.
negative plain-password SASL_PLAINTEXT/PLAIN _AUTHENTICATION 'invalid username or password' sasl.password=$wrong
negative plain-user SASL_SSL/PLAIN _AUTHENTICATION 'invalid username or password' sasl.username=bob
negative scram256-password SASL_PLAINTEXT/SCRAM-SHA-256 _AUTHENTICATION 'invalid credentials.*SCRAM-SHA-256' sasl.password=$wrong
negative scram512-password SASL_SSL/SCRAM-SHA-512 _AUTHENTICATION 'invalid credentials.*SCRAM-SHA-512' sasl.password=$wrong
negative scram512-user SASL_PLAINTEXT/SCRAM-SHA-512 _AUTHENTICATION 'invalid credentials' sasl.username=bob
negative mechanism UNSECURED/- _AUTHENTICATION 'OAUTHBEARER' sasl.mechanism=PLAIN sasl.username=alice sasl.password=$wrong
negative token-audience SASL_SSL/OIDC _AUTHENTICATION 'invalid_token' $url="$OIDC_URL/audience"
negative token-unknown-key SASL_PLAINTEXT/OIDC _AUTHENTICATION 'invalid_token' $url="$OIDC_URL/unknown-key"
negative token-unsecured SASL_SSL/UNSECURED _AUTHENTICATION 'invalid_token'

# Tokens that there are none of.
negative token-expired SASL_SSL/OIDC _AUTHENTICATION 'expire' $url="$OIDC_URL/expire"
negative token-client-secret SASL_SSL/OIDC _AUTHENTICATION 'invalid_client|401' sasl.oauthbearer.client.secret=$wrong
negative token-scope SASL_SSL/OIDC _AUTHENTICATION 'invalid_scope|400' sasl.oauthbearer.scope=another
negative token-no-jwt SASL_SSL/OIDC _AUTHENTICATION 'JWT' $url="$OIDC_URL/badformat"
negative token-missing SASL_SSL/OIDC _AUTHENTICATION 'access_token' $url="$OIDC_URL/empty"
negative token-no-json SASL_SSL/OIDC _AUTHENTICATION 'JSON' $url="$OIDC_URL/notjson"
negative token-hangup SASL_SSL/OIDC _AUTHENTICATION 'reply|closed|response|answer' $url="$OIDC_URL/hangup"
negative token-refused SASL_SSL/OIDC _AUTHENTICATION 'connect' $url="http://127.0.0.1:$((SECURE_BASE + 89))/retrieve"
negative token-https-ca SASL_SSL/OIDC _AUTHENTICATION 'certificate|trust anchors' $url="$OIDC_TLS_URL"
negative assertion-key SASL_SSL/OIDC-JWT _AUTHENTICATION 'invalid_grant|400' sasl.oauthbearer.assertion.private.key.file="$D/assertion-other.key"

# Kerberos.
negative gssapi-keytab SASL_SSL/GSSAPI _AUTHENTICATION 'keytab|kinit' sasl.kerberos.keytab=/nonexistent/keytab
negative gssapi-principal SASL_PLAINTEXT/GSSAPI _AUTHENTICATION 'keytab|principal|kinit' sasl.kerberos.principal=bob
negative gssapi-service SASL_PLAINTEXT/GSSAPI _AUTHENTICATION 'server.*not found|nosuch' sasl.kerberos.service.name=nosuch

# Certificates of the broker.
negative ca-missing SSL_ANY/- _SSL 'ssl\.ca\.location' ssl.ca.location=/etc/ssl/certs
negative ca-another SSL_ANY/- _SSL 'ssl\.ca\.location' ssl.ca.location="$D/ca2.crt"
negative broker-expired EXPIRED/- _SSL 'expired'
negative broker-name OTHER/- _SSL 'elsewhere\.example|hostname mismatch'
negative broker-revoked REVOKED/- _SSL 'revoked' ssl.crl.location="$D/crls.pem"

# Certificates of the client.
negative client-none SSL/- '_SSL|_TRANSPORT' 'alert number 42' -ssl.certificate.location -ssl.key.location
negative client-expired SSL/- '_SSL|_TRANSPORT' 'alert number 4[56]' ssl.certificate.location="$D/client-expired.crt" ssl.key.location="$D/client-expired.key"
negative client-revoked SSL/- '_SSL|_TRANSPORT' 'alert number 4[46]' ssl.certificate.location="$D/client-revoked.crt" ssl.key.location="$D/client-revoked.key"
negative client-another-ca SSL/- '_SSL|_TRANSPORT' 'alert number 4[28]' ssl.certificate.location="$D/client-ca2.crt" ssl.key.location="$D/client-ca2.key"

# One protocol spoken to another's port. To a frame that is none belongs _BAD_MSG: there it is an alert of TLS.
negative tls-to-plaintext PLAINTEXT/- '_SSL|_TRANSPORT' 'PLAINTEXT|plain text' security.protocol=SSL
negative tls-to-sasl-plaintext SASL_PLAINTEXT/PLAIN '_SSL|_TRANSPORT' 'PLAINTEXT|plain text' security.protocol=SSL
negative plaintext-to-tls SSL_ANY/- '_SSL|_TRANSPORT|_BAD_MSG' 'SSL|TLS' security.protocol=PLAINTEXT
negative sasl-plaintext-to-tls SASL_SSL/PLAIN '_SSL|_TRANSPORT|_BAD_MSG' 'SSL|TLS' security.protocol=SASL_PLAINTEXT
negative plaintext-to-sasl SASL_PLAINTEXT/PLAIN '_TRANSPORT|_AUTHENTICATION' 'SASL' security.protocol=PLAINTEXT
negative sasl-to-plaintext PLAINTEXT/- _AUTHENTICATION 'SASL' security.protocol=SASL_PLAINTEXT sasl.mechanism=PLAIN sasl.username=alice sasl.password=$wrong

# What is seen when a client is made.
negative key-of-another SSL/- CREATE 'key' ssl.key.location="$D/client-ec.key"
negative key-password SSL/- CREATE 'ssl\.key' ssl.key.location="$D/client-pkcs8.key" ssl.key.password=$wrong
negative key-missing SSL/- CREATE 'ssl\.key' ssl.key.location=/nonexistent/key
negative certificate-missing SSL/- CREATE 'ssl\.certificate\.location' ssl.certificate.location=/nonexistent/certificate
negative keystore-password SSL_ANY/- CREATE 'ssl\.keystore' ssl.keystore.location="$D/client.p12" ssl.keystore.password=$wrong
negative keystore-missing SSL_ANY/- CREATE 'ssl\.keystore' ssl.keystore.location=/nonexistent/store ssl.keystore.password=$wrong
negative ca-file-missing SSL_ANY/- CREATE 'ssl\.ca\.location' ssl.ca.location=/nonexistent/ca
negative crl-missing SSL_ANY/- CREATE 'ssl\.crl\.location' ssl.crl.location=/nonexistent/crl
negative cipher-unknown SSL_ANY/- CREATE 'cipher' ssl.cipher.suites=NO-SUCH-CIPHER
negative mechanism-unknown SASL_PLAINTEXT/PLAIN CREATE 'mechanism' sasl.mechanism=NO-SUCH
