//! Drives questions that one or several brokers answer in parts.

use std::time::Instant;

use super::command::{MainCommand, MainSender};
use super::router::Router;
use crate::broker::{Request, RequestError, Response};
use crate::coordinator::Target;
use crate::coordinator::fan_out::{End, Part, Question, Step};
use crate::coordinator::target::RetriedRequest;
use crate::metadata::Snapshot;

#[derive(Default)]
pub struct FanOuts {
    running: Vec<Running>,
    last_id: u64,
}

struct Running {
    id: u64,
    question: Box<dyn Question>,
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
        question: Box<dyn Question>,
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
            0 => running.question.end(End::Answered),
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
                running.out == 0
            }
            Step::End => true,
        };
        if ended {
            self.running.swap_remove(at).question.end(End::Answered);
        }
    }

    /// Ends those whose time is up.
    pub fn on_time(&mut self, now: Instant) {
        while let Some(at) = self.running.iter().position(|r| r.deadline <= now) {
            self.running.swap_remove(at).question.end(End::TimedOut);
        }
    }
}

impl Running {
    fn send(&mut self, sender: &mut PartSender<'_>, parts: Vec<Part>) {
        self.out += parts.len();
        for part in parts {
            let (main, fan_out, id) = (sender.main.clone(), self.id, part.id);
            let reply = move |result| {
                main.send(MainCommand::FanOutResponse {
                    fan_out,
                    part: id,
                    result,
                });
            };
            sender.send(part, self.deadline, reply);
        }
    }
}

impl PartSender<'_> {
    fn send(
        &mut self,
        part: Part,
        deadline: Instant,
        reply: impl FnOnce(Result<Response, RequestError>) + Send + 'static,
    ) {
        let left = deadline.saturating_duration_since(self.now);
        // The application waits for it.
        if let Target::Broker(node) = part.target {
            self.router.skip_backoff(node);
        }
        let Some(class) = part.class else {
            let build = part.build;
            let mut request = Request::new(part.api, left, move |version| build(version), reply);
            request.max_version = part.max_version;
            self.router.route(self.cluster, part.target, request);
            return;
        };
        let request = RetriedRequest {
            target: part.target,
            api: part.api,
            build: part.build,
            max_version: part.max_version,
            timeout: left,
            deadline,
            class,
            reply: Box::new(reply),
            attempts: 0,
            single_attempt: part.single_attempt,
        };
        if part.after.is_zero() {
            self.router.retry(self.now, self.cluster, request);
        } else {
            self.router.retry_later(self.now + part.after, request);
        }
    }
}
