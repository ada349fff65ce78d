//! What the coordinators answer.

use std::sync::Arc;

use super::errors::{Meaning, possibly_done, shown};
use super::wire::{self, Answer, PartitionCode, Token};
use super::{Action, Asking, Context, Phase, State, Transaction, Unclaimed};
use crate::base::error::{ErrorCode, KafkaError};
use crate::base::log::Level;
use crate::broker::{RequestError, Response};
use crate::producer::Partition;
use crate::producer::idempotence::Pid;

/// An answer that is not what was hoped for.
struct Trouble {
    code: ErrorCode,
    meaning: Meaning,
    text: String,
}

pub(super) const FENCED: &str =
    "A newer producer with the same transactional.id has fenced this one";

impl Trouble {
    fn of_code(code: ErrorCode) -> Self {
        Trouble {
            code,
            meaning: Meaning::of(code),
            text: code.text().into_owned(),
        }
    }

    fn of_failure(error: &RequestError) -> Self {
        Trouble {
            code: error.code(),
            meaning: Meaning::of_failure(error),
            text: error.to_string(),
        }
    }
}

impl Transaction {
    pub(super) fn on_answer(
        &mut self,
        cx: &mut Context<'_>,
        token: Token,
        result: Result<Response, RequestError>,
    ) {
        let broker = result.as_ref().ok().map(|response| response.broker_id);
        let answer = wire::read(result);
        if self.asking.token == Some(token) {
            self.asking.token = None;
            match self.state {
                State::Initializing => self.on_first_pid(cx, answer, broker),
                State::Aborting(Phase::Describing) => self.on_described(cx, answer, broker),
                State::Aborting(Phase::NewEpoch) | State::Committing(Phase::NewEpoch) => {
                    self.on_next_pid(cx, answer, broker);
                }
                State::Committing(_) => self.on_end(cx, true, answer, broker),
                State::Aborting(_) => self.on_end(cx, false, answer, broker),
                _ => {}
            }
        } else if self.joining.asking.token == Some(token) {
            self.joining.asking.token = None;
            self.on_joined(cx, answer, broker);
        } else if self
            .offsets
            .as_ref()
            .is_some_and(|o| o.asking.token == Some(token))
        {
            self.on_offsets(cx, answer, broker);
        }
    }

    // --- the producer id

    fn take_pid(&mut self, cx: &mut Context<'_>, pid: Pid) {
        let version_2 = self.abilities.version_2;
        let text = format!(
            "producer id {}, epoch {}; transactions of version {}",
            pid.id,
            pid.epoch,
            if version_2 { 2 } else { 1 }
        );
        cx.actions.push(Action::Debug(text));
        self.producer.identity.set(pid);
        self.shared.set_version_2(version_2);
        self.shared.set_gap(false);
        self.epochs += 1;
    }

    fn on_first_pid(&mut self, cx: &mut Context<'_>, answer: Answer, broker: Option<i32>) {
        match answer {
            Answer::Pid(Ok(pid)) => {
                self.take_pid(cx, pid);
                self.finish(cx, Unclaimed::Init);
            }
            other => self.no_pid(cx, &other, broker),
        }
    }

    /// InitProducerId has failed.
    fn no_pid(&mut self, cx: &mut Context<'_>, answer: &Answer, broker: Option<i32>) {
        let mut trouble = match answer {
            Answer::Pid(Err(code)) => Trouble {
                meaning: Meaning::of_init(*code),
                ..Trouble::of_code(*code)
            },
            Answer::Failed(error) => Trouble::of_failure(error),
            _ => Trouble::of_code(ErrorCode::_BAD_MSG),
        };
        if let Meaning::Abort { .. } = trouble.meaning {
            trouble.meaning = Meaning::Again { moved: false };
        }
        if trouble.meaning == Meaning::Fatal {
            let text = match shown(trouble.code) {
                ErrorCode::_FENCED => FENCED.into(),
                _ => format!("No producer id for the transactional.id: {}", trouble.text),
            };
            return self.fail_for_good(cx, shown(trouble.code), text);
        }
        if !trouble.code.is_local() && trouble.code != ErrorCode::CONCURRENT_TRANSACTIONS {
            let text = format!("No producer id: {}; it is asked for again", trouble.text);
            cx.actions.push(Action::Log(Level::Warning, text));
        }
        self.init_error = Some((trouble.code, trouble.text.clone()));
        self.ask_again(cx, &trouble, broker);
    }

