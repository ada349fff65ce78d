//! What the application asks for, and what the states ask the coordinators for.

use std::sync::Arc;

use kafka_protocol::messages::{ApiKey, RequestKind};

use super::answers::FENCED;
use super::errors::{Meaning, shown};
use super::wire::{self, Outgoing, To, Token};
use super::{
    Action, Asking, Call, Caller, Context, Offsets, Phase, SendingOffsets, State, Transaction,
    Unclaimed,
};
use crate::base::error::{ErrorCode, KafkaError};
use crate::coordinator;
use crate::producer::Partition;
use crate::producer::idempotence::Pid;

impl Transaction {
    pub(super) fn on_call(&mut self, cx: &mut Context<'_>, call: Call, caller: Caller) {
        match call {
            Call::Init => self.init(cx, caller),
            Call::Begin => self.begin(cx, caller),
            Call::SendOffsets(offsets) => self.send_offsets(cx, caller, offsets),
            Call::BeginCommit => self.begin_commit(cx, caller),
            Call::Commit => self.commit(cx, caller),
            Call::BeginAbort => self.begin_abort(cx, caller),
            Call::Abort => self.abort(cx, caller),
        }
    }

    fn init(&mut self, cx: &mut Context<'_>, caller: Caller) {
        match self.state {
            State::Uninitialized => {
                self.coordinate(cx, coordinator::Event::Wanted);
                self.enter(cx, State::Initializing);
                self.caller = Some(caller);
            }
            State::Initializing => {
                self.init_error = None;
                self.caller = Some(caller);
            }
            State::Ready if self.unclaimed == Some(Unclaimed::Init) => self.claim(cx, caller),
            _ => self.refuse(cx, caller),
        }
    }

    fn begin(&mut self, cx: &mut Context<'_>, caller: Caller) {
        match self.state {
            State::Ready if self.unclaimed.is_none() => {
                self.stray = false;
                self.shared.begin();
                self.enter(cx, State::InTransaction);
                cx.actions.push(Action::Reply(caller.reply, Ok(())));
            }
            _ => self.refuse(cx, caller),
        }
    }

    fn send_offsets(&mut self, cx: &mut Context<'_>, caller: Caller, offsets: Offsets) {
        match self.state {
            State::InTransaction => {
                self.offsets = Some(SendingOffsets {
                    offsets,
                    deadline: caller.deadline,
                    added: self.shared.is_version_2(),
                    asking: Asking::default(),
                    last_error: None,
                });
                self.caller = Some(caller);
            }
            _ => self.refuse(cx, caller),
        }
    }

    fn begin_commit(&mut self, cx: &mut Context<'_>, caller: Caller) {
        match self.state {
            State::InTransaction => {
                self.shared.close();
                self.enter(cx, State::Committing(Phase::Flushing));
            }
            State::Committing(_) => {}
            State::Ready if self.unclaimed == Some(Unclaimed::Commit) => {}
            _ => return self.refuse(cx, caller),
        }
        cx.actions.push(Action::Reply(caller.reply, Ok(())));
    }

    /// Nothing is queued any more.
    fn commit(&mut self, cx: &mut Context<'_>, caller: Caller) {
        match self.state {
            State::Committing(Phase::Flushing) => {
                self.caller = Some(caller);
                let failed = self.shared.failed();
                if failed > 0 {
                    let text = format!(
                        "{failed} message(s) of the transaction were not delivered: their \
                         delivery reports say why"
                    );
                    self.fail(cx, ErrorCode::_INCONSISTENT, text);
                } else if self.shared.is_touched() {
                    self.enter(cx, State::Committing(Phase::Ending));
                } else {
                    // No broker knows of it.
                    self.complete(cx, Unclaimed::Commit);
                }
            }
            State::Committing(_) => self.caller = Some(caller),
            State::Ready if self.unclaimed == Some(Unclaimed::Commit) => self.claim(cx, caller),
            _ => self.refuse(cx, caller),
        }
    }

    fn begin_abort(&mut self, cx: &mut Context<'_>, caller: Caller) {
        match self.state {
            State::InTransaction | State::Failed(_) => {
                self.shared.abandon();
                self.drop_requests();
                self.enter(cx, State::Aborting(Phase::Flushing));
                cx.actions.push(Action::Purge);
            }
            State::Aborting(_) => {}
            State::Ready if self.unclaimed == Some(Unclaimed::Abort) => {}
            _ => return self.refuse(cx, caller),
        }
        cx.actions.push(Action::Reply(caller.reply, Ok(())));
    }

