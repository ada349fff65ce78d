//! What the coordinator answers.

use std::time::{Duration, Instant};

use kafka_protocol::messages::{ConsumerGroupHeartbeatResponse, ResponseKind};

use super::errors::{Class, class};
use super::{Consumer, Goal, NextHeartbeat, Sent, Session, State, Step};
use crate::base::error::ErrorCode;
use crate::broker::{RequestError, Response};
use crate::group::{Action, Context, LEAST_INTERVAL};

/// Between two tellings of the same error, unless the interval is longer.
const TELLING_PAUSE: Duration = Duration::from_secs(5);

const NO_PATTERNS: &str = "the group's coordinator is older than Kafka 4.0, and does not match \
                           patterns";

/// A code, and what the broker said about it.
struct Failure {
    code: ErrorCode,
    text: String,
    /// The coordinator has said so: it has not done what was asked.
    is_answer: bool,
}

impl Failure {
    fn new(code: ErrorCode) -> Self {
        Failure {
            code,
            text: code.to_string(),
            is_answer: false,
        }
    }
}

fn read(
    result: Result<Response, RequestError>,
) -> Result<(i16, ConsumerGroupHeartbeatResponse), Failure> {
    let response = result.map_err(|e| Failure::new(e.code()))?;
    let Some(ResponseKind::ConsumerGroupHeartbeat(answer)) = response.kind else {
        return Err(Failure::new(ErrorCode::_BAD_MSG));
    };
    let code = ErrorCode::from(answer.error_code);
    if code.is_err() {
        let mut failure = Failure::new(code);
        failure.is_answer = true;
        if let Some(said) = answer.error_message.as_deref().filter(|m| !m.is_empty()) {
            failure.text = format!("{code}: {said}");
        }
        return Err(failure);
    }
    // A member's epoch is positive.
    match answer.member_epoch {
        1.. => Ok((response.version, answer)),
        _ => Err(Failure::new(ErrorCode::_BAD_MSG)),
    }
}

impl Consumer {
    /// The heartbeat that is out is answered. Returns the coordinator that is not one any
    /// more, if the answer says that.
    pub(super) fn on_beat_answered(
        &mut self,
        cx: &mut Context<'_>,
        result: Result<Response, RequestError>,
    ) -> Option<i32> {
        let at = cx.now;
        let (sent, joins) = match &mut self.state {
            State::Joining(_) => match std::mem::replace(&mut self.state, State::Out { at }) {
                State::Joining(sent) => (sent, true),
                _ => return None,
            },
            State::Member { session, .. } => {
                match std::mem::replace(&mut session.beat, NextHeartbeat::Due(at)) {
                    NextHeartbeat::Out(sent) => (sent, false),
                    NextHeartbeat::Due(_) => return None,
                }
            }
            _ => return None,
        };
        let old = matches!(&result, Ok(response) if response.version == 0);
        match read(result) {
            Ok((version, answer)) => {
                if joins {
                    self.joined(cx, version, &sent, &answer);
                } else {
                    // A member that is let in and then refused at once, again and again,
                    // waits longer each time.
                    self.attempts = 0;
                }
                self.heard(cx, sent, &answer);
                None
            }
            Err(mut failure) => {
                // It wants names of topics.
                if old && !self.interest.patterns.is_empty() {
                    failure.text = format!("{}: {NO_PATTERNS}", failure.text);
                }
                self.listed = match failure.code {
                    ErrorCode::UNKNOWN_MEMBER_ID => false,
                    // It has this member in another epoch, and may not let it join by that
                    // id; an instance it does not.
                    ErrorCode::FENCED_MEMBER_EPOCH => {
                        self.attempts > 0 || self.settings.group_instance_id.is_some()
                    }
                    // Written, as far as it knows, or not.
                    ErrorCode::NOT_COORDINATOR
                    | ErrorCode::COORDINATOR_NOT_AVAILABLE
                    | ErrorCode::REQUEST_TIMED_OUT => true,
                    _ => !(joins && failure.is_answer),
                };
                self.refused(cx, sent.node, failure)
            }
        }
    }

    fn joined(
        &mut self,
        cx: &mut Context<'_>,
        version: i16,
        sent: &Sent,
        answer: &ConsumerGroupHeartbeatResponse,
    ) {
        self.target.clear();
        self.state = State::Member {
            session: Session {
                epoch: answer.member_epoch,
                beat: NextHeartbeat::Due(cx.now),
                failed: false,
                told: sent.report.clone(),
            },
            step: Step::Steady,
        };
        if version == 0 && !self.interest.patterns.is_empty() {
            let code = ErrorCode::_UNSUPPORTED_FEATURE;
            cx.actions.push(Action::Error(code, NO_PATTERNS.into()));
        }
    }