    /// The same request again, after a pause.
    fn ask_again(&mut self, cx: &mut Context<'_>, trouble: &Trouble, broker: Option<i32>) {
        let pause = self.pause(self.asking.failures, trouble.code);
        self.asking.again(cx.now + pause);
        self.note_again(cx, trouble, broker);
    }

    /// A request to the coordinator is repeated, by another one if it has moved.
    fn note_again(&mut self, cx: &mut Context<'_>, trouble: &Trouble, broker: Option<i32>) {
        let text = format!("{}: it is asked again", trouble.text);
        cx.actions.push(Action::Debug(text));
        if trouble.meaning == (Meaning::Again { moved: true }) {
            self.coordinator_lost(cx, broker);
        }
    }

    /// A request is not repeated: the transaction, or the producer, cannot go on.
    fn give_in(&mut self, cx: &mut Context<'_>, trouble: &Trouble, text: String) {
        if trouble.meaning == Meaning::Fatal {
            return self.fail_for_good(cx, shown(trouble.code), text);
        }
        if trouble.meaning == (Meaning::Abort { new_epoch: true }) {
            self.shared.set_gap(true);
        }
        self.fail(cx, trouble.code, text);
    }

    /// The epoch is raised because something was lost (KIP-360), or may come late.
    fn on_next_pid(&mut self, cx: &mut Context<'_>, answer: Answer, broker: Option<i32>) {
        let call = match self.state {
            State::Committing(_) => Unclaimed::Commit,
            _ => Unclaimed::Abort,
        };
        match answer {
            Answer::Pid(Ok(pid)) => {
                self.take_pid(cx, pid);
                self.complete(cx, call);
            }
            other => self.no_pid(cx, &other, broker),
        }
    }

    /// Something was lost, and the broker is one before Kafka 2.5.
    pub(super) fn cannot_renew(&mut self, cx: &mut Context<'_>) {
        let text = "The broker cannot raise the epoch of a producer that has lost messages \
                    (KIP-360, Kafka 2.5): a new producer is needed";
        self.fail_for_good(cx, ErrorCode::_UNSUPPORTED_FEATURE, text.into());
    }

    // --- the end

    /// Whose the transactional id is. Who may not ask, or asks a broker that does not know,
    /// goes on as if it was ours.
    fn on_described(&mut self, cx: &mut Context<'_>, answer: Answer, broker: Option<i32>) {
        let trouble = match answer {
            Answer::Described(Ok(owner)) if Some(owner) == self.pid() => {
                return self.enter(cx, State::Aborting(Phase::Ending));
            }
            Answer::Described(Ok(_)) => {
                let text = format!("{FENCED}, or the transaction timed out");
                return self.fail_for_good(cx, ErrorCode::_FENCED, text);
            }
            Answer::Described(Err(code)) => Trouble::of_code(code),
            Answer::Failed(error) => Trouble::of_failure(&error),
            _ => Trouble::of_code(ErrorCode::_BAD_MSG),
        };
        match trouble.meaning {
            Meaning::Again { .. } => self.ask_again(cx, &trouble, broker),
            _ => self.enter(cx, State::Aborting(Phase::Ending)),
        }
    }

