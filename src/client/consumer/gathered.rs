//! A batch of messages in the making.
//!
//! What turns out to be of an assignment or a position that is over is left out, and what
//! is of a partition that was paused meanwhile goes back into its queue. What is handed
//! out counts as consumed.

#![allow(unsafe_code)]

use std::collections::VecDeque;
use std::ptr::NonNull;
use std::sync::Arc;

use crate::base::message::{MessageExt, Owned};
use crate::consumer::{Fetched, Next, Partition, Position};

/// A place for a message, as large as C's pointer to one.
pub type Place = Option<NonNull<MessageExt>>;

/// Messages gathered for a batch, not handed out yet.
pub struct Gathered<'a> {
    /// Filled up to `count`; what is beyond is not looked at.
    messages: &'a mut [Place],
    count: usize,
    runs: Vec<Run>,
}

/// Neighbours of one partition and version.
struct Run {
    partition: Arc<Partition>,
    version: u32,
    from: usize,
    to: usize,
    /// After them.
    end: Option<Position>,
    /// They were put back: the places are empty.
    returned: bool,
}

impl Run {
    fn is_stale(&self) -> bool {
        self.version != self.partition.version()
    }
}

pub enum Ended {
    Full,
    Spent { any: bool },
}

impl<'a> Gathered<'a> {
    pub fn new(messages: &'a mut [Place]) -> Self {
        Gathered {
            messages,
            count: 0,
            runs: Vec::new(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether there is no room, even without what is stale.
    pub fn is_full(&mut self) -> bool {
        if self.count == self.messages.len() {
            self.sort_out();
        }
        self.count == self.messages.len()
    }

    pub fn add(&mut self, m: NonNull<MessageExt>) {
        if let Some(slot) = self.messages.get_mut(self.count) {
            *slot = Some(m);
            self.count += 1;
        }
    }

    /// As much of the item as there is room for.
    pub fn take(&mut self, fetched: &mut Fetched) -> Ended {
        let Some(partition) = fetched.partition().cloned() else {
            return Ended::Spent { any: false };
        };
        let (version, from) = (fetched.version(), self.count);
        let mut end = None;
        let mut spent = false;
        while !spent && self.count < self.messages.len() {
            match fetched.next_with(|_, to| end = Some(to)) {
                Next::Message(m) => self.add(m),
                Next::Last(m) => {
                    self.add(m);
                    spent = true;
                }
                Next::Nothing => spent = true,
            }
        }
        let to = self.count;
        if to > from || end.is_some() {
            self.runs.push(Run {
                partition,
                version,
                from,
                to,
                end,
                returned: false,
            });
        }
        match spent {
            true => Ended::Spent { any: to > from },
            false => Ended::Full,
        }
    }

    /// Takes out what is not to be handed out now.
    fn sort_out(&mut self) {
        if self.runs.iter().any(|run| run.partition.is_paused()) {
            self.return_paused();
        }
        if self.runs.iter().any(|run| run.returned || run.is_stale()) {
            self.close_up();
        }
    }

    /// A partition's messages go back all or none, so that they stay in order.
    fn return_paused(&mut self) {
        let messages = &*self.messages;
        let mut stays: Vec<(Arc<Partition>, u32)> = Vec::new();
        for at in 0..self.runs.len() {
            let Some(rest) = self.runs.get_mut(at..) else {
                return;
            };
            let Some(first) = rest.first().filter(|r| r.partition.is_paused()) else {
                continue;
            };
            let of = (first.partition.clone(), first.version);
            let is_of = |run: &Run| Arc::ptr_eq(&run.partition, &of.0) && run.version == of.1;
            if !first.returned
                && !stays
                    .iter()
                    .any(|s| Arc::ptr_eq(&s.0, &of.0) && s.1 == of.1)
            {
                let back = of.0.put_back(of.1, || {
                    let mut all = VecDeque::new();
                    let mut end = None;
                    for run in rest.iter_mut().filter(|run| is_of(run)) {
                        run.returned = true;
                        end = run.end.or(end);
                        let taken = messages.get(run.from..run.to).unwrap_or_default();
                        // SAFETY: taken from the queue, and nobody else has it; the run says
                        // that the places are empty now.
                        all.extend(taken.iter().flatten().map(|m| unsafe { Owned::new(*m) }));
                    }
                    (all, end)
                });
                if !back {
                    stays.push(of);
                }
            }
        }
    }

    fn close_up(&mut self) {
        let mut kept = 0;
        let mut at = 0;
        for run in &mut self.runs {
            // What is between runs is of no partition.
            kept += shift(self.messages, at, run.from, kept);
            at = run.to;
            if run.returned || run.is_stale() {
                let stale = match run.returned {
                    true => &[],
                    false => self.messages.get(run.from..run.to).unwrap_or_default(),
                };
                for m in stale.iter().flatten() {
                    // SAFETY: taken from the queue, and nobody else has it.
                    drop(unsafe { Owned::new(*m) });
                }
                run.end = None;
                (run.from, run.to) = (kept, kept);
            } else {
                let from = kept;
                kept += shift(self.messages, run.from, run.to, kept);
                (run.from, run.to) = (from, kept);
            }
        }
        kept += shift(self.messages, at, self.count, kept);
        self.count = kept;
        self.runs.retain(|run| run.end.is_some());
    }

    /// Hands out what is left: how many.
    pub fn finish(mut self) -> usize {
        self.sort_out();
        for run in &self.runs {
            if let Some(end) = run.end {
                run.partition.advance(end);
            }
        }
        self.count
    }
}

/// Moves `from..to` down to `place`; returns how many there are.
fn shift<T: Copy>(list: &mut [T], from: usize, to: usize, place: usize) -> usize {
    if from != place {
        list.copy_within(from..to, place);
    }
    to - from
}
