//! Admin operations: fan-outs whose outcome is an event.

use std::time::{Duration, Instant};

use super::Client;
use super::command::MainCommand;
use super::event::{Event, EventQueue};
use crate::admin::options::AdminOp;
use crate::admin::results::AdminResult;
use crate::admin::{Begun, Outcome};
use crate::base::error::{ErrorCode, KafkaError};
use crate::coordinator::fan_out::question;

/// Tells the outcome of one operation, once: that the client has ended, if nothing else.
pub struct OutcomeSender {
    /// `None` after that.
    queue: Option<EventQueue>,
    op: AdminOp,
    opaque: usize,
}

impl OutcomeSender {
    pub fn new(queue: EventQueue, op: AdminOp, opaque: usize) -> Self {
        OutcomeSender {
            queue: Some(queue),
            op,
            opaque,
        }
    }

    pub fn send(mut self, outcome: Result<AdminResult, KafkaError>) {
        self.tell(outcome);
    }

    fn tell(&mut self, outcome: Result<AdminResult, KafkaError>) {
        let Some(queue) = self.queue.take() else {
            return;
        };
        let (error, result) = match outcome {
            Ok(result) => (ErrorCode::NO_ERROR.into(), result),
            Err(error) => (error, AdminResult::None),
        };
        queue.push(Event::Admin(Box::new(Outcome {
            op: self.op,
            error,
            result,
            opaque: self.opaque,
        })));
    }
}

impl Drop for OutcomeSender {
    fn drop(&mut self) {
        self.tell(Err(ErrorCode::_DESTROY.into()));
    }
}

impl Client {
    /// `outcome` gets what becomes of it, `timeout` after now at the latest.
    pub fn admin(&self, begun: Begun, timeout: Duration, outcome: OutcomeSender) {
        match begun {
            Begun::Done(result) => outcome.send(Ok(result)),
            Begun::Asks(operation) => {
                let question = question(operation, |result| outcome.send(result));
                let deadline = Instant::now() + timeout;
                self.shared
                    .main
                    .send(MainCommand::FanOut { question, deadline });
            }
        }
    }
}
