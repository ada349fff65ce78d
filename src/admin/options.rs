//! The options of admin requests. Each kind of request has some of them; setting
//! one that the kind does not have is an error.

use std::ops::RangeInclusive;

/// The admin operations, by the numbers of the C interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AdminOp(i32);

#[rustfmt::skip]
impl AdminOp {
    pub const ANY: AdminOp = AdminOp(0);
    pub const CREATE_TOPICS: AdminOp = AdminOp(1);
    pub const DELETE_TOPICS: AdminOp = AdminOp(2);
    pub const CREATE_PARTITIONS: AdminOp = AdminOp(3);
    pub const ALTER_CONFIGS: AdminOp = AdminOp(4);
    pub const DESCRIBE_CONFIGS: AdminOp = AdminOp(5);
    pub const DELETE_RECORDS: AdminOp = AdminOp(6);
    pub const DELETE_GROUPS: AdminOp = AdminOp(7);
    pub const DELETE_CONSUMER_GROUP_OFFSETS: AdminOp = AdminOp(8);
    pub const CREATE_ACLS: AdminOp = AdminOp(9);
    pub const DESCRIBE_ACLS: AdminOp = AdminOp(10);
    pub const DELETE_ACLS: AdminOp = AdminOp(11);
    pub const LIST_CONSUMER_GROUPS: AdminOp = AdminOp(12);
    pub const DESCRIBE_CONSUMER_GROUPS: AdminOp = AdminOp(13);
    pub const LIST_CONSUMER_GROUP_OFFSETS: AdminOp = AdminOp(14);
    pub const ALTER_CONSUMER_GROUP_OFFSETS: AdminOp = AdminOp(15);
    pub const INCREMENTAL_ALTER_CONFIGS: AdminOp = AdminOp(16);
    pub const DESCRIBE_USER_SCRAM_CREDENTIALS: AdminOp = AdminOp(17);
    pub const ALTER_USER_SCRAM_CREDENTIALS: AdminOp = AdminOp(18);
    pub const DESCRIBE_TOPICS: AdminOp = AdminOp(19);
    pub const DESCRIBE_CLUSTER: AdminOp = AdminOp(20);
    pub const LIST_OFFSETS: AdminOp = AdminOp(21);
    pub const ELECT_LEADERS: AdminOp = AdminOp(22);
    const COUNT: i32 = 23;
}

impl AdminOp {
    pub fn from_number(number: i32) -> Option<Self> {
        (0..Self::COUNT)
            .contains(&number)
            .then_some(AdminOp(number))
    }
}

/// An option that is a number: its name in errors, what it may be, and which requests have it.
#[derive(Debug)]
pub struct NumberOption {
    name: &'static str,
    range: RangeInclusive<i32>,
    /// Empty for all.
    ops: &'static [AdminOp],
}

const HOUR_MS: i32 = 3_600_000;

pub static REQUEST_TIMEOUT: NumberOption = NumberOption {
    name: "request_timeout",
    range: 0..=HOUR_MS,
    ops: &[],
};
pub static OPERATION_TIMEOUT: NumberOption = NumberOption {
    name: "operation_timeout",
    range: -1..=HOUR_MS,
    ops: &[
        AdminOp::CREATE_TOPICS,
        AdminOp::DELETE_TOPICS,
        AdminOp::CREATE_PARTITIONS,
        AdminOp::DELETE_RECORDS,
        AdminOp::LIST_OFFSETS,
        AdminOp::ELECT_LEADERS,
    ],
};
pub static VALIDATE_ONLY: NumberOption = NumberOption {
    name: "validate_only",
    range: 0..=1,
    ops: &[
        AdminOp::CREATE_TOPICS,
        AdminOp::CREATE_PARTITIONS,
        AdminOp::ALTER_CONFIGS,
        AdminOp::INCREMENTAL_ALTER_CONFIGS,
    ],
};
pub static REQUIRE_STABLE_OFFSETS: NumberOption = NumberOption {
    name: "require_stable_offsets",
    range: 0..=1,
    ops: &[AdminOp::LIST_CONSUMER_GROUP_OFFSETS],
};
pub static INCLUDE_AUTHORIZED_OPERATIONS: NumberOption = NumberOption {
    name: "include_authorized_operations",
    range: 0..=1,
    ops: &[
        AdminOp::DESCRIBE_CONSUMER_GROUPS,
        AdminOp::DESCRIBE_CLUSTER,
        AdminOp::DESCRIBE_TOPICS,
    ],
};
pub static ISOLATION_LEVEL: NumberOption = NumberOption {
    name: "isolation_level",
    range: 0..=1,
    ops: &[AdminOp::LIST_OFFSETS],
};
pub static BROKER: NumberOption = NumberOption {
    name: "broker",
    range: 0..=i32::MAX,
    ops: &[],
};

