//! The steps towards the goal, and what time does to a session.

use std::time::Instant;

use super::{Beat, Classic, Goal, POLL_GRACE, State};
use crate::base::error::ErrorCode;
use crate::coordinator::Node;
use crate::group::{Action, Context};

const POLL_EXCEEDED: &str = "max.poll.interval.ms exceeded";
const SESSION_OVER: &str = "session.timeout.ms passed without an answer";

impl Classic {
    /// One step towards the goal; `false` when there is none to take now.
    pub(super) fn step(
        &mut self,
        cx: &mut Context<'_>,
        coordinator: Option<&Node>,
        polled: Instant,
    ) -> bool {
        let now = cx.now;
        match &mut self.state {
            State::Closed => false,
            State::Out { at } => {
                let due = *at <= now;
                self.step_out(
                    cx,
                    coordinator,
                    due && now < polled + self.config.max_poll_interval,
                )
            }
            State::Joining { .. } | State::Syncing { .. } | State::Assembling { .. }
                if self.goal != Goal::Member =>
            {
                self.give_up(cx, None);
                true
            }
            State::Joining { .. } | State::Syncing { .. } => false,
            State::Assembling { view, until, .. } => {
                if view.is_none() && now < *until {
                    return false;
                }
                let view = view.take().unwrap_or_else(|| self.view.clone());
                self.assign_members(cx, coordinator, &view);
                true
            }
            State::Leaving { until, .. } => {
                if *until <= now {
                    self.state = State::Out { at: now };
                    return true;
                }
                false
            }
            State::Steady { .. } | State::Assigning { .. } if self.goal != Goal::Member => {
                if let State::Steady { session } | State::Assigning { session, .. } =
                    std::mem::replace(&mut self.state, State::Out { at: now })
                {
                    self.give_up(cx, Some(session));
                }
                true
            }
            State::Steady { .. } | State::Assigning { .. } | State::Revoking { .. } => {
                self.serve_session(cx, coordinator, polled)
            }
        }
    }

    /// Without a membership: seeks one, or leaves what the coordinator may still know
    /// of. `may_join`: it is time, and the application polls.
    fn step_out(
        &mut self,
        cx: &mut Context<'_>,
        coordinator: Option<&Node>,
        may_join: bool,
    ) -> bool {
        if !self.owned.is_empty() {
            if self.goal != Goal::Member {
                self.give_up(cx, None);
                return true;
            }
            if self.contact + self.settings.session_timeout <= cx.now {
                self.member_id = "".into();
                self.lose(cx, SESSION_OVER);
                return true;
            }
        }
        let joinable = self.goal == Goal::Member && !self.shape().is_empty();
        match coordinator {
            Some(node) if joinable && may_join => self.join(cx, node),
            // A static member that closes keeps its place until its session ends (KIP-345).
            Some(node)
                if !joinable
                    && !self.member_id.is_empty()
                    && (self.settings.group_instance_id.is_none() || self.goal == Goal::Out) =>
            {
                let token = self.send_leave(cx, node, self.way_out());
                self.state = State::Leaving {
                    token,
                    until: cx.now + self.settings.close_patience(),
                };
            }
            _ if self.goal == Goal::Closed => self.state = State::Closed,
            _ => return false,
        }
        true
    }

    /// Heartbeats, and the timeouts of a session.
    fn serve_session(
        &mut self,
        cx: &mut Context<'_>,
        coordinator: Option<&Node>,
        polled: Instant,
    ) -> bool {
        let now = cx.now;
        let (session_timeout, max_poll) =
            (self.settings.session_timeout, self.config.max_poll_interval);
        let expired = self.contact + session_timeout <= now;
        let Some(session) = self.session_mut() else {
            return false;
        };
        if expired {
            self.member_id = "".into();
            self.lose(cx, SESSION_OVER);
            return true;
        }
        let follow_up = session.follow_up.take_if(|at| *at <= now).is_some();
        if polled + max_poll + POLL_GRACE <= now {
            self.stop_for_poll(cx, coordinator, polled);
            return true;
        }
        if follow_up {
            self.rebalance(cx, "revoked partitions may be without a member");
            return true;
        }
        if let (Beat::Due(at), Some(node)) = (&session.beat, coordinator)
            && *at <= now
        {
            let generation = session.generation;
            let token = self.send_heartbeat(cx, node, generation);
            let sent = now;
            let node = node.id;
            if let Some(session) = self.session_mut() {
                session.beat = Beat::Out { token, sent, node };
            }
            return true;
        }
        false
    }

    /// The application has not polled for too long: what it has is lost, and it is a
    /// member again when it polls.
    fn stop_for_poll(&mut self, cx: &mut Context<'_>, coordinator: Option<&Node>, polled: Instant) {
        let limit = self.config.max_poll_interval;
        let over = cx.now.saturating_duration_since(polled + limit);
        if self.settings.group_instance_id.is_none() {
            match coordinator {
                Some(node) => {
                    self.send_leave(cx, node, POLL_EXCEEDED);
                }
                None => self.member_id = "".into(),
            }
        }
        self.lose(cx, POLL_EXCEEDED);
        cx.actions.push(Action::Error(
            ErrorCode::_MAX_POLL_EXCEEDED,
            format!(
                "Application maximum poll interval ({}ms) exceeded by {}ms",
                limit.as_millis(),
                over.as_millis()
            ),
        ));
    }

    /// Why it leaves.
    pub(super) fn way_out(&self) -> &'static str {
        match self.goal {
            Goal::Closed => "consumer closing",
            _ => "unsubscribe",
        }
    }
}
