//! The simple consumer's offsets: kept for partitions that were started at the stored offset, by the group or in a file.
//!
//! What is stored is committed every `auto.commit.interval.ms` (the topic's) and when the partition is stopped. A partition that
//! was started elsewhere keeps none.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Machine;
use crate::base::error::ErrorCode;
use crate::base::log::debug;
use crate::client::consumer::command::CommitReply;
use crate::client::consumer::commits;
use crate::client::context::MainContext;
use crate::client::shared::ClientShared;
use crate::client::types::{FileStore, OffsetStore, Stored};
use crate::consumer::{Partition, Position, offset};

type Key = (Arc<str>, i32);

/// The partitions that the simple consumer has started.
#[derive(Default)]
pub struct Simple {
    started: HashMap<Key, Option<Keeping>>,
}

struct Keeping {
    partition: Arc<Partition>,
    file: Option<OffsetFile>,
    interval: Option<Duration>,
    next_commit: Option<Instant>,
}

fn key(p: &Partition) -> Key {
    (p.topic.name.clone(), p.id)
}

fn stored(p: &Arc<Partition>) -> Stored {
    (p.clone(), p.stored.get(), p.stored_metadata())
}

impl Simple {
    pub fn next_deadline(&self) -> Option<Instant> {
        let kept = self.started.values().flatten();
        kept.flat_map(|k| [k.next_commit, k.file.as_ref().and_then(|f| f.next_sync)])
            .flatten()
            .min()
    }

    /// Whether the timer of the group's consumers leaves this partition alone.
    pub fn has(&self, p: &Partition) -> bool {
        self.started.contains_key(&key(p))
    }
}

impl Machine {
    /// Where to start, when that is not known to a file: `at`.
    pub(super) fn start_simple(
        &mut self,
        cx: &MainContext<'_>,
        partition: &Arc<Partition>,
        at: Position,
        store: Option<OffsetStore>,
    ) -> Position {
        let Some(store) = store else {
            self.simple.started.insert(key(partition), None);
            return at;
        };
        let mut file = store.file.map(|f| OffsetFile::new(cx, partition, &f));
        let found = file.as_mut().map(|f| f.read(cx.shared, partition));
        let keeping = Keeping {
            partition: partition.clone(),
            file,
            interval: store.interval,
            next_commit: store.interval.map(|i| cx.now + i),
        };
        self.simple.started.insert(key(partition), Some(keeping));
        match found {
            Some(Some(found)) => {
                partition.committed.set(found, -1);
                partition.stored.set(found, -1);
                Position::new(found, -1)
            }
            // Not the group's: the reset policy says.
            Some(None) => Position::new(offset::INVALID, -1),
            None => at,
        }
    }

    /// Takes out what the simple consumer has stopped; gives back what the group is to commit.
    pub(super) fn stop_simple(
        &mut self,
        cx: &MainContext<'_>,
        stopped: Vec<Stored>,
    ) -> Vec<Stored> {
        let automatic = cx.shared.conf.global.enable_auto_commit;
        let to_group =
            stopped
                .into_iter()
                .filter(|at| match self.simple.started.remove(&key(&at.0)) {
                    None => automatic,
                    Some(None) => false,
                    Some(Some(Keeping { file: None, .. })) => commits::interim_commit(at).is_some(),
                    Some(Some(Keeping {
                        file: Some(mut file),
                        ..
                    })) => {
                        file.commit(cx, at);
                        file.close();
                        false
                    }
                });
        to_group.collect()
    }

    pub(super) fn simple_on_time(&mut self, cx: &mut MainContext<'_>) {
        let mut to_group = Vec::new();
        for k in self.simple.started.values_mut().flatten() {
            if k.next_commit.is_some_and(|at| at <= cx.now) {
                k.next_commit = k.interval.map(|i| cx.now + i);
                let at = stored(&k.partition);
                match &mut k.file {
                    Some(file) => file.commit(cx, &at),
                    None => to_group.push(at),
                }
            }
            if let Some(file) = &mut k.file
                && file.next_sync.is_some_and(|at| at <= cx.now)
            {
                file.next_sync = None;
                file.sync();
            }
        }
        if !to_group.is_empty() {
            self.commit_progress(cx, &to_group, CommitReply::Configured);
        }
    }

    /// The client ends with partitions that were not stopped.
    pub(super) fn end_simple(&mut self, cx: &MainContext<'_>) {
        for k in self.simple.started.drain().filter_map(|(_, k)| k) {
            if let Some(mut file) = k.file {
                file.commit(cx, &stored(&k.partition));
                file.close();
            }
        }
    }
}