fn has(op: AdminOp, ops: &[AdminOp], name: &str) -> Result<(), String> {
    if op == AdminOp::ANY || ops.is_empty() || ops.contains(&op) {
        Ok(())
    } else {
        Err(format!("This kind of request has no option \"{name}\""))
    }
}

/// What was set; `None` stands for the client's or the request's default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminOptions {
    op: AdminOp,
    pub request_timeout_ms: Option<i32>,
    pub operation_timeout_ms: Option<i32>,
    pub validate_only: bool,
    pub require_stable_offsets: bool,
    pub include_authorized_operations: bool,
    pub read_committed: bool,
    pub broker: Option<i32>,
    /// `rd_kafka_consumer_group_state_t`; empty for all.
    pub group_states: Vec<i32>,
    /// `rd_kafka_consumer_group_type_t`; empty for all.
    pub group_types: Vec<i32>,
    /// The application's, never followed here.
    pub opaque: usize,
}

impl AdminOptions {
    pub fn new(op: AdminOp) -> Self {
        AdminOptions {
            op,
            request_timeout_ms: None,
            operation_timeout_ms: None,
            validate_only: false,
            require_stable_offsets: false,
            include_authorized_operations: false,
            read_committed: false,
            broker: None,
            group_states: Vec::new(),
            group_types: Vec::new(),
            opaque: 0,
        }
    }

    /// The value, if this kind of request has the option and the value is in its range.
    pub fn check(&self, option: &NumberOption, value: i32) -> Result<i32, String> {
        has(self.op, option.ops, option.name)?;
        if option.range.contains(&value) {
            Ok(value)
        } else {
            Err(format!(
                "Option \"{}\": expecting integer in range {}..{}",
                option.name,
                option.range.start(),
                option.range.end()
            ))
        }
    }

    pub fn set_group_states(&mut self, states: &[i32]) -> Result<(), String> {
        const COUNT: i32 = 6;
        if states.iter().any(|state| !(0..COUNT).contains(state)) {
            return Err("Groups have no such state".into());
        }
        if repeats(states) {
            return Err("A state is given twice".into());
        }
        has(
            self.op,
            &[AdminOp::LIST_CONSUMER_GROUPS],
            "match_consumer_group_states",
        )?;
        self.group_states = states.to_vec();
        Ok(())
    }

    pub fn set_group_types(&mut self, types: &[i32]) -> Result<(), String> {
        const COUNT: i32 = 3;
        if types.iter().any(|kind| !(0..COUNT).contains(kind)) {
            return Err("Groups have no such type".into());
        }
        if types.contains(&0) {
            return Err("No group is looked for by the unknown type".into());
        }
        if repeats(types) {
            return Err("A type is given twice".into());
        }
        has(
            self.op,
            &[AdminOp::LIST_CONSUMER_GROUPS],
            "match_consumer_group_types",
        )?;
        self.group_types = types.to_vec();
        Ok(())
    }
}

fn repeats(numbers: &[i32]) -> bool {
    numbers
        .iter()
        .enumerate()
        .any(|(at, number)| numbers.iter().take(at).any(|earlier| earlier == number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_belong_to_requests_and_have_ranges() {
        let create = AdminOptions::new(AdminOp::CREATE_TOPICS);
        assert_eq!(create.check(&VALIDATE_ONLY, 1), Ok(1));
        assert_eq!(
            create.check(&VALIDATE_ONLY, 2).unwrap_err(),
            "Option \"validate_only\": expecting integer in range 0..1"
        );
        assert_eq!(
            create.check(&ISOLATION_LEVEL, 1).unwrap_err(),
            "This kind of request has no option \"isolation_level\""
        );
        assert!(create.check(&REQUEST_TIMEOUT, -1).is_err());
        let any = AdminOptions::new(AdminOp::ANY);
        assert_eq!(any.check(&ISOLATION_LEVEL, 1), Ok(1));
        assert_eq!(any.check(&OPERATION_TIMEOUT, -1), Ok(-1));
        assert!(AdminOp::from_number(23).is_none() && AdminOp::from_number(-1).is_none());
    }

    #[test]
    fn group_filters_are_known_and_distinct() {
        let mut list = AdminOptions::new(AdminOp::LIST_CONSUMER_GROUPS);
        assert!(list.set_group_states(&[0, 3, 5]).is_ok());
        assert_eq!(
            list.set_group_states(&[6]).unwrap_err(),
            "Groups have no such state"
        );
        assert_eq!(
            list.set_group_states(&[3, 3]).unwrap_err(),
            "A state is given twice"
        );
        assert_eq!(
            list.set_group_types(&[0]).unwrap_err(),
            "No group is looked for by the unknown type"
        );
        assert_eq!(
            list.set_group_types(&[2, 2]).unwrap_err(),
            "A type is given twice"
        );
        assert_eq!(list.group_states, [0, 3, 5]);
        let mut other = AdminOptions::new(AdminOp::DELETE_TOPICS);
        assert!(other.set_group_types(&[1]).is_err());
    }
}
