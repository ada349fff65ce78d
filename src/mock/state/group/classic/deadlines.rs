//! Time in a group: sessions, the two phases of a rebalance, announced members.

use super::{Answers, Classic, Gathering, Member, State, Waiting};
use crate::mock::state::Now;

impl Classic {
    /// When `tick` is needed next.
    pub fn next_deadline(&self) -> Option<u64> {
        let phase = match self.state {
            State::Preparing {
                deadline,
                gathering: Gathering::Held(until),
            } => Some(deadline.min(until)),
            State::Preparing { deadline, .. } | State::Completing { deadline } => Some(deadline),
            State::Empty | State::Stable => None,
        };
        let sessions = self
            .members
            .values()
            .filter(|m| matches!(m.waiting, Waiting::No))
            .map(|m| m.session_deadline);
        let announced = self.announced.values().copied();
        sessions.chain(announced).chain(phase).min()
    }

    pub fn tick(&mut self, now: Now, answers: &mut Answers) {
        let before = self.announced.len();
        self.announced.retain(|_, &mut until| until > now.us);
        if self.announced.len() != before {
            self.try_complete_join(now, answers);
        }
        // A member that waits for an answer from here cannot be late.
        let late = |m: &&Member| matches!(m.waiting, Waiting::No) && m.session_deadline <= now.us;
        let late: Vec<String> = self
            .members
            .values()
            .filter(late)
            .map(|m| m.id.clone())
            .collect();
        for id in late {
            self.expel(now, &id, answers);
        }
        if let State::Preparing { gathering, .. } = &mut self.state
            && matches!(gathering, Gathering::Held(until) if *until <= now.us)
        {
            *gathering = Gathering::Open;
            self.try_complete_join(now, answers);
        }
        match self.state {
            State::Preparing {
                deadline,
                gathering: Gathering::First(_),
            } if deadline <= now.us => self.initial_delay_over(now, answers),
            State::Preparing { deadline, .. } if deadline <= now.us => {
                self.announced.clear();
                self.complete_join(now, answers);
            }
            State::Completing { deadline } if deadline <= now.us => self.sync_over(now, answers),
            _ => {}
        }
    }

    /// Members that did not sync in time are out.
    fn sync_over(&mut self, now: Now, answers: &mut Answers) {
        let missing: Vec<String> = self
            .members
            .values()
            .filter(|m| !matches!(m.waiting, Waiting::Sync(_)))
            .map(|m| m.id.clone())
            .collect();
        for id in &missing {
            self.remove(id);
        }
        self.prepare(now, 0, answers);
        self.try_complete_join(now, answers);
    }
}