    fn on_end(&mut self, cx: &mut Context<'_>, commit: bool, answer: Answer, broker: Option<i32>) {
        let trouble = match answer {
            Answer::Ended(ErrorCode::NO_ERROR, next) => return self.on_ended(cx, commit, next),
            Answer::Ended(code, _) => Trouble::of_code(code),
            Answer::Failed(error) => {
                self.note_failure(&error);
                Trouble::of_failure(&error)
            }
            _ => Trouble::of_code(ErrorCode::_BAD_MSG),
        };
        let what = if commit { "committed" } else { "aborted" };
        let text = format!("The transaction could not be {what}: {}", trouble.text);
        match trouble.meaning {
            Meaning::Done | Meaning::Again { .. } => self.ask_again(cx, &trouble, broker),
            // No request has reached the coordinator yet. One that is still under way would
            // begin a transaction: not under another epoch.
            Meaning::Fatal
                if trouble.code == ErrorCode::INVALID_TXN_STATE
                    && !commit
                    && !self.shared.is_confirmed() =>
            {
                self.shared.set_gap(true);
                self.abort_ended(cx);
            }
            // The coordinator has aborted a transaction that took too long. Asked to abort it, it
            // gives the epoch that follows.
            Meaning::Fatal
                if trouble.code == ErrorCode::INVALID_TXN_STATE
                    && commit
                    && self.shared.is_version_2() =>
            {
                self.fail(cx, trouble.code, text);
            }
            Meaning::Fatal => self.give_in(cx, &trouble, text),
            Meaning::Abort { .. } if commit => self.give_in(cx, &trouble, text),
            // The coordinator knows of no transaction under this producer id. If it says so
            // for a moment only, InitProducerId would fence us while the transaction is open.
            Meaning::Abort { new_epoch: true } if self.asking.failures == 0 => {
                self.ask_again(cx, &trouble, broker);
            }
            Meaning::Abort { new_epoch: true } => {
                self.shared.set_gap(true);
                self.abort_ended(cx);
            }
            Meaning::Abort { new_epoch: false } => {
                self.enter(cx, State::Aborting(Phase::Flushing));
                let error = KafkaError::new(trouble.code, text).txn_requires_abort();
                self.answer(cx, Err(error));
            }
        }
    }

    fn on_ended(&mut self, cx: &mut Context<'_>, commit: bool, next: Option<Pid>) {
        self.take_next(next);
        if commit {
            self.commit_ended(cx);
        } else {
            self.abort_ended(cx);
        }
    }

    /// The epoch that an end of a transaction of version 2 brings.
    fn take_next(&mut self, next: Option<Pid>) {
        if let Some(pid) = next.filter(|pid| Some(*pid) != self.pid()) {
            self.producer.identity.set(pid);
            // The last epoch is for markers alone, and the coordinator cannot fence it: it
            // is given where a transaction timed out under the one before.
            self.shared.set_gap(pid.epoch == i16::MAX);
            self.epochs += 1;
        }
    }

    // --- partitions

    fn on_joined(&mut self, cx: &mut Context<'_>, answer: Answer, broker: Option<i32>) {
        let asked = std::mem::take(&mut self.joining.asked);
        let trouble = match answer {
            Answer::Codes(codes) => {
                let (joined, waiting, worst) = sort(asked, &codes);
                self.joining.waiting.extend(waiting);
                let number = self.shared.number();
                for partition in &joined {
                    partition.join(number);
                }
                if !joined.is_empty() {
                    self.confirm();
                    cx.actions.push(Action::Nudge(joined));
                }
                match worst {
                    None => {
                        self.joining.asking = Asking::default();
                        return;
                    }
                    Some((partition, code)) => Trouble {
                        text: format!("{partition}{code}"),
                        ..Trouble::of_code(code)
                    },
                }
            }
            Answer::Failed(error) => {
                self.joining.waiting.extend(asked);
                self.note_failure(&error);
                Trouble::of_failure(&error)
            }
            _ => {
                self.joining.waiting.extend(asked);
                Trouble::of_code(ErrorCode::_BAD_MSG)
            }
        };
        let text = format!(
            "Partitions could not be added to the transaction: {}",
            trouble.text
        );
        self.note_code(trouble.code);
        match trouble.meaning {
            Meaning::Done | Meaning::Again { .. } => {
                let pause = self.pause(self.joining.asking.failures, trouble.code);
                self.joining.asking.again(cx.now + pause);
                self.note_again(cx, &trouble, broker);
            }
            Meaning::Abort { .. } | Meaning::Fatal => self.give_in(cx, &trouble, text),
        }
    }

    // --- offsets

