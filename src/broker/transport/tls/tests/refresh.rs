use std::fs;
use std::path::PathBuf;

use super::authority::Authority;
use super::*;
use crate::base::lock::Mutex;
use crate::base::log::{Line, LogSink};

#[derive(Default)]
struct Lines(Mutex<Vec<String>>);

impl LogSink for Lines {
    fn write(&self, line: Line) {
        self.0.lock().push(line.text);
    }
}

/// A file that is removed in the end.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str, text: &str) -> Self {
        let name = format!("librskafka-{}-{name}", std::process::id());
        let file = Temporary(std::env::temp_dir().join(name));
        file.replace(text);
        file
    }

    /// As those do who replace certificates: at once.
    fn replace(&self, text: &str) {
        let new = self.0.with_extension("new");
        fs::write(&new, text).unwrap();
        fs::rename(&new, &self.0).unwrap();
    }

    fn path(&self) -> Option<String> {
        Some(self.0.to_str().unwrap().to_string())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn new_connections_use_what_has_changed_and_broken_files_change_nothing() {
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let file = Temporary::new("ca.pem", &old.pem());
    let settings = TlsSettings {
        ca_location: file.path(),
        verifies: true,
        identifies: true,
        refresh: Some(Duration::from_nanos(1)),
        ..TlsSettings::default()
    };
    let lines = Arc::new(Lines::default());
    let logger = Arc::new(Logger::new(7, 0, false));
    logger.set_sink(Some(lines.clone()));
    let connector = connector(settings, tcp(0), None, &logger).unwrap();
    let connects = |authority: &Authority| {
        let (mut client, mut server) = begin(&*connector, &authority.issue("b"));
        shake_hands(&mut client, &mut server).is_ok()
    };
    assert!(connects(&old) && !connects(&new));
    assert!(lines.0.lock().is_empty());

    file.replace("nonsense");
    assert!(connects(&old) && connects(&old));
    let said = lines.0.lock().split_off(0);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("ssl.ca.location") && said[0].contains(&file.path().unwrap()));

    file.replace(&new.pem());
    assert!(connects(&new) && !connects(&old));
    assert_eq!(lines.0.lock().len(), 1);
}

#[test]
fn files_are_left_alone_unless_asked_for() {
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let file = Temporary::new("fixed.pem", &old.pem());
    let mut settings = trusting(&old);
    settings.ca_pem = None;
    settings.ca_location = file.path();
    let connector = made(settings);
    file.replace(&new.pem());
    let (mut client, mut server) = begin(&*connector, &old.issue("b"));
    shake_hands(&mut client, &mut server).unwrap();
}
