//! `sasl.kerberos.kinit.cmd`: a command of the application's that gets a ticket.

use std::process::{Command, Stdio};

/// Replaces each `%{name}` by a property. An error says what cannot be replaced.
pub fn render(template: &str, property: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let bad = |what: &str| format!("`sasl.kerberos.kinit.cmd`: {what}");
    let mut parts = template.split("%{");
    let mut rendered = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let Some((name, rest)) = part.split_once('}') else {
            return Err(bad("a `%{` has no `}`"));
        };
        let Some(value) = property(name) else {
            return Err(bad(&format!("`{name}` is not set, or is no property")));
        };
        rendered.push_str(&value);
        rendered.push_str(rest);
    }
    Ok(rendered)
}

/// Runs the command by the shell, and waits for its end. The text of an error does not
/// have the command, in which there may be a password.
pub fn run(command: &str) -> Result<(), String> {
    let status = Command::new("/bin/sh")
        .args(["-c", command])
        .stdin(Stdio::null())
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("the command ended with {status}")),
        // The application has its children reaped by itself, so nobody knows.
        Err(error) if error.raw_os_error() == Some(libc::ECHILD) => Ok(()),
        Err(error) => Err(format!("the command cannot be run: {error}")),
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn properties_are_replaced() {
        let property = |name: &str| (name != "unset").then(|| format!("<{name}>"));
        let render = |template: &str| render(template, property);
        assert_eq!(
            render("kinit -t \"%{a.b}\" 100% %{c}"),
            Ok("kinit -t \"<a.b>\" 100% <c>".into())
        );
        assert_eq!(render(""), Ok(String::new()));
        assert!(render("x %{unset}").unwrap_err().contains("`unset`"));
        assert!(render("x %{a").unwrap_err().contains("no `}`"));
    }

    #[test]
    fn commands_end_well_or_not() {
        assert_eq!(run("true hunter2"), Ok(()));
        let failed = run("exit 3 # hunter2").unwrap_err();
        assert!(failed.contains('3') && !failed.contains("hunter2"));
        let killed = run("kill -9 $$").unwrap_err();
        assert!(killed.contains("signal: 9"), "{killed}");
    }
}
