//! The partitions that the application consumes: assigned, or started by the simple
//! consumer.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::command::Command;
use super::membership::Change;
use super::{Assignment, Consumer, ConsumerPartition, STOP_PATIENCE};
use crate::base::error::{ErrorCode, KafkaError};
use crate::client::event::EventQueue;
use crate::client::types::OffsetStore;
use crate::consumer::{Position, offset, partition};

impl Consumer {
    /// Replaces the assignment. Every partition begins anew. Without effect once the
    /// consumer is closed.
    pub fn assign(
        &self,
        wanted: Vec<(Arc<ConsumerPartition>, Position)>,
    ) -> Result<(), KafkaError> {
        let change = self.group.check_change(false)?;
        let mut assignment = self.assignment.lock();
        if self.is_closed() {
            return Ok(());
        }
        let old = std::mem::take(&mut *assignment);
        self.stop_all(old.into_values());
        if change == Change::AsAsked {
            // The old assignment is given up all the same.
            check_distinct(&wanted)?;
            self.begin(&mut assignment, wanted);
        }
        self.answer_rebalance();
        Ok(())
    }

    /// Gives everything up, as an answer to whatever the rebalance was.
    fn give_up_all(&self) {
        let mut assignment = self.assignment.lock();
        if !self.is_closed() {
            let old = std::mem::take(&mut *assignment);
            self.stop_all(old.into_values());
            self.answer_rebalance();
        }
    }

    /// The application has had its time to answer a rebalance, be it one that it never
    /// looked at.
    pub fn answer_for_application(&self) {
        let mut assignment = self.assignment.lock();
        let old = std::mem::take(&mut *assignment);
        self.stop_all(old.into_values());
        self.send(Command::RebalancedLast);
    }

    pub fn incremental_assign(
        &self,
        wanted: Vec<(Arc<ConsumerPartition>, Position)>,
    ) -> Result<(), KafkaError> {
        if self.group.check_change(true)? == Change::GiveUpAll {
            self.give_up_all();
            return Ok(());
        }
        let mut assignment = self.assignment.lock();
        if self.is_closed() {
            return Ok(());
        }
        check_distinct(&wanted)?;
        if let Some((tp, _)) = wanted
            .iter()
            .find(|(t, _)| assignment.contains_key(&t.key()))
        {
            return Err(KafkaError::new(
                ErrorCode::_CONFLICT,
                format!("{:?} is assigned already", tp.partition),
            ));
        }
        self.begin(&mut assignment, wanted);
        self.answer_rebalance();
        Ok(())
    }

    pub fn incremental_unassign(&self, gone: &[(Arc<str>, i32)]) -> Result<(), KafkaError> {
        if self.group.check_change(true)? == Change::GiveUpAll {
            self.give_up_all();
            return Ok(());
        }
        let mut assignment = self.assignment.lock();
        if assignment.is_empty() && !gone.is_empty() {
            return Err(KafkaError::new(
                ErrorCode::_INVALID_ARG,
                "Nothing is assigned that could be taken away",
            ));
        }
        if let Some((topic, id)) = gone.iter().find(|key| !assignment.contains_key(*key)) {
            return Err(KafkaError::new(
                ErrorCode::_INVALID_ARG,
                format!("{topic} [{id}] is not assigned: it cannot be taken away"),
            ));
        }
        let gone: Vec<_> = gone
            .iter()
            .filter_map(|key| assignment.remove(key))
            .collect();
        self.stop_all(gone.into_iter());
        self.answer_rebalance();
        Ok(())
    }

    /// Takes out what of these is assigned.
    pub fn give_up(&self, gone: &[(Arc<str>, i32)]) {
        let mut assignment = self.assignment.lock();
        let gone: Vec<_> = gone
            .iter()
            .filter_map(|key| assignment.remove(key))
            .collect();
        self.stop_all(gone.into_iter());
    }

    fn begin(&self, assignment: &mut Assignment, wanted: Vec<(Arc<ConsumerPartition>, Position)>) {
        let mut starts = Vec::with_capacity(wanted.len());
        for (tp, at) in wanted {
            // The application's own pause is of the partition, and outlives assignments.
            tp.partition.resume(partition::PAUSED_BY_CLIENT);
            let version = tp.partition.begin();
            if !tp.forwarded_by_app.load(Ordering::Acquire) {
                self.lead(&tp, Some(&self.queue));
            }
            // Without an offset the committed one is meant.
            let at = if at.offset == offset::INVALID {
                Position::new(offset::STORED, -1)
            } else {
                at
            };
            tp.assigned_at.set(at.offset, at.epoch);
            starts.push((tp.partition.clone(), version, at));
            assignment.insert(tp.key(), tp);
        }
        self.send(Command::Start(starts));
    }

    fn stop_all(&self, gone: impl Iterator<Item = Arc<ConsumerPartition>>) {
        let gone: Vec<_> = gone.collect();
        if gone.is_empty() {
            return;
        }
        // What they have stored is committed before it is forgotten.
        let partitions: Vec<_> = gone.iter().map(|t| t.partition.clone()).collect();
        self.send(Command::Stop {
            commit: partitions
                .iter()
                .map(|p| (p.clone(), p.stored.get(), p.stored_metadata()))
                .collect(),
            reply: None,
        });
        for p in partitions {
            p.end();
            p.position.set(offset::INVALID, -1);
        }
    }

    pub fn assignment(&self) -> Vec<Arc<ConsumerPartition>> {
        self.assignment.lock().values().cloned().collect()
    }

    pub fn start(
        &self,
        tp: &Arc<ConsumerPartition>,
        at: Position,
        to: Option<&EventQueue>,
        store: Option<OffsetStore>,
    ) {
        let mut started = self.started.lock();
        let version = tp.partition.begin();
        self.lead(tp, to);
        started.insert(tp.key(), tp.clone());
        self.send(Command::StartSimple {
            partition: tp.partition.clone(),
            version,
            at,
            store,
        });
    }

    /// Ends what `start` began, its offsets committed if that is wanted.
    pub fn stop(&self, tp: &Arc<ConsumerPartition>) {
        let p = &tp.partition;
        self.started.lock().remove(&tp.key());
        let patience = STOP_PATIENCE.min(self.core.settings.socket_timeout);
        let _ = self.ask(
            |reply| Command::Stop {
                commit: vec![(p.clone(), p.stored.get(), p.stored_metadata())],
                reply: Some(reply),
            },
            Some(Instant::now() + patience),
        );
        p.end();
    }

    /// How many partitions the simple consumer has started.
    pub fn started_count(&self) -> usize {
        self.started.lock().len()
    }

    pub fn is_simple(&self) -> bool {
        !self.started.lock().is_empty()
    }
}

fn check_distinct(wanted: &[(Arc<ConsumerPartition>, Position)]) -> Result<(), KafkaError> {
    let mut seen = HashSet::new();
    match wanted.iter().find(|(t, _)| !seen.insert(t.key())) {
        Some((twice, _)) => Err(KafkaError::new(
            ErrorCode::_INVALID_ARG,
            format!("The list has {:?} twice", twice.partition),
        )),
        None => Ok(()),
    }
}
