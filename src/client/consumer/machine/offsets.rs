//! Committed offsets: commits of what the application says or of what is stored, and
//! what was committed before.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::Sender;

use super::Machine;
use crate::base::error::ErrorCode;
use crate::base::log::Level;
use crate::base::topic_partition::TopicPartition;
use crate::client::consumer::command::{Commit, CommitReply, CommittedReply};
use crate::client::consumer::commits;
use crate::client::context::MainContext;
use crate::client::event::Event;
use crate::client::types::{CommitEvent, CommitResult, Stored, events};
use crate::consumer::{Partition, Position, offset};
use crate::group::{self, Group};

/// What committed offsets are fetched for.
pub(super) enum Fetching {
    Control(Vec<(Arc<Partition>, u64)>),
    Application(Sender<CommittedReply>),
}

impl Machine {
    pub(super) fn stop_partitions(
        &mut self,
        cx: &mut MainContext<'_>,
        stopped: Vec<Stored>,
        reply: Option<Sender<()>>,
    ) {
        for (partition, _, _) in &stopped {
            self.control.stop(partition);
        }
        // What is lost is others' already.
        let lost = |group: &Group| group.membership().is_lost();
        let ours = self.group.as_ref().is_some_and(|group| !lost(group));
        let stopped = self.stop_simple(cx, stopped);
        if !stopped.is_empty() && ours {
            let reply = reply.map_or(CommitReply::Configured, CommitReply::Closing);
            self.commit_stored(cx, stopped.iter().filter_map(commits::final_commit), reply);
        } else if let Some(reply) = reply {
            let _ = reply.send(());
        }
    }

    /// Commits what is stored of partitions that are kept.
    pub(super) fn commit_progress(
        &mut self,
        cx: &mut MainContext<'_>,
        stored: &[Stored],
        reply: CommitReply,
    ) {
        self.commit_stored(cx, stored.iter().filter_map(commits::interim_commit), reply);
    }

    /// Without news only a call that waits gets a result.
    fn commit_stored(
        &mut self,
        cx: &mut MainContext<'_>,
        news: impl Iterator<Item = TopicPartition>,
        reply: CommitReply,
    ) {
        let news: Vec<_> = news.collect();
        if news.is_empty() {
            if let CommitReply::Closing(done) = reply {
                let _ = done.send(());
            }
            return;
        }
        self.send_commit(cx, news, reply);
    }

    /// What the assigned partitions have stored that is news.
    fn progress(&self) -> Vec<TopicPartition> {
        self.control
            .partitions()
            .filter_map(|p| {
                commits::interim_commit(&(p.clone(), p.stored.get(), p.stored_metadata()))
            })
            .collect()
    }

    /// The assigned partitions, for who committed what they have stored and there was
    /// nothing; none without an assignment.
    fn assigned_without_offset(&self) -> Option<Vec<TopicPartition>> {
        let mut all: Vec<_> = self
            .control
            .partitions()
            .map(|p| TopicPartition {
                topic: p.topic.name.clone(),
                partition: p.id,
                offset: offset::INVALID,
                leader_epoch: -1,
                metadata: None,
                err: ErrorCode::NO_ERROR,
            })
            .collect();
        all.sort_by(|a, b| (&a.topic, a.partition).cmp(&(&b.topic, b.partition)));
        (!all.is_empty()).then_some(all)
    }

    pub(super) fn commit(&mut self, cx: &mut MainContext<'_>, commit: Commit) {
        let refused = if cx.shared.barred().is_some() {
            Some(ErrorCode::_FATAL)
        } else if commit.offsets.is_none() && self.has_lost_assignment() {
            Some(ErrorCode::_ASSIGNMENT_LOST)
        } else {
            None
        };
        if let Some(code) = refused {
            let mut offsets = commit.offsets;
            if code == ErrorCode::_FATAL {
                offsets.iter_mut().flatten().for_each(|o| o.err = code);
            }
            self.tell_committed(cx, commit.reply, CommitResult { code, offsets });
            return;
        }
        let of_assignment = commit.offsets.is_none();
        let offsets = commit.offsets.unwrap_or_else(|| self.progress());
        if !offsets.iter().any(|o| o.offset >= 0) {
            let code = ErrorCode::_NO_OFFSET;
            let offsets = if of_assignment {
                self.assigned_without_offset()
            } else {
                Some(offsets)
            };
            self.tell_committed(cx, commit.reply, CommitResult { code, offsets });
            return;
        }
        self.send_commit(cx, offsets, commit.reply);
    }

    /// What is assigned belongs to others already.
    fn has_lost_assignment(&self) -> bool {
        let lost = |group: &Group| group.membership().is_lost();
        self.group.as_ref().is_some_and(lost) && self.control.partitions().next().is_some()
    }

