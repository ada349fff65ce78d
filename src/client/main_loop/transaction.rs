//! Carries out what the machine of a transactional producer wants.

use std::sync::Arc;
use std::time::Instant;

use super::MainLoop;
use crate::base::error::ErrorCode;
use crate::base::log::debug;
use crate::broker::{Request, RequestError, Response};
use crate::client::command::MainCommand;
use crate::coordinator::target::{ErrorClass, SEND_WITHIN};
use crate::coordinator::{self, Kind, Target};
use crate::producer::idempotence::Pid;
use crate::producer::transaction::{Action, Event, Outgoing, To, Token};

impl MainLoop {
    pub(super) fn tell_transaction(&mut self, now: Instant, event: Event) {
        let Some(transaction) = &mut self.transaction else {
            return;
        };
        let mut actions = Vec::new();
        transaction.on_event(now, event, &mut actions);
        for action in actions {
            self.do_for_transaction(now, action);
        }
    }

    pub(super) fn transaction_on_time(&mut self, now: Instant) {
        let due = |at: Instant| at <= now;
        let transaction = self.transaction.as_ref();
        if transaction.and_then(|t| t.next_deadline()).is_some_and(due) {
            self.tell_transaction(now, Event::Tick);
        }
    }

    pub(super) fn on_transaction_offsets(
        &mut self,
        now: Instant,
        group: Arc<str>,
        token: Token,
        result: Result<Response, RequestError>,
    ) {
        self.group_coordinator = coordinator_by(&result).map(|broker| (group, broker));
        if self.group_coordinator.is_none() {
            // It may be a broker that is not known yet.
            self.metadata.refresh_soon(now);
        }
        self.tell_transaction(now, Event::Answer { token, result });
    }

    /// Messages of a partition wait for another epoch, which only comes after an abort.
    pub(super) fn transaction_is_spent(&mut self, now: Instant, spent: Pid) {
        let text = format!(
            "messages were lost under producer id {}, epoch {}",
            spent.id, spent.epoch
        );
        let code = ErrorCode::_INCONSISTENT;
        self.tell_transaction(now, Event::DeliveryFailed { code, text });
    }

    fn do_for_transaction(&mut self, now: Instant, action: Action) {
        match action {
            Action::Send(out) => self.send_for_transaction(now, out),
            Action::Coordinator(action) => self.coordinate_transaction(now, action),
            Action::Purge => {
                // Nobody waits for it.
                let (done, _) = crossbeam_channel::bounded(1);
                self.purge(true, false, done);
                self.nudge_all();
            }
            Action::Nudge(partitions) => {
                for partition in partitions {
                    partition.nudge();
                }
            }
            Action::Fatal(code, text) => {
                self.shared.raise_fatal(code, &text);
            }
            Action::Log(level, text) => {
                self.shared.logger.log(level, "TXN", format_args!("{text}"));
            }
            Action::Debug(text) => {
                let logger = &self.shared.logger;
                logger.debug(debug::EOS, "TXN", format_args!("{text}"));
            }
            Action::Reply(reply, result) => reply(result),
        }
    }

    fn send_for_transaction(&mut self, now: Instant, out: Outgoing) {
        let (main, token) = (self.shared.main.clone(), out.token);
        let (target, group) = match out.to {
            To::TransactionCoordinator => {
                (Target::Coordinator(Kind::Transaction, self.own_id()), None)
            }
            To::GroupCoordinator(group) => {
                let target = match &self.group_coordinator {
                    Some((known, broker)) if *known == group => Target::Broker(*broker),
                    _ => Target::Coordinator(Kind::Group, group.clone()),
                };
                (target, Some(group))
            }
        };
        let is_of_group = group.is_some();
        let reply = move |result| {
            main.send(match group {
                None => MainCommand::Transaction(Event::Answer { token, result }),
                Some(group) => MainCommand::TransactionOffsets(group, token, result),
            });
        };
        let mut request = Request::new(out.api, out.timeout, out.build, reply);
        request.max_version = out.max_version;
        if is_of_group {
            // A coordinator that is down may be another one by then.
            request.send_by = request.deadline.min(now + SEND_WITHIN);
        }
        self.router.route(self.metadata.cache(), target, request);
    }

    fn own_id(&self) -> Arc<str> {
        let id = self.shared.conf.global.transactional_id.as_deref();
        id.unwrap_or_default().into()
    }

    fn coordinate_transaction(&mut self, now: Instant, action: coordinator::Action) {
        match action {
            coordinator::Action::Find(find) => {
                let text = format_args!("asking for the coordinator of {find:?}");
                self.shared.logger.debug(debug::EOS, "TXNCOORD", text);
                self.context(now).find_coordinator(find, |result| {
                    let answer = coordinator::Event::Answer(result);
                    MainCommand::Transaction(Event::Coordinator(answer))
                });
            }
            coordinator::Action::Changed(Some(node)) => {
                let text = format_args!("the coordinator is broker {}", node.id);
                self.shared.logger.debug(debug::EOS, "TXNCOORD", text);
                let (node_id, own_id) = (node.id, self.own_id());
                if self.context(now).follow(Kind::Transaction, own_id, node) {
                    let up = coordinator::Event::Up(node_id);
                    self.tell_transaction(now, Event::Coordinator(up));
                }
            }
            // The link stays, idle, until another coordinator is known.
            coordinator::Action::Changed(None) | coordinator::Action::Failed(..) => {}
        }
    }
}

/// The broker whose answer shows that it coordinates the group.
fn coordinator_by(result: &Result<Response, RequestError>) -> Option<i32> {
    use kafka_protocol::messages::ResponseKind;

    let response = result.as_ref().ok()?;
    let Some(ResponseKind::TxnOffsetCommit(answer)) = &response.kind else {
        return None;
    };
    let partitions = answer.topics.iter().flat_map(|topic| &topic.partitions);
    let mut classes = partitions.map(|p| ErrorClass::of_code(p.error_code.into()));
    let is_it = classes.all(|class| class == ErrorClass::Final);
    is_it.then_some(response.broker_id)
}
