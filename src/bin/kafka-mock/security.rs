//! The options that secure the cluster: TLS, logins, and what who may do.

use rdkafka::mock::sasl::Mechanism;
use rdkafka::mock::security::{Authorizer, ClientCertificates, Security, Tls, User};
use std::path::PathBuf;

pub const HELP: &str = "
Security (the bootstrap servers stay the same; all brokers are secured alike):

  --tls CERT KEY           speak TLS: PEM files with the certificate, then those
                           that it was issued by, and with its key
  --client-ca FILE         take clients by their certificates, which one of the CAs
                           in this PEM file has issued: User:CN=alice,O=…
  --client-auth MODE       required (the default with --client-ca) or requested
  --sasl-user NAME:SECRET  who may log in; may be given several times. Others see
                           the arguments of a process: see --sasl-users
  --sasl-users FILE        the same from a file, one NAME:SECRET on a line
  --sasl-mechanisms LIST   of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 (these three by
                           default if there are users) and OAUTHBEARER (unsecured
                           tokens: anybody with sub and exp is let in)
  --reauth-ms N            connections.max.reauth.ms: how long a login lasts
  --super-user NAME        User:NAME (as User:alice or alice) may do everything;
                           may be given several times
  --deny-without-acl       allow.everyone.if.no.acl.found=false
                           ACLs are enforced if clients log in or show certificates,
                           or one of the last two options is given
";

#[derive(Default)]
pub struct Arguments {
    tls: Option<(PathBuf, PathBuf)>,
    client_ca: Option<PathBuf>,
    requested: Option<bool>,
    users: Vec<User>,
    mechanisms: Option<Vec<Mechanism>>,
    reauth_ms: u32,
    super_users: Vec<String>,
    deny_without_acl: bool,
}

type Value<'a> = &'a mut dyn FnMut() -> Result<String, String>;

impl Arguments {
    pub fn take(&mut self, name: &str, value: Value) -> Result<(), String> {
        match name {
            "--tls" => self.tls = Some((value()?.into(), value()?.into())),
            "--client-ca" => self.client_ca = Some(value()?.into()),
            "--client-auth" => {
                self.requested = Some(match value()?.as_str() {
                    "requested" => true,
                    "required" => false,
                    other => {
                        let why = format!("requested or required, not '{other}'");
                        return Err(format!("--client-auth takes {why}"));
                    }
                });
            }
            "--sasl-user" => self.users.push(user(&value()?, "--sasl-user")?),
            "--sasl-users" => self.users.extend(users(&value()?)?),
            "--sasl-mechanisms" => {
                let list = value()?;
                let all = list.split(',').map(|m| mechanism(m.trim()));
                self.mechanisms = Some(all.collect::<Result<_, _>>()?);
            }
            "--reauth-ms" => {
                self.reauth_ms = crate::number(name, &value()?, 0, u32::MAX.into())? as u32;
            }
            "--super-user" => self.super_users.push(principal(value()?)),
            _ => return Err(format!("unknown option {name}")),
        }
        Ok(())
    }

    pub fn deny_without_acl(&mut self) {
        self.deny_without_acl = true;
    }

    /// What they mean together.
    pub fn settle(self) -> Result<Security, String> {
        let client = match (self.client_ca, self.requested) {
            (None, None) => ClientCertificates::None,
            (None, Some(_)) => return Err("--client-auth needs --client-ca".into()),
            (Some(ca), Some(true)) => ClientCertificates::Requested(ca),
            (Some(ca), _) => ClientCertificates::Required(ca),
        };
        if client != ClientCertificates::None && self.tls.is_none() {
            return Err("--client-ca needs --tls".into());
        }
        let mechanisms = match (self.mechanisms, self.users.is_empty()) {
            (Some(mechanisms), _) => mechanisms,
            (None, true) => Vec::new(),
            (None, false) => {
                let all = Mechanism::ALL.into_iter();
                all.filter(|m| *m != Mechanism::OAuthBearer).collect()
            }
        };
        let by_password = mechanisms.iter().find(|m| **m != Mechanism::OAuthBearer);
        if let (Some(mechanism), true) = (by_password, self.users.is_empty()) {
            let why = "needs --sasl-user or --sasl-users";
            return Err(format!("{} {why}", mechanism.name()));
        }
        if self.reauth_ms > 0 && mechanisms.is_empty() {
            return Err("--reauth-ms needs --sasl-user or --sasl-mechanisms".into());
        }
        let enforced = !mechanisms.is_empty()
            || client != ClientCertificates::None
            || !self.super_users.is_empty()
            || self.deny_without_acl;
        Ok(Security {
            tls: self.tls.map(|(certificate, key)| Tls {
                certificate,
                key,
                client,
            }),
            mechanisms,
            users: self.users,
            reauth_ms: self.reauth_ms,
            authorizer: enforced.then_some(Authorizer {
                super_users: self.super_users,
                allow_if_no_acl: !self.deny_without_acl,
            }),
        })
    }
}

/// What is wrong is told without what stands there, which may be a secret.
fn user(text: &str, from: &str) -> Result<User, String> {
    match text.split_once(':') {
        Some((name, password)) if !name.is_empty() && !password.is_empty() => Ok(User {
            name: name.to_owned(),
            password: password.to_owned().into(),
        }),
        _ => Err(format!("{from} takes NAME:SECRET, both not empty")),
    }
}

fn users(file: &str) -> Result<Vec<User>, String> {
    let text = std::fs::read_to_string(file).map_err(|e| format!("--sasl-users {file}: {e}"))?;
    let lines = text.lines().enumerate();
    let named = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    named
        .map(|(at, line)| user(line, &format!("--sasl-users {file}, line {}:", at + 1)))
        .collect()
}

fn mechanism(name: &str) -> Result<Mechanism, String> {
    Mechanism::by_name(name).ok_or_else(|| {
        let known: Vec<&str> = Mechanism::ALL.iter().map(|m| m.name()).collect();
        let known = known.join(", ");
        format!("--sasl-mechanisms takes some of {known}, not '{name}'")
    })
}

fn principal(name: String) -> String {
    match name.starts_with("User:") {
        true => name,
        false => format!("User:{name}"),
    }
}