    pub(super) fn send_commit(
        &mut self,
        cx: &mut MainContext<'_>,
        offsets: Vec<TopicPartition>,
        reply: CommitReply,
    ) {
        let id = self.id();
        let automatic = matches!(reply, CommitReply::Configured | CommitReply::Closing(_));
        self.commits.insert(id, reply);
        let offsets = offsets
            .into_iter()
            .filter(|o| o.offset >= 0)
            .map(|o| group::Offset {
                topic: o.topic,
                partition: o.partition,
                offset: o.offset,
                leader_epoch: o.leader_epoch,
                metadata: o.metadata,
            })
            .collect();
        self.tell_group(
            cx,
            group::Event::Commit(group::Commit {
                id,
                offsets,
                automatic,
            }),
        );
    }

    pub(super) fn on_commit_done(&mut self, cx: &mut MainContext<'_>, done: group::CommitDone) {
        let offsets: Vec<_> = done.offsets.into_iter().map(listed).collect();
        for o in offsets.iter().filter(|o| o.err.is_ok()) {
            if let Some(t) = self.consumer.find(&o.topic, o.partition) {
                t.partition.committed.set(o.offset, o.leader_epoch);
            }
        }
        let code = done.code;
        let offsets = Some(offsets);
        let result = CommitResult { code, offsets };
        let silent = [ErrorCode::_NO_OFFSET, ErrorCode::_DESTROY];
        if !silent.contains(&code) && !result.is_empty() {
            cx.shared.hooks.committed(&result);
        }
        let Some(reply) = self.commits.remove(&done.id) else {
            return;
        };
        self.tell_committed(cx, reply, result);
        self.check_unassigned(cx);
    }

    pub(super) fn tell_committed(
        &mut self,
        cx: &MainContext<'_>,
        reply: CommitReply,
        result: CommitResult,
    ) {
        match reply {
            CommitReply::Queue {
                queue,
                callback,
                opaque,
            } => {
                queue.push(Event::OffsetCommit(Box::new(CommitEvent {
                    result,
                    callback,
                    opaque,
                })));
            }
            CommitReply::Waiting(waiting) => {
                // In this order: the callback waits in its queue when the call returns.
                self.tell_configured(cx, result.clone(), true);
                let _ = waiting.send(result);
            }
            CommitReply::Closing(done) => {
                self.tell_configured(cx, result, false);
                let _ = done.send(());
            }
            CommitReply::Configured => self.tell_configured(cx, result, false),
        }
    }

    pub(super) fn tell_configured(&self, cx: &MainContext<'_>, result: CommitResult, told: bool) {
        let c = &cx.shared.conf.global;
        if c.offset_commit_cb != 0 || cx.shared.wants_event(events::OFFSET_COMMIT) {
            cx.shared
                .main_queue
                .push(Event::OffsetCommit(Box::new(CommitEvent {
                    result,
                    callback: c.offset_commit_cb,
                    opaque: c.opaque,
                })));
        } else if result.code.is_err() && result.code != ErrorCode::_NO_OFFSET && !told {
            cx.shared.logger.log(
                Level::Warning,
                "COMMITFAIL",
                format_args!(
                    "Offset commit failed for {} partition(s): {}",
                    result.len(),
                    result.code
                ),
            );
        }
    }

    pub(super) fn fetch_committed(
        &mut self,
        cx: &mut MainContext<'_>,
        partitions: Vec<(Arc<str>, i32)>,
        deadline: Option<Instant>,
        who: Fetching,
    ) {
        if self.group.is_none() {
            self.on_committed(cx, who, ErrorCode::_UNKNOWN_GROUP, Vec::new());
            return;
        }
        let id = self.id();
        self.fetches.insert(id, who);
        let fetch = group::Fetch {
            id,
            partitions,
            require_stable: self.require_stable,
            deadline,
        };
        self.tell_group(cx, group::Event::Fetch(fetch));
    }

    pub(super) fn on_committed(
        &mut self,
        cx: &MainContext<'_>,
        who: Fetching,
        code: ErrorCode,
        offsets: Vec<TopicPartition>,
    ) {
        match who {
            Fetching::Control(asked) => {
                let mut found: HashMap<_, _> = offsets
                    .into_iter()
                    .map(|o| ((o.topic.clone(), o.partition), o))
                    .collect();
                for (partition, token) in asked {
                    let key = (partition.topic.name.clone(), partition.id);
                    let result = match found.remove(&key) {
                        Some(o) if o.err.is_ok() => Ok(Position::of(&o)),
                        Some(o) => Err(o.err),
                        None => Err(code),
                    };
                    self.control.on_committed(cx.now, &partition, token, result);
                }
            }
            Fetching::Application(reply) => {
                let _ = reply.send(if code.is_err() {
                    Err(code)
                } else {
                    Ok(offsets)
                });
            }
        }
    }
}

pub(super) fn listed(c: group::Committed) -> TopicPartition {
    TopicPartition {
        topic: c.offset.topic,
        partition: c.offset.partition,
        offset: c.offset.offset,
        leader_epoch: c.offset.leader_epoch,
        metadata: c.offset.metadata,
        err: c.code,
    }
}
