//! What the coordinator's answer to a heartbeat means.

use std::time::Duration;

use kafka_protocol::messages::{ResponseKind, ShareGroupHeartbeatResponse};

use super::{
    Action, Context, FIRST_INTERVAL, Goal, JOIN_EPOCH, NextHeartbeat, ShareGroup, State,
    TopicPartitions,
};
use crate::base::error::ErrorCode;
use crate::broker::{RequestError, Response};
use crate::coordinator;
use crate::group::{LEAST_INTERVAL, Token};

/// What an error calls for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Remedy {
    /// The same again, after a pause.
    Retry,
    /// Another broker coordinates the group.
    FindCoordinator,
    /// As a new member.
    Rejoin,
    /// The application is told, and the member goes on.
    Tell,
    /// Nothing helps.
    Fail,
}

impl Remedy {
    fn of(code: ErrorCode) -> Self {
        match code {
            ErrorCode::NOT_COORDINATOR | ErrorCode::COORDINATOR_NOT_AVAILABLE => {
                Remedy::FindCoordinator
            }
            ErrorCode::UNKNOWN_MEMBER_ID | ErrorCode::FENCED_MEMBER_EPOCH => Remedy::Rejoin,
            ErrorCode::TOPIC_AUTHORIZATION_FAILED => Remedy::Tell,
            ErrorCode::_UNSUPPORTED_FEATURE => Remedy::Fail,
            ErrorCode::COORDINATOR_LOAD_IN_PROGRESS
            | ErrorCode::REQUEST_TIMED_OUT
            | ErrorCode::NETWORK_EXCEPTION
            | ErrorCode::BROKER_NOT_AVAILABLE
            | ErrorCode::LEADER_NOT_AVAILABLE
            | ErrorCode::NOT_LEADER_FOR_PARTITION
            | ErrorCode::KAFKA_STORAGE_ERROR
            | ErrorCode::UNKNOWN_TOPIC_OR_PART => Remedy::Retry,
            _ if code.is_local() => Remedy::Retry,
            _ => Remedy::Fail,
        }
    }
}

impl ShareGroup {
    pub(super) fn on_response(
        &mut self,
        cx: &mut Context<'_>,
        token: Token,
        result: Result<Response, RequestError>,
    ) {
        match &self.state {
            State::Leaving { token: of, .. } if *of == token => self.state = State::Out,
            State::Member {
                beat: NextHeartbeat::Out(of, node),
                ..
            } if *of == token => {
                let node = *node;
                match read(result) {
                    Ok(answer) => self.on_answer(cx, answer),
                    Err((code, text)) => self.on_error(cx, node, code, &text),
                }
            }
            // Of a membership that is over.
            _ => {}
        }
    }

    fn on_answer(&mut self, cx: &mut Context<'_>, answer: ShareGroupHeartbeatResponse) {
        self.failures = 0;
        self.told = None;
        let said = u64::try_from(answer.heartbeat_interval_ms).unwrap_or(0);
        if said > 0 {
            self.interval = Some(Duration::from_millis(said).max(LEAST_INTERVAL));
        }
        if let Some(assignment) = answer.assignment {
            let topics = assignment.topic_partitions.into_iter();
            let list: Vec<_> = topics
                .map(|t| TopicPartitions {
                    topic: t.topic_id,
                    partitions: t.partitions,
                })
                .collect();
            // The time that the application has to poll in begins with the first one.
            self.has_assignment = true;
            cx.actions.push(Action::Assigned(list));
        }
        let next = match self.topics_changed {
            true => cx.now,
            false => cx.now + self.interval(),
        };
        self.state = State::Member {
            epoch: answer.member_epoch.max(JOIN_EPOCH),
            beat: NextHeartbeat::Due(next),
            full: false,
        };
    }

    fn interval(&self) -> Duration {
        self.interval.unwrap_or(FIRST_INTERVAL)
    }

    fn on_error(&mut self, cx: &mut Context<'_>, node: i32, code: ErrorCode, text: &str) {
        let State::Member { epoch, .. } = self.state else {
            return;
        };
        let g = &self.settings.group;
        let (base, max) = (g.retry_backoff, g.retry_backoff_max);
        let pause = coordinator::backoff(&mut self.rng, self.failures, base, max);
        self.failures = self.failures.saturating_add(1);
        let remedy = Remedy::of(code);
        let mut member = |epoch, at| {
            self.state = State::Member {
                epoch,
                beat: NextHeartbeat::Due(at),
                full: true,
            };
        };
        match remedy {
            Remedy::Retry => member(epoch, cx.now + pause),
            Remedy::FindCoordinator => {
                member(epoch, cx.now + pause);
                self.coordinate(cx, coordinator::Event::Lost(node));
            }
            Remedy::Rejoin => {
                // At once, unless it has just been tried.
                let pause = if self.failures > 1 {
                    pause
                } else {
                    Duration::ZERO
                };
                member(JOIN_EPOCH, cx.now + pause);
                self.drop_assignment(cx);
            }
            Remedy::Tell => {
                let interval = self.interval();
                let next = cx.now + self.interval.unwrap_or(pause.max(base));
                self.state = State::Member {
                    epoch,
                    beat: NextHeartbeat::Due(next),
                    full: true,
                };
                self.tell(cx, code, text, interval);
            }
            Remedy::Fail => {
                self.goal = Goal::Failed;
                self.drop_assignment(cx);
                self.state = State::Out;
                let text = match text.is_empty() {
                    true => format!("The share group refuses the member: {code}"),
                    false => format!("The share group refuses the member: {code}: {text}"),
                };
                cx.actions.push(Action::Fatal(code, text));
            }
        }
    }

    /// Not the same again and again.
    fn tell(&mut self, cx: &mut Context<'_>, code: ErrorCode, text: &str, interval: Duration) {
        let pause = interval.max(FIRST_INTERVAL);
        if self
            .told
            .is_some_and(|(of, at)| of == code && cx.now <= at + pause)
        {
            return;
        }
        self.told = Some((code, cx.now));
        let more = if text.is_empty() { "" } else { ": " };
        let text = format!("ShareGroupHeartbeat failed: {code}{more}{text}");
        cx.actions.push(Action::Error(code, text));
    }
}

fn read(
    result: Result<Response, RequestError>,
) -> Result<ShareGroupHeartbeatResponse, (ErrorCode, String)> {
    match result.map(|response| response.kind) {
        Ok(Some(ResponseKind::ShareGroupHeartbeat(answer))) => {
            let code = ErrorCode::from(answer.error_code);
            if code.is_err() {
                let text = answer.error_message.map(|m| m.to_string());
                return Err((code, text.unwrap_or_default()));
            }
            Ok(answer)
        }
        Ok(_) => Err((
            ErrorCode::_BAD_MSG,
            "the heartbeat was answered with something else".into(),
        )),
        Err(e) => Err((e.code(), e.to_string())),
    }
}
