//! Drives questions that several brokers answer in parts.

use std::time::Instant;

use super::command::{MainCommand, MainSender};
use super::router::Router;
use crate::broker::{Request, RequestError, Response};
use crate::coordinator::Target;
use crate::coordinator::fan_out::{FanOut, Part, Step};
use crate::metadata::Snapshot;

#[derive(Default)]
pub struct FanOuts {
    running: Vec<Running>,
    last_id: u64,
}

struct Running {
    id: u64,
    question: Box<dyn FanOut>,
    /// Parts without a result yet.
    out: usize,
    deadline: Instant,
}

/// What sends the parts.
pub struct PartSender<'a> {
    pub now: Instant,
    pub main: &'a MainSender,
    pub router: &'a mut Router,
    pub cluster: &'a Snapshot,
}

impl FanOuts {
    pub fn next_deadline(&self) -> Option<Instant> {
        self.running.iter().map(|r| r.deadline).min()
    }

    pub fn start(
        &mut self,
        sender: &mut PartSender<'_>,
        question: Box<dyn FanOut>,
        deadline: Instant,
    ) {
        self.last_id += 1;
        let mut running = Running {
            id: self.last_id,
            question,
            out: 0,
            deadline,
        };
        let parts = running.question.split();
        running.send(sender, parts);
        match running.out {
            0 => running.question.merge(true),
            _ => self.running.push(running),
        }
    }

    pub fn on_response(
        &mut self,
        sender: &mut PartSender<'_>,
        id: u64,
        part: usize,
        result: Result<Response, RequestError>,
    ) {
        // It may have ended without this one.
        let Some(at) = self.running.iter().position(|r| r.id == id) else {
            return;
        };
        let running = &mut self.running[at];
        running.out -= 1;
        let ended = match running.question.on_response(part, result) {
            Step::More(parts) => {
                running.send(sender, parts);
                (running.out == 0).then_some(true)
            }
            Step::End { complete } => Some(complete),
        };
        if let Some(complete) = ended {
            self.running.swap_remove(at).question.merge(complete);
        }
    }

    /// Ends those whose time is up.
    pub fn on_time(&mut self, now: Instant) {
        while let Some(at) = self.running.iter().position(|r| r.deadline <= now) {
            self.running.swap_remove(at).question.merge(false);
        }
    }
}

impl Running {
    fn send(&mut self, sender: &mut PartSender<'_>, parts: Vec<Part>) {
        self.out += parts.len();
        for part in parts {
            let (main, fan_out, id) = (sender.main.clone(), self.id, part.id);
            let left = self.deadline.saturating_duration_since(sender.now);
            let request = Request::new(part.api, left, part.build, move |result| {
                main.send(MainCommand::FanOutResponse {
                    fan_out,
                    part: id,
                    result,
                });
            });
            // The application waits for it.
            if let Target::Broker(node) = part.target {
                sender.router.skip_backoff(node);
            }
            sender.router.route(sender.cluster, part.target, request);
        }
    }
}