    /// Nothing is queued any more, nor in flight.
    fn abort(&mut self, cx: &mut Context<'_>, caller: Caller) {
        match self.state {
            State::Aborting(Phase::Flushing) => {
                self.caller = Some(caller);
                let (touched, confirmed) = (self.shared.is_touched(), self.shared.is_confirmed());
                if !touched {
                    self.abort_ended(cx);
                } else if self.shared.is_version_2() && !confirmed {
                    self.enter(cx, State::Aborting(Phase::Describing));
                } else {
                    self.enter(cx, State::Aborting(Phase::Ending));
                }
            }
            State::Aborting(_) => self.caller = Some(caller),
            State::Ready if self.unclaimed == Some(Unclaimed::Abort) => self.claim(cx, caller),
            _ => self.refuse(cx, caller),
        }
    }

    /// The coordinator has aborted the transaction, or never knew of it.
    pub(super) fn abort_ended(&mut self, cx: &mut Context<'_>) {
        if self.needs_epoch() {
            self.enter(cx, State::Aborting(Phase::NewEpoch));
        } else {
            self.complete(cx, Unclaimed::Abort);
        }
    }

    /// The coordinator has committed the transaction.
    pub(super) fn commit_ended(&mut self, cx: &mut Context<'_>) {
        if self.needs_epoch() {
            self.enter(cx, State::Committing(Phase::NewEpoch));
        } else {
            self.complete(cx, Unclaimed::Commit);
        }
    }

    /// Nothing of this transaction may be taken for one of the next. A stray request seldom
    /// comes: it is no reason to end the producer where no epoch can be had.
    fn needs_epoch(&self) -> bool {
        let stray = self.stray && !self.shared.is_version_2();
        self.shared.has_gap() || (stray && self.abilities.renews_epochs)
    }

    pub(super) fn complete(&mut self, cx: &mut Context<'_>, call: Unclaimed) {
        self.drop_requests();
        self.finish(cx, call);
    }

    /// The call was made before, timed out, and has succeeded since.
    fn claim(&mut self, cx: &mut Context<'_>, caller: Caller) {
        self.unclaimed = None;
        cx.actions.push(Action::Reply(caller.reply, Ok(())));
    }

    /// The call does not fit the state.
    fn refuse(&self, cx: &mut Context<'_>, caller: Caller) {
        let error = match &self.state {
            State::Failed(error) | State::Fatal(error) => error.clone(),
            _ => KafkaError::new(
                ErrorCode::_STATE,
                format!("This call is not valid in state {}", self.state_name()),
            ),
        };
        cx.actions.push(Action::Reply(caller.reply, Err(error)));
    }

    pub(super) fn on_joins(&mut self, partition: Arc<Partition>) {
        let takes = matches!(
            self.state,
            State::InTransaction | State::Committing(Phase::Flushing)
        );
        if takes {
            self.joining.waiting.push(partition);
        }
    }

    pub(super) fn on_delivery_failed(
        &mut self,
        cx: &mut Context<'_>,
        code: ErrorCode,
        text: String,
    ) {
        let refused = matches!(
            code,
            ErrorCode::INVALID_PRODUCER_EPOCH | ErrorCode::PRODUCER_FENCED
        );
        match self.state {
            State::Uninitialized | State::Initializing | State::Ready | State::Fatal(_) => {}
            _ if refused => {
                let text = format!("{FENCED}, or the transaction timed out: {text}");
                self.fail_for_good(cx, ErrorCode::_FENCED, text);
            }
            State::InTransaction | State::Committing(Phase::Flushing) => self.fail(cx, code, text),
            State::Committing(_) | State::Aborting(_) | State::Failed(_) => {}
        }
    }

    // --- time, and what the state wants

    /// Tells callers whose time is up, and sends what is due.
    pub(super) fn proceed(&mut self, cx: &mut Context<'_>) {
        self.coordinate(cx, coordinator::Event::Tick);
        self.offsets_on_time(cx);
        self.callers_on_time(cx);
        if self.coordinator.up().is_some() {
            self.ask(cx);
            self.ask_to_join(cx);
        }
        self.ask_for_offsets(cx);
    }

    fn callers_on_time(&mut self, cx: &mut Context<'_>) {
        if self.caller.as_ref().is_none_or(|c| c.deadline > cx.now) {
            return;
        }
        let error = match (&self.state, &self.init_error) {
            (State::Initializing, Some((code, text))) => {
                KafkaError::new(shown(*code), format!("No producer id so far: {text}"))
            }
            _ => KafkaError::new(
                ErrorCode::_TIMED_OUT,
                "Timed out: the operation goes on, call again to wait for it",
            ),
        };
        self.answer(cx, Err(error.retriable()));
    }

    /// The request that the state needs.
    fn ask(&mut self, cx: &mut Context<'_>) {
        if !self.asking.is_due(cx.now) {
            return;
        }
        let id = self.settings.transactional_id.clone();
        match (&self.state, self.pid()) {
            (State::Initializing, _) => self.ask_for_pid(cx, None),
            (State::Committing(Phase::NewEpoch) | State::Aborting(Phase::NewEpoch), renewed) => {
                match self.abilities.renews_epochs {
                    true => self.ask_for_pid(cx, renewed),
                    false => self.cannot_renew(cx),
                }
            }
            (State::Aborting(Phase::Describing), _) => {
                let build = wire::describe(&id);
                self.asking.token = Some(self.send(cx, ApiKey::DescribeTransactions, None, build));
            }
            (State::Committing(Phase::Ending), Some(pid)) => self.ask_for_end(cx, pid, true),
            (State::Aborting(Phase::Ending), Some(pid)) => self.ask_for_end(cx, pid, false),
            _ => {}
        }
    }

