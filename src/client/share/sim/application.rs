//! What applications do: poll, say what becomes of records, commit, close, and take their
//! time. As [`crate::client::share::ShareConsumer`] does it for them.

use std::collections::BTreeSet;
use std::time::Duration;

use super::member::Mail;
use super::{SETTLED, Simulation, TOPIC, TROUBLE, What};
use crate::consumer::share::AckType;
use crate::consumer::share::fetched::Rest;
use crate::consumer::testing;

#[derive(Debug)]
pub(super) enum Phase {
    /// Busy with what it has.
    Idle,
    /// It waits for records.
    Polling,
    /// It waits for so many results of a commit.
    Committing(u64, usize),
    /// These sessions are being ended.
    Closing(BTreeSet<u64>),
    Closed,
}

impl Simulation {
    pub(super) fn application_later(&mut self, member: usize, most_ms: u64) {
        let delay = Duration::from_millis(self.rng.u64(..=most_ms));
        self.wake_later(member, delay);
    }

    pub(super) fn wake_later(&mut self, member: usize, delay: Duration) {
        let m = &mut self.members[member];
        m.turn += 1;
        let turn = m.turn;
        let what = What::Application { member, turn };
        self.schedule.add(self.now + delay, what);
    }

    pub(super) fn application(&mut self, member: usize, turn: u64) {
        let m = &mut self.members[member];
        if m.turn != turn || !m.alive {
            return;
        }
        match m.phase {
            Phase::Idle => self.step(member),
            Phase::Polling => {
                m.phase = Phase::Idle;
                self.application_later(member, 50);
            }
            Phase::Committing(..) | Phase::Closed => {}
            // It has waited long enough.
            Phase::Closing(_) => {
                let is_calm = self.now > TROUBLE + SETTLED;
                let is_short = self.config.max_wait < self.config.socket_timeout;
                assert!(!is_calm || !is_short, "{member}: closing takes too long");
                self.end_member(member);
            }
        }
    }

    fn step(&mut self, member: usize) {
        let what = self.rng.u8(..100);
        if self.ending || (self.trouble && what < 2) {
            return self.begin_close(member);
        }
        if self.members[member].explicit {
            let count = self.members[member].held.len();
            let some = self.rng.usize(..=count);
            self.say(member, some);
        }
        match what {
            ..15 => self.commit(member, true),
            15..30 => {
                self.commit(member, false);
                self.application_later(member, 100);
            }
            _ => self.poll(member),
        }
    }

    /// What becomes of some of the records that it has.
    fn say(&mut self, member: usize, some: usize) {
        for _ in 0..some {
            let one = self.rng.usize(..self.members[member].held.len());
            let (partition, offset) = self.members[member].held.swap_remove(one);
            let kind = match self.rng.u8(..20) {
                0..3 if self.trouble => AckType::Release,
                3 if self.trouble => AckType::Reject,
                _ => AckType::Accept,
            };
            let acks = &mut self.members[member].acks;
            let said = acks.acknowledge(TOPIC, partition, offset, kind);
            assert_eq!(said, Ok(()), "the application has {partition} {offset}");
        }
    }

    /// Unless the application says it, all is accepted.
    fn accept(&mut self, member: usize) {
        let m = &mut self.members[member];
        if !m.explicit {
            m.acks.accept_all();
            m.held.clear();
        }
    }

    fn poll(&mut self, member: usize) {
        if self.members[member].explicit {
            self.say(member, self.members[member].held.len());
        }
        self.accept(member);
        let m = &mut self.members[member];
        assert_eq!(m.acks.open(), 0, "all has been said");
        let fetch = m.queue.is_empty() && !m.asked;
        m.asked |= fetch;
        let acks = m.acks.take();
        if fetch || !acks.is_empty() {
            self.post(member, Mail::Poll { acks, fetch });
        }
        let patience = Duration::from_millis(self.rng.u64(1..3000));
        self.members[member].phase = Phase::Polling;
        self.wake_later(member, patience);
        self.look(member);
    }

    /// Takes records if it waits for some.
    pub(super) fn look(&mut self, member: usize) {
        let now = self.instant();
        while let Phase::Polling = self.members[member].phase {
            let m = &mut self.members[member];
            let Some(mut arrival) = m.queue.pop_front() else {
                return;
            };
            m.asked = false;
            let max = usize::try_from(self.config.max_records).expect("a small number");
            let mut messages = Vec::new();
            let rest = arrival.fetched.take(now, max, &mut messages, &mut m.acks);
            let handed: Vec<_> = messages.into_iter().map(testing::seen).collect();
            self.judge_handed(member, &mut arrival.grant, &handed);
            let m = &mut self.members[member];
            match rest {
                Rest::Some => m.queue.push_front(arrival),
                Rest::Nothing => {}
                Rest::Expired => {
                    m.shared.pace.slow_down();
                }
            }
            if !handed.is_empty() {
                self.work(member);
            } else if m.queue.is_empty() {
                m.asked = true;
                let acks = m.acks.take();
                self.post(member, Mail::Poll { acks, fetch: true });
            }
        }
    }

    /// It is busy with the records that it got.
    fn work(&mut self, member: usize) {
        self.members[member].phase = Phase::Idle;
        let lock = self.config.lock.as_millis() as u64;
        let most = match self.rng.u8(..10) {
            0 if self.trouble && self.config.slow => 2 * lock,
            0..3 if self.trouble => 400,
            _ => 20,
        };
        self.application_later(member, most);
    }

    fn commit(&mut self, member: usize, waits: bool) {
        self.accept(member);
        let m = &mut self.members[member];
        let acks = m.acks.take();
        if acks.is_empty() {
            if waits {
                self.application_later(member, 100);
            }
            return;
        }
        if !waits {
            let fetch = false;
            return self.post(member, Mail::Poll { acks, fetch });
        }
        m.commits += 1;
        let id = m.commits;
        m.phase = Phase::Committing(id, acks.len());
        self.post(member, Mail::Commit(id, acks));
    }

    /// There is one of the results that a commit waits for.
    pub(super) fn told(&mut self, member: usize, commit: Option<u64>) {
        let m = &mut self.members[member];
        if let (Phase::Committing(id, left), Some(commit)) = (&mut m.phase, commit) {
            assert_eq!(*id, commit, "a commit has ended before its last result");
            *left -= 1;
            if *left == 0 {
                m.phase = Phase::Idle;
                self.application_later(member, 100);
            }
        } else {
            assert!(commit.is_none(), "nobody waits for this result");
        }
    }

    fn begin_close(&mut self, member: usize) {
        self.note(|| format!("{member}: closes"));
        let m = &mut self.members[member];
        let acks = m.acks.take();
        m.acks.clear();
        m.held.clear();
        m.phase = Phase::Closing(BTreeSet::new());
        self.post(member, Mail::Close(acks));
    }
}