    fn on_offsets(&mut self, cx: &mut Context<'_>, answer: Answer, broker: Option<i32>) {
        let trouble = match answer {
            Answer::Codes(codes) => match worst(&codes) {
                None => return self.on_offsets_taken(cx),
                Some((partition, code)) => Trouble {
                    text: format!("{partition}{code}"),
                    ..Trouble::of_code(code)
                },
            },
            Answer::Failed(error) => {
                self.note_failure(&error);
                Trouble::of_failure(&error)
            }
            _ => Trouble::of_code(ErrorCode::_BAD_MSG),
        };
        self.note_code(trouble.code);
        let Some(sending) = &mut self.offsets else {
            return;
        };
        sending.last_error = Some(trouble.code);
        let (failures, of_group) = (sending.asking.failures, sending.added);
        let text = format!(
            "The offsets of group \"{}\" could not be added to the transaction: {}",
            sending.offsets.group_id, trouble.text
        );
        match trouble.meaning {
            Meaning::Done | Meaning::Again { .. } => {
                let at = cx.now + self.pause(failures, trouble.code);
                self.offsets.iter_mut().for_each(|o| o.asking.again(at));
                // The group's coordinator is found anew with each request.
                if !of_group {
                    self.note_again(cx, &trouble, broker);
                }
            }
            Meaning::Abort { .. } | Meaning::Fatal => self.give_in(cx, &trouble, text),
        }
    }

    /// A request may have been carried out without an answer.
    fn note_failure(&mut self, error: &RequestError) {
        if error.possibly_done() {
            self.note_stray();
        }
    }

    /// As may one that is refused.
    fn note_code(&self, code: ErrorCode) {
        if possibly_done(code) {
            self.shared.touch();
        }
    }

    fn on_offsets_taken(&mut self, cx: &mut Context<'_>) {
        self.confirm();
        let Some(sending) = &mut self.offsets else {
            return;
        };
        if sending.added {
            self.offsets = None;
            self.answer(cx, Ok(()));
        } else {
            sending.added = true;
            sending.last_error = None;
            sending.asking = Asking::default();
        }
    }
}

/// What is done about an answer with several codes: the worst decides.
fn badness(code: ErrorCode) -> u8 {
    match Meaning::of(code) {
        Meaning::Done => 0,
        Meaning::Again { moved: false } => 1,
        Meaning::Again { moved: true } => 2,
        // The partition is not the reason.
        Meaning::Abort { .. } if code == ErrorCode::OPERATION_NOT_ATTEMPTED => 3,
        Meaning::Abort { .. } => 4,
        Meaning::Fatal => 5,
    }
}

/// The code that decides, with its partition for the text; `None`: all is well.
fn worst(codes: &[PartitionCode]) -> Option<(String, ErrorCode)> {
    let (at, code) = codes
        .iter()
        .filter(|(_, code)| code.is_err())
        .max_by_key(|(_, code)| badness(*code))?;
    let partition = at.as_ref();
    let text = partition.map_or_else(String::new, |(topic, id)| format!("{topic} [{id}]: "));
    Some((text, *code))
}

type Sorted = (
    Vec<Arc<Partition>>,
    Vec<Arc<Partition>>,
    Option<(String, ErrorCode)>,
);

/// The partitions that were added, and those that were not. One that the answer leaves out
/// was not.
fn sort(asked: Vec<Arc<Partition>>, codes: &[PartitionCode]) -> Sorted {
    let code_of = |p: &Arc<Partition>| {
        let is_it = |at: &Option<(Arc<str>, i32)>| {
            at.as_ref()
                .is_some_and(|(topic, id)| *topic == p.topic.name && *id == p.id)
        };
        codes
            .iter()
            .find(|(at, _)| is_it(at))
            .map(|(_, code)| *code)
    };
    let (joined, waiting): (Vec<_>, Vec<_>) = asked
        .into_iter()
        .partition(|p| code_of(p).is_some_and(ErrorCode::is_ok));
    let left_out = || {
        let p = waiting.iter().find(|p| code_of(p).is_none())?;
        let text = format!("{} [{}]: ", p.topic.name, p.id);
        Some((text, ErrorCode::_BAD_MSG))
    };
    let bad = worst(codes).or_else(left_out);
    (joined, waiting, bad)
}
