//! TLS, SASL, OAUTHBEARER, plugins and what only tests use.
//!
//! Rows of the table: `table.rs` says what a row consists of. The order is that
//! of the listing.

macro_rules! security_rows {
    ($next:ident $($rest:ident)*; $($before:tt)*) => {
        $next! { $($rest)*; $($before)*
            "security.protocol" [security_protocol: SecurityProtocol] word(SecurityProtocol::WORDS, "plaintext")
                Both High [] Security todo
                "How to talk to brokers: in the clear or over TLS, with or without SASL authentication.";
            "ssl.cipher.suites" [ssl_cipher_suites: Option<String>] text(None)
                Both Low [] Security todo
                "Cipher suites to offer, as in ciphers(1).";
            "ssl.curves.list" [ssl_curves_list: Option<String>] text(None)
                Both Low [] Security todo
                "Curves to offer in the TLS handshake, separated by colons.";
            "ssl.sigalgs.list" [ssl_sigalgs_list: Option<String>] text(None)
                Both Low [] Security todo
                "Signature algorithms to offer in the TLS handshake, separated by colons.";
            "ssl.key.location" [ssl_key_location: Option<String>] text(None)
                Both Low [Sensitive] Security todo
                "File with the client's private key (PEM).";
            "ssl.key.password" [ssl_key_password: Option<String>] text(None)
                Both Low [Sensitive] Security todo
                "Passphrase of the private key, given by `ssl.key.location`, `ssl.key.pem` or \
                 `rd_kafka_conf_set_ssl_cert()`.";
            "ssl.key.pem" [ssl_key_pem: Option<String>] text(None)
                Both Low [Sensitive] Security todo
                "The client's private key itself (PEM).";
            "ssl_key" [] internal()
                Both Low [Sensitive] Security todo
                "The client's private key from memory; set with rd_kafka_conf_set_ssl_cert().";
            "ssl.certificate.location" [ssl_certificate_location: Option<String>] text(None)
                Both Low [] Security todo
                "File with the client's certificate, and those between it and the authority (PEM).";
            "ssl.certificate.pem" [ssl_certificate_pem: Option<String>] text(None)
                Both Low [] Security todo
                "The client's certificate itself (PEM).";
            "ssl_certificate" [] internal()
                Both Low [] Security todo
                "The client's certificate from memory; set with rd_kafka_conf_set_ssl_cert().";
            "ssl.ca.location" [ssl_ca_location: Option<String>] text(None)
                Both Low [] Security todo
                "File or directory with the certificates of authorities that may have signed the brokers' \
                 certificates. Without it the system's own are used; `probe` looks for them in the usual places.";
            "https.ca.location" [https_ca_location: Option<String>] text(None)
                Both Low [] Oauth todo
                "File or directory with the authorities' certificates for HTTPS endpoints, such as \
                 `sasl.oauthbearer.token.endpoint.url`. Without it the system's own are used; `probe` looks for them \
                 in the usual places. Not together with `https.ca.pem`.";
            "https.ca.pem" [https_ca_pem: Option<String>] text(None)
                Both Low [] Oauth todo
                "Authorities' certificates for HTTPS endpoints themselves (PEM). Not together with \
                 `https.ca.location`.";
            "ssl.ca.pem" [ssl_ca_pem: Option<String>] text(None)
                Both Low [Sensitive] Security todo
                "Authorities' certificates for brokers themselves (PEM).";
            "ssl_ca" [] internal()
                Both Low [] Security todo
                "Authorities' certificates from memory; set with rd_kafka_conf_set_ssl_cert().";
            "ssl.ca.certificate.stores" [ssl_ca_certificate_stores: Option<String>] text(Some("Root"))
                Both Low [WindowsOnly] Security done
                "Windows certificate stores to take authorities' certificates from, separated by commas, in that \
                 order. Windows only.";
            "ssl.crl.location" [ssl_crl_location: Option<String>] text(None)
                Both Low [] Security todo
                "File with certificates revoked by the authority.";
            "ssl.keystore.location" [ssl_keystore_location: Option<String>] text(None)
                Both Low [] Security todo
                "File with the client's key and certificate together (PKCS#12).";
            "ssl.keystore.password" [ssl_keystore_password: Option<String>] text(None)
                Both Low [Sensitive] Security todo
                "Password of the file of `ssl.keystore.location`.";
            "ssl.providers" [ssl_providers: Option<String>] text(None)
                Both Low [] Security todo
                "OpenSSL 3 providers to load, separated by commas, such as `default,legacy`.";
            "ssl.engine.location" [ssl_engine_location: Option<String>] text(None)
                Both Low [Deprecated] Security todo
                "Library of an OpenSSL engine. OpenSSL 3 has providers instead.";
            "ssl.engine.id" [ssl_engine_id: Option<String>] text(Some("dynamic"))
                Both Low [] Security todo
                "Name of the OpenSSL engine to load.";
            "ssl_engine_callback_data" [ssl_engine_callback_data: usize] pointer(0)
                Both Low [] Security todo
                "Pointer handed to the OpenSSL engine; set with rd_kafka_conf_set_engine_callback_data().";
            "enable.ssl.certificate.verification" [enable_ssl_certificate_verification: bool] boolean(true)
                Both Low [] Security todo
                "Verify the broker's certificate. The callback `ssl.certificate.verify_cb` can add checks of the \
                 application's own.";
            "ssl.endpoint.identification.algorithm" [ssl_endpoint_identification_algorithm: EndpointIdentification] word(EndpointIdentification::WORDS, "https")
                Both Low [] Security todo
                "Whether the broker's certificate must name the host connected to: `https` checks as RFC 2818 says, \
                 `none` does not.";
            "ssl.certificate.verify_cb" [ssl_certificate_verify_cb: usize] pointer(0)
                Both Low [] Security todo
                "Called with each certificate of a broker's chain; set with rd_kafka_conf_set_ssl_cert_verify_cb().";
            "ssl.truststore.location" [] refused()
                Both Low [] Security done
                "Java trust stores cannot be read: give the authorities' certificates (PEM) with `ssl.ca.location` \
                 instead. See https://github.com/confluentinc/librdkafka/wiki/Using-SSL-with-librdkafka";
            "sasl.jaas.config" [] refused()
                Both Low [] Security done
                "JAAS is Java's own: use the `sasl.*` properties instead. See \
                 https://github.com/confluentinc/librdkafka/wiki/Using-SASL-with-librdkafka";
            "sasl.mechanisms" [sasl_mechanisms: Option<String>] checked("GSSAPI", is_single)
                Both High [] Security todo
                "The SASL mechanism, one of GSSAPI, PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 and OAUTHBEARER. Only one, \
                 whatever the name says.";
            "sasl.mechanism" [] alias("sasl.mechanisms")
                Both High [] Security todo
                "";
            "sasl.kerberos.service.name" [sasl_kerberos_service_name: Option<String>] text(Some("kafka"))
                Both Low [] Security todo
                "Kerberos name of the Kafka service, the principal's part before /host@REALM.";
            "sasl.kerberos.principal" [sasl_kerberos_principal: Option<String>] text(Some("kafkaclient"))
                Both Low [] Security todo
                "The client's own Kerberos principal. Windows takes that of the user logged on.";
            "sasl.kerberos.kinit.cmd" [sasl_kerberos_kinit_cmd: Option<String>] text(Some(KINIT_CMD))
                Both Low [] Security todo
                "Shell command to renew or get a Kerberos ticket, run when the client is created and every \
                 `sasl.kerberos.min.time.before.relogin` milliseconds. `%{property}` stands for that property's \
                 value.";
            "sasl.kerberos.keytab" [sasl_kerberos_keytab: Option<String>] text(None)
                Both Low [] Security todo
                "Keytab file, used only where `sasl.kerberos.kinit.cmd` says `%{sasl.kerberos.keytab}`.";
            "sasl.kerberos.min.time.before.relogin" [sasl_kerberos_min_time_before_relogin: i32] int(0, 86_400_000, 60_000)
                Both Low [] Security todo
                "Milliseconds between renewals of the Kerberos ticket; 0 turns them off.";
            "sasl.username" [sasl_username: Option<String>] text(None)
                Both High [Sensitive] Security todo
                "User name for PLAIN and SCRAM.";
            "sasl.password" [sasl_password: Option<String>] text(None)
                Both High [Sensitive] Security todo
                "Password for PLAIN and SCRAM.";
            "sasl.oauthbearer.config" [sasl_oauthbearer_config: Option<String>] text(None)
                Both Low [Sensitive] Oauth todo
                "Text handed to whoever makes the OAUTHBEARER token. The built-in maker of unsecured tokens reads \
                 name=value pairs separated by spaces: principalClaimName (`sub` unless given), principal, \
                 scopeClaimName (`scope`), scope, lifeSeconds (3600) and extension_NAME for SASL extensions.";
            "enable.sasl.oauthbearer.unsecure.jwt" [enable_sasl_oauthbearer_unsecure_jwt: bool] boolean(false)
                Both Low [] Oauth todo
                "Make unsigned tokens with the built-in maker, unless a refresh callback is set. For development and \
                 tests only.";
            "oauthbearer_token_refresh_cb" [oauthbearer_token_refresh_cb: usize] pointer(0)
                Both Low [] Oauth todo
                "Called, from rd_kafka_poll() and its like, when a new OAUTHBEARER token is needed; set with \
                 rd_kafka_conf_set_oauthbearer_token_refresh_cb(). See also `rd_kafka_conf_enable_sasl_queue()`.";
            "enable_sasl_queue" [enable_sasl_queue: bool] boolean(false)
                Both Low [Hidden] Oauth todo
                "Give SASL callbacks a queue of their own; set with rd_kafka_conf_enable_sasl_queue().";
            "sasl.oauthbearer.method" [sasl_oauthbearer_method: OauthMethod] word(OauthMethod::WORDS, "default")
                Both Low [] Oauth todo
                "Where tokens come from: the application (`default`), or an OpenID Connect provider (`oidc`), which \
                 needs `sasl.oauthbearer.client.id`, `sasl.oauthbearer.client.secret` and \
                 `sasl.oauthbearer.token.endpoint.url`.";
            "sasl.oauthbearer.client.id" [sasl_oauthbearer_client_id: Option<String>] text(None)
                Both Low [] Oauth todo
                "The application's public identity at the OIDC provider. Only with `sasl.oauthbearer.method=oidc`.";
            "sasl.oauthbearer.client.credentials.client.id" [] alias("sasl.oauthbearer.client.id")
                Both Low [] Oauth todo
                "";
            "sasl.oauthbearer.client.credentials.client.secret" [] alias("sasl.oauthbearer.client.secret")
                Both Low [] Oauth todo
                "";
            "sasl.oauthbearer.client.secret" [sasl_oauthbearer_client_secret: Option<String>] text(None)
                Both Low [Sensitive] Oauth todo
                "The secret that goes with `sasl.oauthbearer.client.id`, known to the application and the OIDC \
                 provider only. Only with `sasl.oauthbearer.method=oidc`.";
            "sasl.oauthbearer.scope" [sasl_oauthbearer_scope: Option<String>] text(None)
                Both Low [] Oauth todo
                "What access to ask the OIDC provider for. Only with `sasl.oauthbearer.method=oidc`.";
            "sasl.oauthbearer.extensions" [sasl_oauthbearer_extensions: Option<String>] text(None)
                Both Low [] Oauth todo
                "SASL extensions for the broker, key=value pairs separated by commas. Only with \
                 `sasl.oauthbearer.method=oidc`.";
            "sasl.oauthbearer.token.endpoint.url" [sasl_oauthbearer_token_endpoint_url: Option<String>] text(None)
                Both Low [] Oauth todo
                "URL at which the OIDC provider gives tokens. Only with `sasl.oauthbearer.method=oidc`.";
            "sasl.oauthbearer.sub.claim.name" [sasl_oauthbearer_sub_claim_name: Option<String>] text(Some("sub"))
                Both Low [] Oauth todo
                "Claim of the token that holds the principal; it must be there and not be empty. Should agree with \
                 the broker's property of the same name. Only with `sasl.oauthbearer.method=oidc`.";
            "sasl.oauthbearer.grant.type" [sasl_oauthbearer_grant_type: OauthGrant] word(OauthGrant::WORDS, "client_credentials")
                Both Low [] Oauth todo
                "OAuth grant with which to ask the OIDC provider for tokens.";
            "sasl.oauthbearer.assertion.algorithm" [sasl_oauthbearer_assertion_algorithm: OauthAlgorithm] word(OauthAlgorithm::WORDS, "RS256")
                Both Low [] Oauth todo
                "How assertions are signed, named in their `alg` header too.";
            "sasl.oauthbearer.assertion.private.key.file" [sasl_oauthbearer_assertion_private_key_file: Option<String>] text(None)
                Both Low [Sensitive] Oauth todo
                "File with the private key (PEM) that signs assertions.";
            "sasl.oauthbearer.assertion.private.key.passphrase" [sasl_oauthbearer_assertion_private_key_passphrase: Option<String>] text(None)
                Both Low [Sensitive] Oauth todo
                "Passphrase of the private key that signs assertions.";
            "sasl.oauthbearer.assertion.private.key.pem" [sasl_oauthbearer_assertion_private_key_pem: Option<String>] text(None)
                Both Low [Sensitive] Oauth todo
                "The private key that signs assertions itself (PEM).";
            "sasl.oauthbearer.assertion.file" [sasl_oauthbearer_assertion_file: Option<String>] text(None)
                Both Low [] Oauth todo
                "File with an assertion made elsewhere, used as it is. Only with the JWT bearer grant.";
            "sasl.oauthbearer.assertion.claim.aud" [sasl_oauthbearer_assertion_claim_aud: Option<String>] text(None)
                Both Low [] Oauth todo
                "`aud` claim of assertions: whom they are for. Only with the JWT bearer grant.";
            "sasl.oauthbearer.assertion.claim.exp.seconds" [sasl_oauthbearer_assertion_claim_exp_seconds: i32] int(1, i32::MAX, 300)
                Both Low [] Oauth todo
                "Seconds from now to the `exp` claim of assertions. Only with the JWT bearer grant.";
            "sasl.oauthbearer.assertion.claim.iss" [sasl_oauthbearer_assertion_claim_iss: Option<String>] text(None)
                Both Low [] Oauth todo
                "`iss` claim of assertions: who issued them. Only with the JWT bearer grant.";
            "sasl.oauthbearer.assertion.claim.jti.include" [sasl_oauthbearer_assertion_claim_jti_include: bool] boolean(false)
                Both Low [] Oauth todo
                "Give each assertion a random UUID as its `jti` claim. Only with the JWT bearer grant.";
            "sasl.oauthbearer.assertion.claim.nbf.seconds" [sasl_oauthbearer_assertion_claim_nbf_seconds: i32] int(0, i32::MAX, 60)
                Both Low [] Oauth todo
                "Seconds before now for the `nbf` claim of assertions. Only with the JWT bearer grant.";
            "sasl.oauthbearer.assertion.claim.sub" [sasl_oauthbearer_assertion_claim_sub: Option<String>] text(None)
                Both Low [] Oauth todo
                "`sub` claim of assertions: whom they speak for. Only with the JWT bearer grant.";
            "sasl.oauthbearer.assertion.jwt.template.file" [sasl_oauthbearer_assertion_jwt_template_file: Option<String>] text(None)
                Both Low [] Oauth todo
                "File with JSON for the header and the payload that assertions start from. Only with the JWT bearer \
                 grant.";
            "sasl.oauthbearer.metadata.authentication.type" [sasl_oauthbearer_metadata_authentication_type: OauthMetadata] word(OauthMetadata::WORDS, "none")
                Both Low [] Oauth todo
                "Take tokens from the cloud the client runs in: `azure_imds` from Azure's instance metadata service, \
                 whose URL is then the default token endpoint, `aws_iam` from AWS IAM, by a callback of the \
                 application. `sasl.oauthbearer.config` holds the details.";
            "plugin.library.paths" [plugin_library_paths: Option<String>] text(None)
                Both Low [] Plugins done
                "Libraries to load as plugins, separated by `;`. They are looked for as dlopen(3) does, with `.so` \
                 appended to a name without extension.";
            "interceptors" [] internal()
                Both Low [] Plugins done
                "Interceptors added with rd_kafka_conf_interceptor_add_..() and what is configured in them.";
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
