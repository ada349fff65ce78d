//! The flags of `debug` and `builtin.features`.

/// One word of a property that takes several.
#[derive(Debug, Clone, Copy)]
pub struct Flag {
    pub name: &'static str,
    pub bits: u32,
    /// Why this build does not have it.
    pub unsupported: Option<&'static str>,
}

const fn flag(name: &'static str, bits: u32) -> Flag {
    Flag {
        name,
        bits,
        unsupported: None,
    }
}

const fn missing(name: &'static str, bits: u32) -> Flag {
    Flag {
        name,
        bits,
        unsupported: Some("not built yet"),
    }
}

/// Bits of `GlobalProps::debug`.
pub mod debug {
    use super::{Flag, flag};

    pub const GENERIC: u32 = 1;
    pub const BROKER: u32 = 1 << 1;
    pub const TOPIC: u32 = 1 << 2;
    pub const METADATA: u32 = 1 << 3;
    pub const FEATURE: u32 = 1 << 4;
    pub const QUEUE: u32 = 1 << 5;
    pub const MSG: u32 = 1 << 6;
    pub const PROTOCOL: u32 = 1 << 7;
    pub const CGRP: u32 = 1 << 8;
    pub const SECURITY: u32 = 1 << 9;
    pub const FETCH: u32 = 1 << 10;
    pub const INTERCEPTOR: u32 = 1 << 11;
    pub const PLUGIN: u32 = 1 << 12;
    pub const CONSUMER: u32 = 1 << 13;
    pub const ADMIN: u32 = 1 << 14;
    pub const EOS: u32 = 1 << 15;
    pub const MOCK: u32 = 1 << 16;
    pub const ASSIGNOR: u32 = 1 << 17;
    pub const CONF: u32 = 1 << 18;
    pub const TELEMETRY: u32 = 1 << 19;
    pub const ALL: u32 = (1 << 20) - 1;

    pub const FLAGS: &[Flag] = &[
        flag("generic", GENERIC),
        flag("broker", BROKER),
        flag("topic", TOPIC),
        flag("metadata", METADATA),
        flag("feature", FEATURE),
        flag("queue", QUEUE),
        flag("msg", MSG),
        flag("protocol", PROTOCOL),
        flag("cgrp", CGRP),
        flag("security", SECURITY),
        flag("fetch", FETCH),
        flag("interceptor", INTERCEPTOR),
        flag("plugin", PLUGIN),
        flag("consumer", CONSUMER),
        flag("admin", ADMIN),
        flag("eos", EOS),
        flag("mock", MOCK),
        flag("assignor", ASSIGNOR),
        flag("conf", CONF),
        flag("telemetry", TELEMETRY),
        flag("all", ALL),
    ];
}

/// Bits of `GlobalProps::builtin_features`.
pub mod features {
    use super::{Flag, flag, missing};

    pub(in crate::base::conf) const ALL: u32 = 0x3fff;

    #[cfg(feature = "tls")]
    const SSL: Flag = flag("ssl", 1 << 2);
    #[cfg(not(feature = "tls"))]
    const SSL: Flag = Flag {
        unsupported: Some("left out of this build"),
        ..flag("ssl", 1 << 2)
    };

    /// What is `missing` becomes a `flag` with the area that builds it: test
    /// suites skip what the library says it does not have.
    pub const FLAGS: &[Flag] = &[
        flag("gzip", 1),
        flag("snappy", 1 << 1),
        SSL,
        missing("sasl", 1 << 3),
        flag("regex", 1 << 4),
        flag("lz4", 1 << 5),
        missing("sasl_gssapi", 1 << 6),
        missing("sasl_plain", 1 << 7),
        missing("sasl_scram", 1 << 8),
        flag("plugins", 1 << 9),
        flag("zstd", 1 << 10),
        flag("sasl_oauthbearer", 1 << 11),
        flag("http", 1 << 12),
        flag("oidc", 1 << 13),
    ];
}
