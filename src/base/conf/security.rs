//! TLS, SASL, OAUTHBEARER, plugins and what only tests use.
//!
//! Rows of the table: `table.rs` says what a row consists of. The order is that
//! of the listing.

macro_rules! security_rows {
    ($next:ident $($rest:ident)*; $($before:tt)*) => {
        $next! { $($rest)*; $($before)*
            "security.protocol" [security_protocol: SecurityProtocol] word(SecurityProtocol::WORDS, "plaintext")
                Both High [] Security done
                "How to talk to brokers: in the clear or over TLS, with or without SASL authentication.";
            "ssl.cipher.suites" [ssl_cipher_suites: Option<String>] text(None)
                Both Low [] Security done
                "Cipher suites to offer, as in ciphers(1).";
            "ssl.curves.list" [ssl_curves_list: Option<String>] text(None)
                Both Low [] Security done
                "Curves to offer in the TLS handshake, separated by colons.";
            "ssl.sigalgs.list" [ssl_sigalgs_list: Option<String>] text(None)
                Both Low [] Security done
                "Signature algorithms to offer in the TLS handshake, separated by colons.";
            "ssl.key.location" [ssl_key_location: Option<String>] text(None)
                Both Low [Sensitive] Security done
                "Private key of the client: the name of a PEM file.";
            "ssl.key.password" [ssl_key_password: Option<String>] text(None)
                Both Low [Sensitive] Security done
                "What decrypts the client's private key, wherever that comes from.";
            "ssl.key.pem" [ssl_key_pem: Option<String>] text(None)
                Both Low [Sensitive] Security done
                "Private key of the client: the PEM text.";
            "ssl_key" [] internal()
                Both Low [Sensitive] Security done
                "The client's private key from memory; set with rd_kafka_conf_set_ssl_cert().";
            "ssl.certificate.location" [ssl_certificate_location: Option<String>] text(None)
                Both Low [] Security done
                "Certificate of the client, followed by those that lead to the authority: the name of a PEM file.";
            "ssl.certificate.pem" [ssl_certificate_pem: Option<String>] text(None)
                Both Low [] Security done
                "Certificate of the client: the PEM text.";
            "ssl_certificate" [] internal()
                Both Low [] Security done
                "The client's certificate from memory; set with rd_kafka_conf_set_ssl_cert().";
            "ssl.ca.location" [ssl_ca_location: Option<String>] text(None)
                Both Low [] Security done
                "File or directory with the certificates of authorities that may have signed the brokers' \
                 certificates. Without it the system's own are used; `probe` looks for them in the usual places.";
            "https.ca.location" [https_ca_location: Option<String>] text(None)
                Both Low [] Oauth done
                "Whom to trust at HTTPS endpoints, of which `sasl.oauthbearer.token.endpoint.url` is one: a file or a \
                 directory of certificates, `probe` for the first of the usual places, the system's own unless set. \
                 Excludes `https.ca.pem`.";
            "https.ca.pem" [https_ca_pem: Option<String>] text(None)
                Both Low [] Oauth done
                "Whom to trust at HTTPS endpoints: the certificates as PEM text. Excludes `https.ca.location`.";
            "ssl.ca.pem" [ssl_ca_pem: Option<String>] text(None)
                Both Low [Sensitive] Security done
                "Authorities' certificates for brokers themselves (PEM).";
            "ssl_ca" [] internal()
                Both Low [] Security done
                "Authorities' certificates from memory; set with rd_kafka_conf_set_ssl_cert().";
            "ssl.ca.certificate.stores" [ssl_ca_certificate_stores: Option<String>] text(Some("Root"))
                Both Low [WindowsOnly] Security done
                "On Windows, the certificate stores to read authorities from, first to last, with commas between.";
            "ssl.crl.location" [ssl_crl_location: Option<String>] text(None)
                Both Low [] Security done
                "File with certificates revoked by the authority.";
            "ssl.keystore.location" [ssl_keystore_location: Option<String>] text(None)
                Both Low [] Security done
                "File with the client's key and certificate together (PKCS#12).";
            "ssl.keystore.password" [ssl_keystore_password: Option<String>] text(None)
                Both Low [Sensitive] Security done
                "Password of the file of `ssl.keystore.location`.";
            "ssl.providers" [ssl_providers: Option<String>] text(None)
                Both Low [] Security done
                "OpenSSL 3 providers to load, separated by commas, such as `default,legacy`.";
            "ssl.engine.location" [ssl_engine_location: Option<String>] text(None)
                Both Low [Deprecated] Security done
                "Shared object of an OpenSSL engine. OpenSSL has given them up for providers.";
            "ssl.engine.id" [ssl_engine_id: Option<String>] text(Some("dynamic"))
                Both Low [] Security done
                "By which name OpenSSL knows the engine.";
            "ssl_engine_callback_data" [ssl_engine_callback_data: usize] pointer(0)
                Both Low [] Security done
                "Pointer handed to the OpenSSL engine; set with rd_kafka_conf_set_engine_callback_data().";
            "enable.ssl.certificate.verification" [enable_ssl_certificate_verification: bool] boolean(true)
                Both Low [] Security done
                "Verify the broker's certificate. The callback `ssl.certificate.verify_cb` can add checks of the \
                 application's own.";
            "ssl.endpoint.identification.algorithm" [ssl_endpoint_identification_algorithm: EndpointIdentification] word(EndpointIdentification::WORDS, "https")
                Both Low [] Security done
                "Whether the broker's certificate must name the host connected to: `https` checks as RFC 2818 says, \
                 `none` does not.";
            "ssl.certificate.verify_cb" [ssl_certificate_verify_cb: usize] pointer(0)
                Both Low [] Security done
                "Called with each certificate of a broker's chain; set with rd_kafka_conf_set_ssl_cert_verify_cb().";
            "ssl.certificate.refresh.interval.ms" [ssl_certificate_refresh_interval_ms: i32] int(0, i32::MAX, 0)
                Both Low [Extension] Security done
                "How often the files with certificates and keys are looked at (milliseconds); new connections use \
                 what has changed, and the old ones stay in use if the new cannot be. 0 reads them once.";
            "ssl.server.name" [ssl_server_name: Option<String>] text(None)
                Both Low [Extension] Security done
                "Name to send to brokers (SNI) and to find in their certificates, in the place of the host connected \
                 to: for tunnels and proxies.";
            "ssl.truststore.location" [] refused()
                Both Low [] Security done
                "A trust store is Java's: export its certificates as PEM, and name the file in `ssl.ca.location`. See \
                 https://github.com/confluentinc/librdkafka/wiki/Using-SSL-with-librdkafka";
            "sasl.jaas.config" [] refused()
                Both Low [] Security done
                "JAAS is Java's: what stands in it goes into `sasl.mechanisms`, `sasl.username`, `sasl.password` and \
                 their like. See https://github.com/confluentinc/librdkafka/wiki/Using-SASL-with-librdkafka";
            "sasl.mechanisms" [sasl_mechanisms: Option<String>] checked("GSSAPI", is_single)
                Both High [] Security done
                "How to authenticate: GSSAPI (Kerberos), PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER. One of \
                 them, despite the plural.";
            "sasl.mechanism" [] alias("sasl.mechanisms")
                Both High [] Security done
                "";
            "sasl.kerberos.service.name" [sasl_kerberos_service_name: Option<String>] text(Some("kafka"))
                Both Low [] Security done
                "Kerberos name of the Kafka service, the principal's part before /host@REALM.";
            "sasl.kerberos.principal" [sasl_kerberos_principal: Option<String>] text(Some("kafkaclient"))
                Both Low [] Security done
                "The client's own Kerberos principal. Windows takes that of the user logged on.";
            "sasl.kerberos.kinit.cmd" [sasl_kerberos_kinit_cmd: Option<String>] text(Some(KINIT_CMD))
                Both Low [] Security done
                "Command line for the shell that gets a Kerberos ticket, when the client starts and then at the pace \
                 of `sasl.kerberos.min.time.before.relogin`. A name in `%{}` is replaced by that property. Runs only \
                 if it is set: tickets are got from `sasl.kerberos.keytab` without it.";
            "sasl.kerberos.keytab" [sasl_kerberos_keytab: Option<String>] text(None)
                Both Low [] Security done
                "File with the keys of `sasl.kerberos.principal`, of which tickets are got. Without it those of the \
                 process's own credential cache are used.";
            "sasl.kerberos.min.time.before.relogin" [sasl_kerberos_min_time_before_relogin: i32] int(0, 86_400_000, 60_000)
                Both Low [] Security done
                "Milliseconds between runs of `sasl.kerberos.kinit.cmd`. 0 leaves tickets to the application: neither the \
                 command nor `sasl.kerberos.keytab` is used.";
            "sasl.username" [sasl_username: Option<String>] text(None)
                Both High [Sensitive] Security done
                "The user, with PLAIN and SCRAM.";
            "sasl.password" [sasl_password: Option<String>] text(None)
                Both High [Sensitive] Security done
                "The user's password, with PLAIN and SCRAM.";
            "sasl.oauthbearer.config" [sasl_oauthbearer_config: Option<String>] text(None)
                Both Low [Sensitive] Oauth done
                "Passed on to what makes tokens, in a form of its own. Unsecured tokens are made from pairs like \
                 `principal=me`, with spaces between: principal, scope, lifeSeconds (an hour unless given), the names \
                 of both claims in principalClaimName and scopeClaimName, and SASL extensions as extension_NAME.";
            "enable.sasl.oauthbearer.unsecure.jwt" [enable_sasl_oauthbearer_unsecure_jwt: bool] boolean(false)
                Both Low [] Oauth done
                "Make unsigned tokens with the built-in maker, unless a refresh callback is set. For development and \
                 tests only.";
            "oauthbearer_token_refresh_cb" [oauthbearer_token_refresh_cb: usize] pointer(0)
                Both Low [] Oauth done
                "Runs while the application polls, each time that an OAUTHBEARER token runs out; set with \
                 rd_kafka_conf_set_oauthbearer_token_refresh_cb(). A queue of its own is had by \
                 `rd_kafka_conf_enable_sasl_queue()`.";
            "enable_sasl_queue" [enable_sasl_queue: bool] boolean(false)
                Both Low [Hidden] Oauth done
                "Give SASL callbacks a queue of their own; set with rd_kafka_conf_enable_sasl_queue().";
            "sasl.oauthbearer.method" [sasl_oauthbearer_method: OauthMethod] word(OauthMethod::WORDS, "default")
                Both Low [] Oauth done
                "`default`: the application gives the tokens. `oidc`: they are asked of a provider of OpenID Connect, \
                 at `sasl.oauthbearer.token.endpoint.url`, in the name of `sasl.oauthbearer.client.id`. \
                 `aws_msk_iam`, an extension: signed for Amazon MSK with IAM, in the name that AWS's usual chain of \
                 credentials gives (environment, web identity, shared files, container, instance) and in the region \
                 of `region=` in `sasl.oauthbearer.config` or of `AWS_REGION`.";
            "sasl.oauthbearer.client.id" [sasl_oauthbearer_client_id: Option<String>] text(None)
                Both Low [] Oauth done
                "The name by which the provider of tokens knows this application. For `sasl.oauthbearer.method=oidc`.";
            "sasl.oauthbearer.client.credentials.client.id" [] alias("sasl.oauthbearer.client.id")
                Both Low [] Oauth done
                "";
            "sasl.oauthbearer.client.credentials.client.secret" [] alias("sasl.oauthbearer.client.secret")
                Both Low [] Oauth done
                "";
            "sasl.oauthbearer.client.secret" [sasl_oauthbearer_client_secret: Option<String>] text(None)
                Both Low [Sensitive] Oauth done
                "Proves to the provider that `sasl.oauthbearer.client.id` is who asks. For \
                 `sasl.oauthbearer.method=oidc`.";
            "sasl.oauthbearer.scope" [sasl_oauthbearer_scope: Option<String>] text(None)
                Both Low [] Oauth done
                "Scope to ask for a token of, where the provider knows scopes. For `sasl.oauthbearer.method=oidc`.";
            "sasl.oauthbearer.extensions" [sasl_oauthbearer_extensions: Option<String>] text(None)
                Both Low [] Oauth done
                "SASL extensions that go to the broker beside the token, written `name=value` with commas between. \
                 For `sasl.oauthbearer.method=oidc`.";
            "sasl.oauthbearer.token.endpoint.url" [sasl_oauthbearer_token_endpoint_url: Option<String>] text(None)
                Both Low [] Oauth done
                "URL at which the OIDC provider gives tokens. Only with `sasl.oauthbearer.method=oidc`.";
            "sasl.oauthbearer.sub.claim.name" [sasl_oauthbearer_sub_claim_name: Option<String>] text(Some("sub"))
                Both Low [] Oauth done
                "Claim of the token that holds the principal; it must be there and not be empty. Should agree with \
                 the broker's property of the same name. Only with `sasl.oauthbearer.method=oidc`.";
            "sasl.oauthbearer.grant.type" [sasl_oauthbearer_grant_type: OauthGrant] word(OauthGrant::WORDS, "client_credentials")
                Both Low [] Oauth done
                "OAuth grant with which to ask the OIDC provider for tokens.";
            "sasl.oauthbearer.assertion.algorithm" [sasl_oauthbearer_assertion_algorithm: OauthAlgorithm] word(OauthAlgorithm::WORDS, "RS256")
                Both Low [] Oauth done
                "How assertions are signed, named in their `alg` header too.";
            "sasl.oauthbearer.assertion.private.key.file" [sasl_oauthbearer_assertion_private_key_file: Option<String>] text(None)
                Both Low [Sensitive] Oauth done
                "Key that signs assertions: the name of a PEM file.";
            "sasl.oauthbearer.assertion.private.key.passphrase" [sasl_oauthbearer_assertion_private_key_passphrase: Option<String>] text(None)
                Both Low [Sensitive] Oauth done
                "What decrypts the key that signs assertions.";
            "sasl.oauthbearer.assertion.private.key.pem" [sasl_oauthbearer_assertion_private_key_pem: Option<String>] text(None)
                Both Low [Sensitive] Oauth done
                "Key that signs assertions: the PEM text.";
            "sasl.oauthbearer.assertion.file" [sasl_oauthbearer_assertion_file: Option<String>] text(None)
                Both Low [] Oauth done
                "File with an assertion made elsewhere, used as it is. Only with the JWT bearer grant.";
            "sasl.oauthbearer.assertion.claim.aud" [sasl_oauthbearer_assertion_claim_aud: Option<String>] text(None)
                Both Low [] Oauth done
                "`aud` claim of assertions: whom they are for. Only with the JWT bearer grant.";
            "sasl.oauthbearer.assertion.claim.exp.seconds" [sasl_oauthbearer_assertion_claim_exp_seconds: i32] int(1, i32::MAX, 300)
                Both Low [] Oauth done
                "Seconds from now to the `exp` claim of assertions. Only with the JWT bearer grant.";
            "sasl.oauthbearer.assertion.claim.iss" [sasl_oauthbearer_assertion_claim_iss: Option<String>] text(None)
                Both Low [] Oauth done
                "`iss` claim of assertions: who issued them. Only with the JWT bearer grant.";
            "sasl.oauthbearer.assertion.claim.jti.include" [sasl_oauthbearer_assertion_claim_jti_include: bool] boolean(false)
                Both Low [] Oauth done
                "Give each assertion a random UUID as its `jti` claim. Only with the JWT bearer grant.";
            "sasl.oauthbearer.assertion.claim.nbf.seconds" [sasl_oauthbearer_assertion_claim_nbf_seconds: i32] int(0, i32::MAX, 60)
                Both Low [] Oauth done
                "Seconds before now for the `nbf` claim of assertions. Only with the JWT bearer grant.";
            "sasl.oauthbearer.assertion.claim.sub" [sasl_oauthbearer_assertion_claim_sub: Option<String>] text(None)
                Both Low [] Oauth done
                "`sub` claim of assertions: whom they speak for. Only with the JWT bearer grant.";
            "sasl.oauthbearer.assertion.jwt.template.file" [sasl_oauthbearer_assertion_jwt_template_file: Option<String>] text(None)
                Both Low [] Oauth done
                "File with JSON for the header and the payload that assertions start from. Only with the JWT bearer \
                 grant.";
            "sasl.oauthbearer.metadata.authentication.type" [sasl_oauthbearer_metadata_authentication_type: OauthMetadata] word(OauthMetadata::WORDS, "none")
                Both Low [] Oauth done
                "Take tokens from the cloud the client runs in: `azure_imds` from Azure's instance metadata service, \
                 whose URL is then the default token endpoint, `aws_iam` from AWS STS (`GetWebIdentityToken`), for which \
                 `sasl.oauthbearer.config` has `region=` and `audience=`. It holds the details of the other, too.";
            "plugin.library.paths" [plugin_library_paths: Option<String>] text(None)
                Both Low [] Plugins done
                "Plugins: shared objects with a semicolon between two. dlopen(3) finds them; a name without an ending \
                 gets `.so`.";
            "interceptors" [] internal()
                Both Low [] Plugins done
                "Internal: what rd_kafka_conf_interceptor_add_..() added, with its own configuration.";
            "test.mock.num.brokers" [test_mock_num_brokers: i32] int(0, 10_000, 0)
                Both Low [Hidden] Mock done
                "Start a mock cluster of this many brokers inside the client and use it in place of \
                 `bootstrap.servers`.";
            "test.mock.broker.rtt" [test_mock_broker_rtt: i32] int(0, 3_600_000, 0)
                Both Low [Hidden] Mock done
                "Round-trip time that the mock brokers pretend to have (milliseconds).";
            "ut_handle_ProduceResponse" [ut_handle_produce_response: usize] pointer(0)
                Both Low [Hidden] Producer todo
                "For tests: a function that replaces the error of each ProduceResponse.";
        }
    };
}
pub(super) use security_rows;
