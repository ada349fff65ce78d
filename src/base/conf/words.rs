//! The enums that properties take, with the words for them.

use super::value::{Stored, Value};

/// An enum whose values have words.
pub trait Word: Copy + 'static {
    /// All words, in the order of the listing.
    const WORDS: &'static [&'static str];
    /// The first word of the value, which is how it is shown.
    fn word(self) -> &'static str;
    /// Exact spelling only.
    fn from_word(word: &str) -> Option<Self>;
}

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $first:literal $(| $more:literal)*,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)*
        }

        impl Word for $name {
            const WORDS: &'static [&'static str] = &[$($first, $($more,)*)*];

            fn word(self) -> &'static str {
                match self {
                    $($name::$variant => $first,)*
                }
            }

            fn from_word(word: &str) -> Option<Self> {
                match word {
                    $($first $(| $more)* => Some($name::$variant),)*
                    _ => None,
                }
            }
        }

        /// The first one; the property's own default is in its row.
        impl Default for $name {
            fn default() -> Self {
                let all = [$($name::$variant),*];
                all[0]
            }
        }

        impl Stored for $name {
            fn to_value(&self) -> Value {
                Value::Word(self.word())
            }

            fn from_value(value: Value) -> Option<Self> {
                match value {
                    Value::Word(word) => Word::from_word(word),
                    _ => None,
                }
            }
        }
    )*};
}

words! {
    /// `metadata.recovery.strategy`
    MetadataRecovery {
        None = "none",
        Rebootstrap = "rebootstrap",
    }
    /// `broker.address.family`
    AddressFamily {
        Any = "any",
        V4 = "v4",
        V6 = "v6",
    }
    /// `client.dns.lookup`
    DnsLookup {
        UseAllDnsIps = "use_all_dns_ips",
        ResolveCanonicalBootstrapServersOnly = "resolve_canonical_bootstrap_servers_only",
    }
    /// `security.protocol`
    SecurityProtocol {
        Plaintext = "plaintext",
        Ssl = "ssl",
        SaslPlaintext = "sasl_plaintext",
        SaslSsl = "sasl_ssl",
    }
    /// `ssl.endpoint.identification.algorithm`
    EndpointIdentification {
        None = "none",
        Https = "https",
    }
    /// `sasl.oauthbearer.method`
    OauthMethod {
        Default = "default",
        Oidc = "oidc",
        AwsMskIam = "aws_msk_iam",
    }
    /// `sasl.oauthbearer.grant.type`
    OauthGrant {
        ClientCredentials = "client_credentials",
        JwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer",
    }
    /// `sasl.oauthbearer.assertion.algorithm`
    OauthAlgorithm {
        Rs256 = "RS256",
        Es256 = "ES256",
    }
    /// `sasl.oauthbearer.metadata.authentication.type`
    OauthMetadata {
        None = "none",
        AzureImds = "azure_imds",
        AwsIam = "aws_iam",
    }
    /// `group.protocol`
    GroupProtocol {
        Classic = "classic",
        Consumer = "consumer",
    }
    /// `share.acquire.mode`
    AcquireMode {
        BatchOptimized = "batch_optimized",
        RecordLimit = "record_limit",
    }
    /// A name in `partition.assignment.strategy`
    Assignor {
        Range = "range",
        RoundRobin = "roundrobin",
        CooperativeSticky = "cooperative-sticky",
    }
    /// Global `offset.store.method`
    OffsetStoreMethod {
        None = "none",
        File = "file",
        Broker = "broker",
    }
    /// `offset.store.method` of a topic
    TopicOffsetStoreMethod {
        File = "file",
        Broker = "broker",
    }
    /// `isolation.level`
    IsolationLevel {
        ReadUncommitted = "read_uncommitted",
        ReadCommitted = "read_committed",
    }
    /// `compression.codec`; a topic's is an `Option`, with `None` for `inherit`.
    Compression {
        None = "none",
        Gzip = "gzip",
        Snappy = "snappy",
        Lz4 = "lz4",
        Zstd = "zstd",
    }
    /// `queuing.strategy`
    QueuingStrategy {
        Fifo = "fifo",
        Lifo = "lifo",
    }
    /// `auto.offset.reset`
    OffsetReset {
        Earliest = "smallest" | "earliest" | "beginning",
        Latest = "largest" | "latest" | "end",
        Error = "error",
    }
}

impl Word for Option<Compression> {
    const WORDS: &'static [&'static str] = &["none", "gzip", "snappy", "lz4", "zstd", "inherit"];

    fn word(self) -> &'static str {
        self.map_or("inherit", Compression::word)
    }

    fn from_word(word: &str) -> Option<Self> {
        match word {
            "inherit" => Some(None),
            _ => Compression::from_word(word).map(Some),
        }
    }
}
impl SecurityProtocol {
    /// Over TLS.
    pub fn is_encrypted(self) -> bool {
        matches!(self, SecurityProtocol::Ssl | SecurityProtocol::SaslSsl)
    }

    /// With SASL.
    pub fn logs_in(self) -> bool {
        matches!(
            self,
            SecurityProtocol::SaslPlaintext | SecurityProtocol::SaslSsl
        )
    }
}
