//! Asks for the idempotent producer's id, and tells the loops.

use std::time::Instant;

use kafka_protocol::messages::{
    ApiKey, InitProducerIdRequest, ProducerId, RequestKind, ResponseKind,
};

use super::MainLoop;
use crate::base::error::ErrorCode;
use crate::base::log::{Level, debug};
use crate::base::time::ms;
use crate::broker::{Request, RequestError, Response};
use crate::client::command::MainCommand;
use crate::coordinator::Target;
use crate::producer::idempotence::Pid;
use crate::producer::idempotence::acquire::Outcome;

impl MainLoop {
    pub(super) fn acquire_on_time(&mut self, now: Instant) {
        if self.router.brokers.is_empty() || !self.acquirer.as_mut().is_some_and(|a| a.poll(now)) {
            return;
        }
        let main = self.shared.main.clone();
        let request = Request::new(
            ApiKey::InitProducerId,
            ms(self.shared.conf.global.socket_timeout_ms),
            |version| {
                let mut request = InitProducerIdRequest::default();
                request.transactional_id = None;
                request.transaction_timeout_ms = -1;
                if version >= 3 {
                    request.producer_id = ProducerId(-1);
                    request.producer_epoch = -1;
                }
                RequestKind::InitProducerId(request)
            },
            move |result| main.send(MainCommand::ProducerId { result }),
        );
        let cluster = self.metadata.cache();
        self.router.route(cluster, Target::Any, request);
    }

    pub(super) fn on_producer_id(&mut self, now: Instant, result: Result<Response, RequestError>) {
        let (answer, broker) = match result {
            Ok(Response {
                kind: Some(ResponseKind::InitProducerId(r)),
                broker,
                ..
            }) => {
                let code = ErrorCode::from(r.error_code);
                let pid = Pid {
                    id: r.producer_id.0,
                    epoch: r.producer_epoch,
                };
                (if code.is_ok() { Ok(pid) } else { Err(code) }, Some(broker))
            }
            Ok(r) => (Err(ErrorCode::_BAD_MSG), Some(r.broker)),
            Err(e) => (Err(e.code()), None),
        };
        let Some(acquirer) = &mut self.acquirer else {
            return;
        };
        let from = broker.map_or_else(String::new, |b| format!(" from {b}"));
        let failed = |code: ErrorCode| format!("no producer id{from}: {code}");
        let logger = self.shared.logger.clone();
        match (acquirer.on_answer(now, answer), answer) {
            (Outcome::Named(pid), _) => {
                let text = format_args!("producer id {}, epoch {}", pid.id, pid.epoch);
                logger.debug(debug::EOS, "GETPID", text);
                if let Some(p) = &self.shared.producer {
                    p.identity.set(pid);
                }
                self.nudge_all();
            }
            (Outcome::Later, Err(code)) if !code.is_local() => {
                let text = format_args!("{}; it is asked for again", failed(code));
                logger.log(Level::Warning, "GETPID", text);
            }
            (Outcome::Later, answer) => {
                let code = answer.err().unwrap_or(ErrorCode::_BAD_MSG);
                let text = format_args!("{}; it is asked for again", failed(code));
                logger.debug(debug::EOS, "GETPID", text);
            }
            (Outcome::Fatal(code), _) => {
                self.shared.raise_fatal(code, &failed(code));
            }
        }
    }

    /// Nothing goes on under this producer id and epoch.
    pub(super) fn on_spent(&mut self, now: Instant, spent: Pid) {
        if let Some(acquirer) = &mut self.acquirer {
            acquirer.spent(now, spent);
        }
        self.transaction_is_spent(now, spent);
    }

    /// Makes the leaders look at what waits.
    pub(super) fn nudge_all(&self) {
        for topic in self.topics.iter().filter_map(|t| t.producer.as_ref()) {
            topic.nudge();
        }
    }
}
