//! What is wrong, and what to change: from the step that failed and its error.

use crate::probe::{Address, Failure, Step};

/// A paragraph for a person.
pub fn of(server: &Address, announced: bool, failure: &Failure) -> String {
    let what = match announced {
        false => format!("{server} was not reached."),
        true => format!(
            "{server} was not reached, which the brokers announce: clients get its messages from \
             there. Where clients cannot use that address, the broker's `advertised.listeners` \
             is to be changed."
        ),
    };
    format!("{what}\n{}", change(failure))
}

fn change(failure: &Failure) -> &'static str {
    let text = failure.text.to_lowercase();
    match failure.step {
        Step::Resolve => {
            "The name is unknown to this machine: check its spelling, DNS and /etc/hosts."
        }
        Step::Connect if text.contains("refused") => {
            "Nothing listens there: check the port, and that the broker runs and listens on an \
             address that others can reach (`listeners`)."
        }
        Step::Connect => {
            "The network does not let connections through: check address, firewall, security \
             group and VPN."
        }
        Step::Tls | Step::Versions if failure.code == "_SSL" => {
            "TLS was not agreed on; the error names the property to look at."
        }
        Step::Tls => {
            "The connection ended before TLS was agreed on. If the listener speaks no TLS, \
             `security.protocol` is to be `plaintext` or `sasl_plaintext`."
        }
        Step::Versions => {
            "The connection was made, and the broker did not answer as Kafka does: a TLS listener \
             (`security.protocol=ssl` or `sasl_ssl`), a proxy, or another service."
        }
        Step::Login => {
            "The broker did not accept the login: check `sasl.mechanisms`, `sasl.username`, \
             `sasl.password` or the token, and the broker's log."
        }
        Step::Metadata if failure.code.contains("AUTHORIZATION") => {
            "The login works, but the user may not do this: the cluster's ACLs are to be changed."
        }
        Step::Metadata => {
            "The broker took the connection and did not answer requests: it may ask for a login \
             (`security.protocol=sasl_plaintext` or `sasl_ssl`), or be starting or overloaded."
        }
    }
}