/// A partition's file: the offset in digits and a line's end.
struct OffsetFile {
    path: String,
    file: Option<File>,
    sync: Option<Duration>,
    /// When what was written is to be synced.
    next_sync: Option<Instant>,
}

impl OffsetFile {
    fn new(cx: &MainContext<'_>, p: &Partition, store: &FileStore) -> Self {
        let mut path = store.path.clone();
        if Path::new(&path).is_dir() {
            let group = cx.shared.conf.global.group_id.as_deref();
            let group = group.map_or_else(String::new, |g| format!("-{g}"));
            if !path.ends_with('/') {
                path.push('/');
            }
            path.push_str(&escaped(&format!(
                "{}-{}{group}.offset",
                p.topic.name, p.id
            )));
        }
        OffsetFile {
            path,
            file: None,
            sync: store.sync,
            next_sync: None,
        }
    }

    fn fault(&self, shared: &ClientShared, p: &Partition, what: &str, why: &dyn std::fmt::Display) {
        let path = &self.path;
        let text = format!("{p:?}: {what} offset file {path}: {why}");
        shared.error(ErrorCode::_FS, text);
    }

    fn open(&mut self, shared: &ClientShared) -> io::Result<&mut File> {
        match &mut self.file {
            Some(file) => Ok(file),
            none => Ok(none.insert(shared.hooks.open_file(&self.path)?.into())),
        }
    }

    /// The offset in the file; an empty one has none.
    fn read(&mut self, shared: &ClientShared, p: &Partition) -> Option<i64> {
        let mut text = Vec::new();
        let read = self.open(shared).and_then(|file| {
            file.seek(SeekFrom::Start(0))?;
            file.take(21).read_to_end(&mut text)
        });
        if let Err(e) = read {
            self.fault(shared, p, "Failed to read", &e);
            self.file = None;
            return None;
        }
        if text.is_empty() {
            return None;
        }
        let found = number(&text);
        if found.is_none() {
            let text = format!("{p:?}: there is no offset in {}", self.path);
            shared.error(ErrorCode::_FS, text);
        }
        found
    }

    /// Writes the offset, if it is news. A file that fails is opened once more.
    fn commit(&mut self, cx: &MainContext<'_>, at: &Stored) {
        let Some(news) = commits::interim_commit(at) else {
            return;
        };
        let partition = &at.0;
        for again in [true, false] {
            match self.write(cx.shared, news.offset) {
                Ok(()) => break,
                Err(e) => {
                    self.file = None;
                    if !again {
                        self.fault(cx.shared, partition, "Failed to write", &e);
                        return;
                    }
                }
            }
        }
        partition.committed.set(news.offset, news.leader_epoch);
        cx.shared.logger.debug(
            debug::TOPIC,
            "OFFSET",
            format_args!("{partition:?}: wrote {} to {}", news.offset, self.path),
        );
        match self.sync {
            Some(Duration::ZERO) => self.sync(),
            Some(after) => self.next_sync = self.next_sync.or(Some(cx.now + after)),
            None => {}
        }
    }

    fn write(&mut self, shared: &ClientShared, offset: i64) -> io::Result<()> {
        let text = format!("{offset}\n");
        let file = self.open(shared)?;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(text.as_bytes())?;
        file.set_len(text.len() as u64)
    }

    fn sync(&mut self) {
        if let Some(file) = &self.file {
            // There is nothing to be done about it: the next one may work.
            let _ = file.sync_all();
        }
    }

    fn close(&mut self) {
        if self.next_sync.take().is_some() {
            self.sync();
        }
        self.file = None;
    }
}

/// The number at the start of the text.
fn number(text: &[u8]) -> Option<i64> {
    let text = text.trim_ascii_start();
    let end = text.iter().position(|b| !b.is_ascii_digit());
    let digits = text.get(..end.unwrap_or(text.len()))?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// A topic's name may have what separates folders.
fn escaped(name: &str) -> String {
    name.replace('/', "%2F")
        .replace(':', "%3A")
        .replace('\\', "%5C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_ends_where_the_digits_end() {
        assert_eq!(number(b"123\n"), Some(123));
        assert_eq!(number(b" 7 8"), Some(7));
        assert_eq!(number(b"x1"), None);
        assert_eq!(number(b"\n"), None);
        assert_eq!(number(b"99999999999999999999"), None);
    }

    #[test]
    fn names_of_files_have_no_separators() {
        assert_eq!(escaped("a/b:c\\d"), "a%2Fb%3Ac%5Cd");
    }
}
