//! The steps towards the goal, and what time does to a membership.

use std::time::Instant;

use super::{Consumer, Goal, NextHeartbeat, POLL_GRACE, State, Step};
use crate::base::error::ErrorCode;
use crate::coordinator::Node;
use crate::group::{Action, Context};

impl Consumer {
    /// One step towards the goal; `false` when there is none to take now.
    pub(super) fn step(
        &mut self,
        cx: &mut Context<'_>,
        coordinator: Option<&Node>,
        polled: Instant,
    ) -> bool {
        let now = cx.now;
        let unheard = self.leave.take_if(|leave| leave.until <= now).is_some();
        if unheard && matches!(self.goal, Goal::Out | Goal::Member) {
            self.listed = true;
        }
        match &self.state {
            State::Closed | State::Losing { .. } => false,
            State::Out { at } => {
                let due = *at <= now;
                let polls = now < polled + self.config.max_poll_interval;
                self.step_out(cx, coordinator, due, polls)
            }
            State::Joining(_) if self.goal != Goal::Member => {
                self.state = State::Out { at: now };
                true
            }
            State::Joining(_) => false,
            State::Member { step, .. } => {
                if polled + self.config.max_poll_interval + POLL_GRACE <= now {
                    self.stop_for_poll(cx, coordinator, polled);
                    return true;
                }
                match step {
                    Step::Revoking(_) => {}
                    _ if self.goal == Goal::Member => {}
                    _ if self.owned.partitions.is_empty() => {
                        self.state = State::Out { at: now };
                        return true;
                    }
                    _ => {
                        self.give_up(cx);
                        return true;
                    }
                }
                self.serve(cx, coordinator)
            }
        }
    }

    /// Without a membership: seeks one, or leaves what the coordinator may still have.
    fn step_out(
        &mut self,
        cx: &mut Context<'_>,
        coordinator: Option<&Node>,
        due: bool,
        polls: bool,
    ) -> bool {
        // What comes after a leave could overtake it on another connection.
        if self.leave.is_some() {
            return false;
        }
        match (self.goal, coordinator) {
            // The coordinator may have what an earlier request, whose answer was lost, has
            // made of this member: it would refuse an epoch of 0, and an instance for good.
            (Goal::Member, Some(node)) if due && polls && self.listed => self.leave(cx, node),
            (Goal::Member, Some(node)) if due && polls => self.join(cx, node),
            (Goal::Out, Some(node)) if due && self.listed => self.leave(cx, node),
            (Goal::Closed, Some(node)) if self.listed => self.leave(cx, node),
            (Goal::Closed, _) => self.state = State::Closed,
            _ => return false,
        }
        true
    }

    /// Heartbeats, and what they have brought.
    fn serve(&mut self, cx: &mut Context<'_>, coordinator: Option<&Node>) -> bool {
        if self.ask_names(cx) {
            return true;
        }
        let State::Member { session, step } = &self.state else {
            return false;
        };
        let due = matches!(session.beat, NextHeartbeat::Due(at) if at <= cx.now);
        if matches!(step, Step::Steady) && self.goal == Goal::Member && self.reconcile(cx) {
            return true;
        }
        match coordinator {
            Some(node) if due => {
                self.beat(cx, node);
                true
            }
            _ => false,
        }
    }

    /// The application has not polled for too long: what it has is lost, and it is a
    /// member again when it polls. It leaves at once, since it may never poll again.
    fn stop_for_poll(&mut self, cx: &mut Context<'_>, coordinator: Option<&Node>, polled: Instant) {
        let limit = self.config.max_poll_interval;
        let over = cx.now.saturating_duration_since(polled + limit);
        if let Some(node) = coordinator {
            self.leave(cx, node);
        }
        self.lose(cx, cx.now);
        cx.actions.push(Action::Error(
            ErrorCode::_MAX_POLL_EXCEEDED,
            format!(
                "Application maximum poll interval ({}ms) exceeded by {}ms",
                limit.as_millis(),
                over.as_millis()
            ),
        ));
    }
}
