//! The enums of the header.
//!
//! C can put any number into an enum, and a Rust enum of an unknown number is
//! undefined behaviour, so here each is a transparent integer with named
//! constants. The header has them as C enums.

use libc::c_int;

use crate::capi::boundary::Failure;

/// Declares an enum of the header, and its constants. The header's generator
/// reads the same declaration.
macro_rules! c_enum {
    (
        $(#[$doc:meta])*
        pub enum $type:ident {
            $($(#[$constant_doc:meta])* $constant:ident = $value:literal,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        #[repr(transparent)]
        pub struct $type(pub c_int);

        $($(#[$constant_doc])* pub const $constant: $type = $type($value);)*

        impl Failure for $type {
            fn panicked() -> Self {
                $type(c_enum!(@failure $type))
            }
        }
    };
    (@failure rd_kafka_conf_res_t) => { -1 };
    (@failure $type:ident) => { 0 };
}

c_enum! {
    /// Which kind of client an instance is.
    pub enum rd_kafka_type_t {
        /// Sends messages.
        RD_KAFKA_PRODUCER = 0,
        /// Reads messages.
        RD_KAFKA_CONSUMER = 1,
    }
}

c_enum! {
    /// Where a message's timestamp comes from.
    pub enum rd_kafka_timestamp_type_t {
        /// There is none.
        RD_KAFKA_TIMESTAMP_NOT_AVAILABLE = 0,
        /// Set by the producer.
        RD_KAFKA_TIMESTAMP_CREATE_TIME = 1,
        /// Set by the broker.
        RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME = 2,
    }
}

c_enum! {
    /// The kinds of argument that `rd_kafka_producev` and `rd_kafka_produceva` take; each says which field of the union it uses.
    pub enum rd_kafka_vtype_t {
        /// Ends the arguments.
        RD_KAFKA_VTYPE_END = 0,
        /// `cstr`: the topic, by name.
        RD_KAFKA_VTYPE_TOPIC = 1,
        /// `rkt`: the topic, by handle.
        RD_KAFKA_VTYPE_RKT = 2,
        /// `i32`: the partition.
        RD_KAFKA_VTYPE_PARTITION = 3,
        /// `mem`: the value.
        RD_KAFKA_VTYPE_VALUE = 4,
        /// `mem`: the key.
        RD_KAFKA_VTYPE_KEY = 5,
        /// `ptr`: for the delivery report.
        RD_KAFKA_VTYPE_OPAQUE = 6,
        /// `i`: `RD_KAFKA_MSG_F_*`.
        RD_KAFKA_VTYPE_MSGFLAGS = 7,
        /// `i64`: milliseconds since 1970.
        RD_KAFKA_VTYPE_TIMESTAMP = 8,
        /// `header`: one more header, copied.
        RD_KAFKA_VTYPE_HEADER = 9,
        /// `headers`: all headers, which the library owns if the call succeeds.
        RD_KAFKA_VTYPE_HEADERS = 10,
    }
}

c_enum! {
    /// Whether a produced message is in the log.
    pub enum rd_kafka_msg_status_t {
        /// It never reached the log.
        RD_KAFKA_MSG_STATUS_NOT_PERSISTED = 0,
        /// It was sent, and no answer came.
        RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED = 1,
        /// The broker has it.
        RD_KAFKA_MSG_STATUS_PERSISTED = 2,
    }
}

c_enum! {
    /// The outcome of setting or reading a property.
    pub enum rd_kafka_conf_res_t {
        /// No property of this name.
        RD_KAFKA_CONF_UNKNOWN = -2,
        /// Not a value for this property.
        RD_KAFKA_CONF_INVALID = -1,
        /// Done.
        RD_KAFKA_CONF_OK = 0,
    }
}

c_enum! {
    /// What a certificate given to `rd_kafka_conf_set_ssl_cert` is for.
    pub enum rd_kafka_cert_type_t {
        /// The client's certificate.
        RD_KAFKA_CERT_PUBLIC_KEY = 0,
        /// The client's private key.
        RD_KAFKA_CERT_PRIVATE_KEY = 1,
        /// The authority that signs the brokers' certificates.
        RD_KAFKA_CERT_CA = 2,
        RD_KAFKA_CERT__CNT = 3,
    }
}

c_enum! {
    /// How such a certificate is encoded.
    pub enum rd_kafka_cert_enc_t {
        /// PKCS#12.
        RD_KAFKA_CERT_ENC_PKCS12 = 0,
        /// DER (ASN.1).
        RD_KAFKA_CERT_ENC_DER = 1,
        /// PEM.
        RD_KAFKA_CERT_ENC_PEM = 2,
        RD_KAFKA_CERT_ENC__CNT = 3,
    }
}

c_enum! {
    /// What a share consumer says of a record (KIP-932).
    pub enum rd_kafka_share_AcknowledgeType_t {
        /// Processed.
        RD_KAFKA_SHARE_ACKNOWLEDGE_TYPE_ACCEPT = 1,
        /// To be delivered again.
        RD_KAFKA_SHARE_ACKNOWLEDGE_TYPE_RELEASE = 2,
        /// Not to be delivered any more.
        RD_KAFKA_SHARE_ACKNOWLEDGE_TYPE_REJECT = 3,
    }
}

c_enum! {
    /// The state of a consumer group.
    pub enum rd_kafka_consumer_group_state_t {
        RD_KAFKA_CONSUMER_GROUP_STATE_UNKNOWN = 0,
        RD_KAFKA_CONSUMER_GROUP_STATE_PREPARING_REBALANCE = 1,
        RD_KAFKA_CONSUMER_GROUP_STATE_COMPLETING_REBALANCE = 2,
        RD_KAFKA_CONSUMER_GROUP_STATE_STABLE = 3,
        RD_KAFKA_CONSUMER_GROUP_STATE_DEAD = 4,
        RD_KAFKA_CONSUMER_GROUP_STATE_EMPTY = 5,
        RD_KAFKA_CONSUMER_GROUP_STATE__CNT = 6,
    }
}

c_enum! {
    /// The protocol a consumer group uses.
    pub enum rd_kafka_consumer_group_type_t {
        RD_KAFKA_CONSUMER_GROUP_TYPE_UNKNOWN = 0,
        RD_KAFKA_CONSUMER_GROUP_TYPE_CONSUMER = 1,
        RD_KAFKA_CONSUMER_GROUP_TYPE_CLASSIC = 2,
        RD_KAFKA_CONSUMER_GROUP_TYPE__CNT = 3,
    }
}

c_enum! {
    /// The kinds of thread that a client instance has.
    pub enum rd_kafka_thread_type_t {
        /// The one that coordinates the others.
        RD_KAFKA_THREAD_MAIN = 0,
        /// The one that calls back in the background.
        RD_KAFKA_THREAD_BACKGROUND = 1,
        /// One that talks to brokers.
        RD_KAFKA_THREAD_BROKER = 2,
    }
}

c_enum! {
    /// The admin operations, to say what an options object is for.
    pub enum rd_kafka_admin_op_t {
        RD_KAFKA_ADMIN_OP_ANY = 0,
        RD_KAFKA_ADMIN_OP_CREATETOPICS = 1,
        RD_KAFKA_ADMIN_OP_DELETETOPICS = 2,
        RD_KAFKA_ADMIN_OP_CREATEPARTITIONS = 3,
        RD_KAFKA_ADMIN_OP_ALTERCONFIGS = 4,
        RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS = 5,
        RD_KAFKA_ADMIN_OP_DELETERECORDS = 6,
        RD_KAFKA_ADMIN_OP_DELETEGROUPS = 7,
        RD_KAFKA_ADMIN_OP_DELETECONSUMERGROUPOFFSETS = 8,
        RD_KAFKA_ADMIN_OP_CREATEACLS = 9,
        RD_KAFKA_ADMIN_OP_DESCRIBEACLS = 10,
        RD_KAFKA_ADMIN_OP_DELETEACLS = 11,
        RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS = 12,
        RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS = 13,
        RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS = 14,
        RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS = 15,
        RD_KAFKA_ADMIN_OP_INCREMENTALALTERCONFIGS = 16,
        RD_KAFKA_ADMIN_OP_DESCRIBEUSERSCRAMCREDENTIALS = 17,
        RD_KAFKA_ADMIN_OP_ALTERUSERSCRAMCREDENTIALS = 18,
        RD_KAFKA_ADMIN_OP_DESCRIBETOPICS = 19,
        RD_KAFKA_ADMIN_OP_DESCRIBECLUSTER = 20,
        RD_KAFKA_ADMIN_OP_LISTOFFSETS = 21,
        RD_KAFKA_ADMIN_OP_ELECTLEADERS = 22,
        RD_KAFKA_ADMIN_OP__CNT = 23,
    }
}

c_enum! {
    /// Which records count: all, or those of committed transactions.
    pub enum rd_kafka_IsolationLevel_t {
        /// All records.
        RD_KAFKA_ISOLATION_LEVEL_READ_UNCOMMITTED = 0,
        /// Those outside of transactions and of committed ones.
        RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED = 1,
    }
}

c_enum! {
    /// What an access control entry is about.
    pub enum rd_kafka_AclOperation_t {
        RD_KAFKA_ACL_OPERATION_UNKNOWN = 0,
        RD_KAFKA_ACL_OPERATION_ANY = 1,
        RD_KAFKA_ACL_OPERATION_ALL = 2,
        RD_KAFKA_ACL_OPERATION_READ = 3,
        RD_KAFKA_ACL_OPERATION_WRITE = 4,
        RD_KAFKA_ACL_OPERATION_CREATE = 5,
        RD_KAFKA_ACL_OPERATION_DELETE = 6,
        RD_KAFKA_ACL_OPERATION_ALTER = 7,
        RD_KAFKA_ACL_OPERATION_DESCRIBE = 8,
        RD_KAFKA_ACL_OPERATION_CLUSTER_ACTION = 9,
        RD_KAFKA_ACL_OPERATION_DESCRIBE_CONFIGS = 10,
        RD_KAFKA_ACL_OPERATION_ALTER_CONFIGS = 11,
        RD_KAFKA_ACL_OPERATION_IDEMPOTENT_WRITE = 12,
        RD_KAFKA_ACL_OPERATION__CNT = 13,
    }
}

c_enum! {
    /// Where the value of a setting comes from.
    pub enum rd_kafka_ConfigSource_t {
        RD_KAFKA_CONFIG_SOURCE_UNKNOWN_CONFIG = 0,
        RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG = 1,
        RD_KAFKA_CONFIG_SOURCE_DYNAMIC_BROKER_CONFIG = 2,
        RD_KAFKA_CONFIG_SOURCE_DYNAMIC_DEFAULT_BROKER_CONFIG = 3,
        RD_KAFKA_CONFIG_SOURCE_STATIC_BROKER_CONFIG = 4,
        RD_KAFKA_CONFIG_SOURCE_DEFAULT_CONFIG = 5,
        RD_KAFKA_CONFIG_SOURCE_GROUP_CONFIG = 8,
        RD_KAFKA_CONFIG_SOURCE__CNT = 9,
    }
}

c_enum! {
    /// What kind of thing a configuration or an access control entry is for.
    pub enum rd_kafka_ResourceType_t {
        RD_KAFKA_RESOURCE_UNKNOWN = 0,
        RD_KAFKA_RESOURCE_ANY = 1,
        RD_KAFKA_RESOURCE_TOPIC = 2,
        RD_KAFKA_RESOURCE_GROUP = 3,
        RD_KAFKA_RESOURCE_BROKER = 4,
        RD_KAFKA_RESOURCE_TRANSACTIONAL_ID = 5,
        RD_KAFKA_RESOURCE__CNT = 6,
    }
}

c_enum! {
    /// How an access control entry's resource name matches.
    pub enum rd_kafka_ResourcePatternType_t {
        RD_KAFKA_RESOURCE_PATTERN_UNKNOWN = 0,
        RD_KAFKA_RESOURCE_PATTERN_ANY = 1,
        RD_KAFKA_RESOURCE_PATTERN_MATCH = 2,
        RD_KAFKA_RESOURCE_PATTERN_LITERAL = 3,
        RD_KAFKA_RESOURCE_PATTERN_PREFIXED = 4,
        RD_KAFKA_RESOURCE_PATTERN_TYPE__CNT = 5,
    }
}

c_enum! {
    /// What IncrementalAlterConfigs does with a value (KIP-339).
    pub enum rd_kafka_AlterConfigOpType_t {
        RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET = 0,
        RD_KAFKA_ALTER_CONFIG_OP_TYPE_DELETE = 1,
        RD_KAFKA_ALTER_CONFIG_OP_TYPE_APPEND = 2,
        RD_KAFKA_ALTER_CONFIG_OP_TYPE_SUBTRACT = 3,
        RD_KAFKA_ALTER_CONFIG_OP_TYPE__CNT = 4,
    }
}

c_enum! {
    /// Special timestamps that ListOffsets understands.
    pub enum rd_kafka_OffsetSpec_t {
        /// The offset of the record with the highest timestamp.
        RD_KAFKA_OFFSET_SPEC_MAX_TIMESTAMP = -3,
        /// The first offset.
        RD_KAFKA_OFFSET_SPEC_EARLIEST = -2,
        /// The offset after the last record.
        RD_KAFKA_OFFSET_SPEC_LATEST = -1,
    }
}

c_enum! {
    /// The hash of a SCRAM credential.
    pub enum rd_kafka_ScramMechanism_t {
        RD_KAFKA_SCRAM_MECHANISM_UNKNOWN = 0,
        RD_KAFKA_SCRAM_MECHANISM_SHA_256 = 1,
        RD_KAFKA_SCRAM_MECHANISM_SHA_512 = 2,
        RD_KAFKA_SCRAM_MECHANISM__CNT = 3,
    }
}

c_enum! {
    /// Whether an access control entry allows or denies.
    pub enum rd_kafka_AclPermissionType_t {
        RD_KAFKA_ACL_PERMISSION_TYPE_UNKNOWN = 0,
        RD_KAFKA_ACL_PERMISSION_TYPE_ANY = 1,
        RD_KAFKA_ACL_PERMISSION_TYPE_DENY = 2,
        RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW = 3,
        RD_KAFKA_ACL_PERMISSION_TYPE__CNT = 4,
    }
}

c_enum! {
    /// Which replica may become leader (KIP-460).
    pub enum rd_kafka_ElectionType_t {
        /// The first of the replicas.
        RD_KAFKA_ELECTION_TYPE_PREFERRED = 0,
        /// Any, even one that is not in sync.
        RD_KAFKA_ELECTION_TYPE_UNCLEAN = 1,
    }
}
