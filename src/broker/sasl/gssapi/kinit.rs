//! `sasl.kerberos.kinit.cmd`: a command of the application's that gets a ticket.

use std::process::{Command, Stdio};
use std::time::Duration;

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

/// How long the end of a command may go unseen, at most.
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// Runs the command by the shell, and waits for its end. `pause` waits for so long, and
/// says whether nobody wants the ticket any more: the command is then killed. The text of
/// an error does not have the command, in which there may be a password.
pub fn run(command: &str, mut pause: impl FnMut(Duration) -> bool) -> Result<(), String> {
    let mut child = Command::new("/bin/sh")
        .args(["-c", command])
        .stdin(Stdio::null())
        .spawn()
        .map_err(|error| format!("the command cannot be run: {error}"))?;
    let mut time = Duration::from_millis(1);
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("the command ended with {status}")),
            Ok(None) => {}
            // The application has its children reaped by itself, so nobody knows.
            Err(error) if error.raw_os_error() == Some(libc::ECHILD) => return Ok(()),
            Err(error) => return Err(format!("the command cannot be waited for: {error}")),
        }
        if pause(time) {
            // It fails only if the command has ended meanwhile.
            let _ = child.kill();
            let _ = child.wait();
            return Err("the command was killed, since the client ends".into());
        }
        time = (time * 2).min(LONGEST_PAUSE);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::time::Instant;

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

    fn run(command: &str) -> Result<(), String> {
        super::run(command, |time| {
            std::thread::sleep(time);
            false
        })
    }

    #[test]
    fn a_command_is_killed_when_nobody_wants_its_ticket() {
        let begun = Instant::now();
        let mut pauses = 0;
        let killed = super::run("exec sleep 600 # hunter2", |_| {
            pauses += 1;
            pauses == 3
        });
        let text = killed.unwrap_err();
        assert!(
            text.contains("killed") && !text.contains("hunter2"),
            "{text}"
        );
        assert!(begun.elapsed() < Duration::from_secs(300));
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
