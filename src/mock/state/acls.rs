//! Access control entries, as Kafka's StandardAuthorizer keeps and matches them. Who may
//! do what by them is in [`super::authorizer`].

use std::collections::BTreeSet;

/// The wire's numbers.
pub const ANY: i8 = 1;
pub const MATCH: i8 = 2;
pub const LITERAL: i8 = 3;
pub const PREFIXED: i8 = 4;
pub const CLUSTER: i8 = 4;
/// The only resource of the type [`CLUSTER`].
pub const CLUSTER_NAME: &str = "kafka-cluster";
const ALL_RESOURCES: &str = "*";

/// What an entry is about: its resource or resources.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pattern {
    pub resource_type: i8,
    pub name: String,
    pub pattern_type: i8,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Acl {
    pub pattern: Pattern,
    pub principal: String,
    pub host: String,
    pub operation: i8,
    pub permission: i8,
}

/// `None` and [`ANY`] match all.
#[derive(Clone, Debug)]
pub struct AclFilter {
    pub resource_type: i8,
    pub name: Option<String>,
    pub pattern_type: i8,
    pub principal: Option<String>,
    pub host: Option<String>,
    pub operation: i8,
    pub permission: i8,
}

impl AclFilter {
    pub fn matches(&self, acl: &Acl) -> bool {
        let number = |wanted: i8, has: i8| wanted == ANY || wanted == has;
        let text = |wanted: &Option<String>, has: &String| wanted.as_ref().is_none_or(|w| w == has);
        self.matches_pattern(&acl.pattern)
            && text(&self.principal, &acl.principal)
            && text(&self.host, &acl.host)
            && number(self.operation, acl.operation)
            && number(self.permission, acl.permission)
    }

    fn matches_pattern(&self, pattern: &Pattern) -> bool {
        let is_match = self.pattern_type == MATCH;
        let of_type = self.resource_type == ANY || self.resource_type == pattern.resource_type;
        let of_pattern =
            is_match || self.pattern_type == ANY || self.pattern_type == pattern.pattern_type;
        let named = match &self.name {
            None => true,
            Some(name) if is_match && pattern.pattern_type == PREFIXED => {
                name.starts_with(&pattern.name)
            }
            Some(name) => *name == pattern.name || (is_match && pattern.name == ALL_RESOURCES),
        };
        of_type && of_pattern && named
    }
}

#[derive(Debug, Default)]
pub struct Acls {
    all: BTreeSet<Acl>,
}

impl Acls {
    /// What is there already stays.
    pub fn add(&mut self, acl: Acl) {
        self.all.insert(acl);
    }

    pub fn matching<'a>(&'a self, filter: &'a AclFilter) -> impl Iterator<Item = &'a Acl> {
        self.all.iter().filter(|acl| filter.matches(acl))
    }

    /// The entries about one resource.
    pub fn about<'a>(&'a self, resource_type: i8, name: &'a str) -> impl Iterator<Item = &'a Acl> {
        self.of_type(resource_type)
            .filter(move |acl| match acl.pattern.pattern_type {
                PREFIXED => name.starts_with(&acl.pattern.name),
                _ => acl.pattern.name == name || acl.pattern.name == ALL_RESOURCES,
            })
    }

    pub fn of_type(&self, resource_type: i8) -> impl Iterator<Item = &Acl> {
        let of_type = move |acl: &&Acl| acl.pattern.resource_type == resource_type;
        self.all.iter().filter(of_type)
    }

    pub fn remove<'a>(&mut self, acls: impl IntoIterator<Item = &'a Acl>) {
        for acl in acls {
            self.all.remove(acl);
        }
    }
}