    fn ask_for_end(&mut self, cx: &mut Context<'_>, pid: Pid, commit: bool) {
        let build = wire::end(&self.settings.transactional_id, pid, commit);
        let most = wire::max_version(self.shared.is_version_2());
        self.asking.token = Some(self.send(cx, ApiKey::EndTxn, most, build));
    }

    fn ask_for_pid(&mut self, cx: &mut Context<'_>, renewed: Option<Pid>) {
        let settings = &self.settings;
        let build =
            wire::init_producer_id(&settings.transactional_id, settings.timeout_ms, renewed);
        self.asking.token = Some(self.send(cx, ApiKey::InitProducerId, None, build));
    }

    fn ask_to_join(&mut self, cx: &mut Context<'_>) {
        if self.joining.waiting.is_empty() || !self.joining.asking.is_due(cx.now) {
            return;
        }
        let Some(pid) = self.pid() else {
            return;
        };
        let asked = std::mem::take(&mut self.joining.waiting);
        let build = wire::add_partitions(&self.settings.transactional_id, pid, &asked);
        self.joining.asking.token = Some(self.send(cx, ApiKey::AddPartitionsToTxn, None, build));
        self.joining.asked = asked;
    }

    /// To the transaction's coordinator.
    fn send(
        &mut self,
        cx: &mut Context<'_>,
        api: ApiKey,
        max_version: Option<i16>,
        build: impl FnOnce(i16) -> RequestKind + Send + 'static,
    ) -> Token {
        let token = self.token();
        cx.actions.push(Action::Send(Outgoing {
            token,
            to: To::TransactionCoordinator,
            api,
            max_version,
            timeout: self.settings.request_timeout,
            build: Box::new(build),
        }));
        token
    }

    fn ask_for_offsets(&mut self, cx: &mut Context<'_>) {
        let (up, pid) = (self.coordinator.up().is_some(), self.pid());
        let Some(sending) = &self.offsets else {
            return;
        };
        let (Some(pid), true) = (pid, sending.asking.is_due(cx.now)) else {
            return;
        };
        if !sending.added && !up {
            return;
        }
        let token = self.token();
        let id = &self.settings.transactional_id;
        let Some(sending) = &mut self.offsets else {
            return;
        };
        sending.asking.token = Some(token);
        let left = sending.deadline.saturating_duration_since(cx.now);
        let group = &sending.offsets.group_id;
        let out = if sending.added {
            Outgoing {
                token,
                to: To::GroupCoordinator(group.clone()),
                api: ApiKey::TxnOffsetCommit,
                max_version: wire::max_version(self.shared.is_version_2()),
                timeout: self.settings.request_timeout.min(left),
                build: Box::new(wire::commit_offsets(id, pid, &sending.offsets)),
            }
        } else {
            Outgoing {
                token,
                to: To::TransactionCoordinator,
                api: ApiKey::AddOffsetsToTxn,
                max_version: None,
                timeout: self.settings.request_timeout.min(left),
                build: Box::new(wire::add_offsets(id, pid, group)),
            }
        };
        if self.shared.is_version_2() {
            self.shared.touch();
        }
        cx.actions.push(Action::Send(out));
    }

    /// The offsets' time is up. Whether they are part of the transaction is not known once
    /// they were sent: then only an abort is safe.
    fn offsets_on_time(&mut self, cx: &mut Context<'_>) {
        let Some(sending) = self.offsets.take_if(|o| o.deadline <= cx.now) else {
            return;
        };
        let said = sending.last_error.filter(|code| !code.is_local());
        let code = said.map_or(ErrorCode::_TIMED_OUT, shown);
        let text = format!(
            "The offsets of group \"{}\" could not be added to the transaction in time: {code}",
            sending.offsets.group_id
        );
        self.give_up(&sending);
        if sending.was_sent() {
            self.fail(cx, code, text);
        } else {
            self.answer(cx, Err(KafkaError::new(code, text).retriable()));
        }
    }

    /// The question for the coordinator was answered with an error that may be the
    /// application's to know.
    pub(super) fn on_not_found(&mut self, cx: &mut Context<'_>, code: ErrorCode, text: String) {
        if Meaning::of_init(code) == Meaning::Fatal {
            let text = format!("The coordinator of transactions cannot be found: {text}");
            self.fail_for_good(cx, shown(code), text);
        } else {
            self.init_error = Some((code, text));
        }
    }
}