    fn heard(&mut self, cx: &mut Context<'_>, sent: Sent, answer: &ConsumerGroupHeartbeatResponse) {
        self.told = None;
        if let Some(id) = answer.member_id.as_deref().filter(|id| !id.is_empty()) {
            self.member_id = id.into();
        }
        if let Ok(ms @ 1..) = u64::try_from(answer.heartbeat_interval_ms) {
            self.interval = Duration::from_millis(ms).max(LEAST_INTERVAL);
        }
        if let Some(assignment) = &answer.assignment {
            self.target = assignment
                .topic_partitions
                .iter()
                .flat_map(|t| t.partitions.iter().map(|p| (t.topic_id, *p)))
                .filter(|(_, partition)| *partition >= 0)
                .collect();
            self.learn_names();
        }
        // What has changed since it was sent is said at once.
        let news = self.report() != sent.report;
        let next = match news {
            true => cx.now,
            false => cx.now.max(sent.at + self.interval),
        };
        if let Some(session) = self.session_mut() {
            session.epoch = answer.member_epoch;
            session.failed = false;
            session.told = sent.report;
            session.beat = NextHeartbeat::Due(next);
        }
    }

    fn refused(&mut self, cx: &mut Context<'_>, node: i32, failure: Failure) -> Option<i32> {
        let class = class(failure.code);
        match class {
            Class::Fenced => {
                // As somebody new it can be tried at once, unless that has just failed.
                let at = match self.attempts {
                    0 => {
                        self.attempts = 1;
                        cx.now
                    }
                    _ => self.backoff(cx),
                };
                self.lose(cx, at);
            }
            Class::Fatal => self.fail(cx, &failure),
            Class::Passing | Class::OtherCoordinator => self.again(cx),
            Class::Told => {
                self.tell(cx, failure);
                self.again(cx);
                let next = cx.now + self.interval;
                if let Some(session) = self.session_mut() {
                    session.beat = NextHeartbeat::Due(next);
                }
            }
        }
        (class == Class::OtherCoordinator).then_some(node)
    }

    /// The same once more, with everything in it, since the coordinator may have heard it.
    fn again(&mut self, cx: &mut Context<'_>) {
        let next = self.backoff(cx);
        match &mut self.state {
            State::Member { session, .. } => {
                session.failed = true;
                session.beat = NextHeartbeat::Due(next);
            }
            State::Out { at } => *at = next,
            State::Joining(_) | State::Losing { .. } | State::Closed => {}
        }
    }

    /// An error for the application, though not with every heartbeat.
    fn tell(&mut self, cx: &mut Context<'_>, failure: Failure) {
        let pause = self.interval.max(TELLING_PAUSE);
        let is_news =
            |(code, at): (ErrorCode, Instant)| code != failure.code || at + pause <= cx.now;
        if self.told.is_none_or(is_news) {
            self.told = Some((failure.code, cx.now));
            let text = format!("Heartbeat failed: {}", failure.text);
            cx.actions.push(Action::Error(failure.code, text));
        }
    }

    /// Nothing can be done about it.
    fn fail(&mut self, cx: &mut Context<'_>, failure: &Failure) {
        if failure.code == ErrorCode::GROUP_ID_NOT_FOUND && self.goal != Goal::Member {
            // It was about to leave.
            self.listed = false;
            return self.lose(cx, cx.now);
        }
        let text = format!("Fatal consumer error: {}", failure.text);
        cx.actions.push(Action::Fatal(failure.code, text));
        if self.goal != Goal::Closed {
            self.goal = Goal::Failed;
        }
        self.listed = false;
        self.lose(cx, cx.now);
    }

    /// The coordinator has heard that this member leaves, or has not. Returns the node that
    /// is not the coordinator.
    pub(super) fn on_left(
        &mut self,
        cx: &mut Context<'_>,
        result: &Result<Response, RequestError>,
    ) -> Option<i32> {
        let leave = self.leave.take()?;
        let code = match result {
            Err(error) => error.code(),
            Ok(Response {
                kind: Some(ResponseKind::ConsumerGroupHeartbeat(answer)),
                ..
            }) => answer.error_code.into(),
            Ok(_) => ErrorCode::_BAD_MSG,
        };
        if code.is_ok() {
            return None;
        }
        let class = class(code);
        let passing = matches!(class, Class::Passing | Class::OtherCoordinator);
        if passing && matches!(self.goal, Goal::Out | Goal::Member) {
            self.listed = true;
            if matches!(self.state, State::Out { .. }) {
                let at = self.backoff(cx);
                self.state = State::Out { at };
            }
        }
        (class == Class::OtherCoordinator).then_some(leave.node)
    }
}
