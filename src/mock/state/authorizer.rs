//! Whether somebody may do something, by the rules of Kafka's StandardAuthorizer: super
//! users may do all; what one entry denies, no other allows; what an entry allows may bring
//! more with it, such as that who may read may also look.

use super::acls::{Acl, Acls, CLUSTER, CLUSTER_NAME, LITERAL, PREFIXED};
use super::{ClusterState, Cx};
use crate::mock::security::Authorizer;
use std::collections::BTreeSet;

/// The wire's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i8)]
pub enum Operation {
    All = 2,
    Read,
    Write,
    Create,
    Delete,
    Alter,
    Describe,
    ClusterAction,
    DescribeConfigs,
    AlterConfigs,
    IdempotentWrite,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource<'a> {
    Topic(&'a str),
    Group(&'a str),
    Cluster,
    TransactionalId(&'a str),
}

impl<'a> Resource<'a> {
    fn type_and_name(self) -> (i8, &'a str) {
        match self {
            Resource::Topic(name) => (2, name),
            Resource::Group(name) => (3, name),
            Resource::Cluster => (CLUSTER, CLUSTER_NAME),
            Resource::TransactionalId(name) => (5, name),
        }
    }
}

const DENY: i8 = 2;
const ALLOW: i8 = 3;
const EVERYONE: &str = "User:*";
const EVERYWHERE: &str = "*";
const ALL_RESOURCES: &str = "*";

pub struct StandardAuthorizer {
    super_users: BTreeSet<String>,
    allow_if_no_acl: bool,
}

impl From<&Authorizer> for StandardAuthorizer {
    fn from(options: &Authorizer) -> Self {
        StandardAuthorizer {
            super_users: options.super_users.iter().cloned().collect(),
            allow_if_no_acl: options.allow_if_no_acl,
        }
    }
}

/// Who asks, and from where.
struct Asking<'a> {
    principal: &'a str,
    host: &'a str,
}

impl<'a> Asking<'a> {
    fn of(cx: &'a Cx) -> Self {
        Asking {
            principal: &cx.principal,
            host: cx.client_host.trim_start_matches('/'),
        }
    }

    fn is_meant_by(&self, acl: &Acl) -> bool {
        (acl.principal == self.principal || acl.principal == EVERYONE)
            && (acl.host == self.host || acl.host == EVERYWHERE)
    }
}

/// Whether an entry with one operation is about another. Only what is allowed brings
/// anything with it.
fn covers(acl: &Acl, operation: Operation) -> bool {
    use Operation::{All, Alter, AlterConfigs, Delete, Describe, DescribeConfigs, Read, Write};
    let is = |o: Operation| acl.operation == o as i8;
    if is(All) || is(operation) {
        return true;
    }
    acl.permission == ALLOW
        && match operation {
            Describe => [Read, Write, Delete, Alter].into_iter().any(is),
            DescribeConfigs => is(AlterConfigs),
            _ => false,
        }
}

impl StandardAuthorizer {
    fn allows(&self, acls: &Acls, who: &Asking, operation: Operation, on: Resource) -> bool {
        if self.super_users.contains(who.principal) {
            return true;
        }
        let (resource_type, name) = on.type_and_name();
        let mut any = false;
        let mut allowed = false;
        for acl in acls.about(resource_type, name) {
            any = true;
            if who.is_meant_by(acl) && covers(acl, operation) {
                match acl.permission {
                    DENY => return false,
                    ALLOW => allowed = true,
                    _ => {}
                }
            }
        }
        allowed || (!any && self.allow_if_no_acl)
    }

    /// Whether there is a resource of the type on which somebody may do something, though
    /// nobody may have made it yet.
    fn allows_some(
        &self,
        acls: &Acls,
        who: &Asking,
        operation: Operation,
        type_of: Resource,
    ) -> bool {
        // A name like any other, for super users and for who needs no entry.
        if self.allows(acls, who, operation, type_of) {
            return true;
        }
        let (resource_type, _) = type_of.type_and_name();
        let mine: Vec<&Acl> = acls
            .of_type(resource_type)
            .filter(|acl| who.is_meant_by(acl) && covers(acl, operation))
            .collect();
        let is_denied = |allowed: &Acl| {
            let allowed = &allowed.pattern;
            mine.iter().filter(|a| a.permission == DENY).any(|denied| {
                let denied = &denied.pattern;
                match denied.pattern_type {
                    PREFIXED => allowed.name.starts_with(&denied.name),
                    _ if denied.name == ALL_RESOURCES => true,
                    _ => allowed.pattern_type == LITERAL && allowed.name == denied.name,
                }
            })
        };
        let mut allowing = mine.iter().filter(|a| a.permission == ALLOW);
        allowing.any(|allowed| !is_denied(allowed))
    }
}

impl ClusterState {
    /// Where there is no authorizer, everybody may do everything.
    pub fn may(&self, cx: &Cx, operation: Operation, on: Resource) -> bool {
        let authorizer = self.authorizer.as_ref();
        authorizer.is_none_or(|a| a.allows(&self.acls, &Asking::of(cx), operation, on))
    }

    pub fn may_on_some_topic(&self, cx: &Cx, operation: Operation) -> bool {
        let some = Resource::Topic("hardcode");
        let authorizer = self.authorizer.as_ref();
        authorizer.is_none_or(|a| a.allows_some(&self.acls, &Asking::of(cx), operation, some))
    }

    /// Those of these operations, given as bits, that are allowed.
    pub fn operations(&self, cx: &Cx, of: i32, on: Resource) -> i32 {
        use Operation::*;
        let all = [
            Read,
            Write,
            Create,
            Delete,
            Alter,
            Describe,
            ClusterAction,
            DescribeConfigs,
            AlterConfigs,
            IdempotentWrite,
        ];
        let bits = all.into_iter().filter(|&o| self.may(cx, o, on));
        bits.fold(0, |bits, o| bits | (1 << o as i32)) & of
    }
}
