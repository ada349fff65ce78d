//! What goes wrong, and what changes.

use std::time::Duration;

use super::schedule::What;
use super::{NODES, Simulation};
use crate::group::Event;

impl Simulation {
    pub(super) fn make_trouble(&mut self) {
        if !self.trouble {
            return;
        }
        let at = self.rng.usize(..self.members.len());
        match self.rng.u8(..if self.fixed { 19 } else { 13 }) {
            0 => {
                self.node = self.rng.i32(1..=NODES);
                self.note(|| "the coordinator moves".into());
                let now = self.start + self.now;
                self.coordinator.moved(now);
                self.deliver_answers();
                if self.rng.bool() {
                    for at in 0..self.members.len() {
                        self.break_connection(at);
                        self.reconnect(at);
                    }
                }
            }
            1 | 2 => {
                self.break_connection(at);
                self.reconnect(at);
            }
            3 => {
                self.note(|| format!("{at} dies"));
                let m = &mut self.members[at];
                m.alive = false;
                m.life += 1000;
                m.epoch += 1;
                m.holds.clear();
            }
            4 | 5 if self.members.iter().filter(|m| m.alive).count() < 6 => self.add_member(),
            6 => self.members[at].ahead += Duration::from_millis(self.rng.u64(..15_000)),
            7 => {
                let topics: &[&str] = match self.rng.u8(..3) {
                    0 => &["a"],
                    1 => &["b"],
                    _ => &["a", "b"],
                };
                self.subscribe(at, topics.to_vec());
            }
            8 => self.tell(at, Event::Subscribe(None)),
            9 => {
                let more = self.rng.usize(1..8);
                // A topic does not become smaller but by being made anew, with another id.
                let least = match self.coordinator.is_consumer() {
                    true => self.view.get("b").map_or(0, |t| t.partitions.len()),
                    false => 0,
                };
                self.set_topic("b", more.max(least));
            }
            10 => self.members[at].polls ^= true,
            11 => self.tell(at, Event::Close),
            13..=15 => self.restart(at),
            16 => self.double(at),
            _ => {}
        }
        let delay = Duration::from_millis(self.rng.u64(100..8000));
        self.later(delay, What::Trouble);
    }

    /// A static member crashes, or closes, and comes back: before its session ends, or
    /// too late.
    pub(super) fn restart(&mut self, at: usize) {
        let m = &mut self.members[at];
        let Some(instance) = m.instance.clone().filter(|_| m.alive && !m.fenced) else {
            return;
        };
        let topics = m.topics.clone();
        self.note(|| format!("{at} restarts"));
        if self.rng.bool() {
            self.tell(at, Event::Close);
        }
        let m = &mut self.members[at];
        m.alive = false;
        m.life += 1000;
        m.epoch += 1;
        m.holds.clear();
        let delay = Duration::from_millis(self.rng.u64(..15_000));
        self.later(delay, What::Return { instance, topics });
    }

    /// A second member of an instance that is there already.
    pub(super) fn double(&mut self, at: usize) {
        let m = &self.members[at];
        let Some(instance) = m.instance.clone().filter(|_| m.alive && !m.fenced) else {
            return;
        };
        let topics = m.topics.clone();
        self.note(|| format!("{at} is doubled"));
        self.doubled.insert(instance.clone());
        self.add(Some(instance), Some(topics));
    }
}
