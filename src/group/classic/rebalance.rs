//! Giving partitions to the application and taking them back.

use std::borrow::Cow;

use super::{Beat, Classic, Goal, Member, Next, Session, State, Then};
use crate::base::error::ErrorCode;
use crate::group::assignor::{RebalanceProtocol, TopicPartition};
use crate::group::{Action, Context, Rebalance, RebalanceKind};

impl Classic {
    /// The application has subscribed, be it to the same topics: with the eager protocol
    /// that is told by a rebalance, which applications wait for. The cooperative one
    /// leaves alone what stays.
    pub(super) fn subscribed_anew(&mut self, cx: &mut Context<'_>) {
        let eager = self
            .session()
            .is_some_and(|s| s.assignor.protocol() == RebalanceProtocol::Eager);
        if eager {
            self.rebalance(cx, "topics were subscribed to");
        }
    }

    /// The group rebalances, or is to: this member has to join again.
    pub(super) fn rebalance(&mut self, cx: &mut Context<'_>, why: impl Into<Cow<'static, str>>) {
        let at = cx.now;
        match &mut self.state {
            State::Assigning { next, .. } if *next == Next::Stay => {
                self.reason = why.into();
                *next = Next::Rejoin;
            }
            State::Assigning { .. } => {}
            State::Steady { session } => {
                self.reason = why.into();
                let eager = session.assignor.protocol() == RebalanceProtocol::Eager;
                let shape = self.shape();
                let taking: Vec<TopicPartition> = self
                    .owned
                    .iter()
                    .filter(|p| eager || !shape.contains_key(&p.topic))
                    .cloned()
                    .collect();
                let State::Steady { session } =
                    std::mem::replace(&mut self.state, State::Out { at })
                else {
                    return;
                };
                if taking.is_empty() {
                    self.attempts = 0;
                } else {
                    // Topics that are gone: there is nothing left to commit.
                    let gone = !eager && taking.iter().all(|p| self.wants(&p.topic));
                    self.revoke(cx, Some(session), taking, gone, Then::Goal);
                }
            }
            // It is on the way.
            _ => {}
        }
    }

    /// The membership is not valid any more. An assignment that the application has
    /// yet to take is taken back all the same, in order.
    pub(super) fn lose(&mut self, cx: &mut Context<'_>, why: impl Into<Cow<'static, str>>) {
        self.generation = -1;
        self.reason = why.into();
        match &mut self.state {
            State::Revoking { session, lost, .. } => {
                *session = None;
                *lost = true;
            }
            State::Closed | State::Leaving { .. } => {}
            _ => {
                self.state = State::Out { at: cx.now };
                self.give_up_lost(cx);
            }
        }
    }

    fn give_up_lost(&mut self, cx: &mut Context<'_>) {
        if !self.owned.is_empty() {
            let taking = self.owned.clone();
            self.revoke(cx, None, taking, true, Then::Goal);
        }
    }

    /// Everything back from the application, then out of the group.
    pub(super) fn give_up(&mut self, cx: &mut Context<'_>, session: Option<Session>) {
        self.state = State::Out { at: cx.now };
        self.reason = self.way_out().into();
        if !self.owned.is_empty() {
            let taking = self.owned.clone();
            self.revoke(cx, session, taking, false, Then::Goal);
        }
    }

    fn revoke(
        &mut self,
        cx: &mut Context<'_>,
        session: Option<Session>,
        taking: Vec<TopicPartition>,
        lost: bool,
        then: Then,
    ) {
        cx.actions.push(Action::Rebalance(Rebalance {
            kind: RebalanceKind::Revoke { lost },
            protocol: self.protocol.unwrap_or(RebalanceProtocol::Eager),
            partitions: taking.clone(),
        }));
        self.state = State::Revoking {
            session,
            lost,
            taking,
            then,
        };
    }

    /// What the group gives this member, of a generation that has just begun.
    pub(super) fn on_assignment(
        &mut self,
        cx: &mut Context<'_>,
        session: Session,
        assigned: Vec<TopicPartition>,
    ) {
        let protocol = session.assignor.protocol();
        self.protocol = Some(protocol);
        self.generation = session.generation;
        self.assigned_as = Member {
            generation: session.generation,
            member_id: self.member_id.clone(),
            instance_id: self.settings.group_instance_id.clone(),
        };
        self.attempts = 0;
        let kept = |p: &TopicPartition| assigned.contains(p);
        let revoked: Vec<_> = self.owned.iter().filter(|p| !kept(p)).cloned().collect();
        let added: Vec<_> = assigned
            .iter()
            .filter(|p| !self.owned.contains(p))
            .cloned()
            .collect();
        if revoked.is_empty() {
            self.assign(cx, session, added, Next::Stay);
        } else {
            self.revoke(cx, Some(session), revoked, false, Then::Assign(added));
        }
    }

    fn assign(
        &mut self,
        cx: &mut Context<'_>,
        session: Session,
        added: Vec<TopicPartition>,
        next: Next,
    ) {
        self.owned.extend_from_slice(&added);
        cx.actions.push(Action::Rebalance(Rebalance {
            kind: RebalanceKind::Assign,
            protocol: session.assignor.protocol(),
            partitions: added,
        }));
        self.state = State::Assigning { session, next };
    }

    /// The application has taken what it was given.
    pub(super) fn assigned(&mut self, cx: &mut Context<'_>) {
        if let State::Assigning { .. } = self.state
            && let State::Assigning { mut session, next } =
                std::mem::replace(&mut self.state, State::Out { at: cx.now })
        {
            // Taking it may have taken long: the group may be rebalancing again.
            if let Beat::Due(at) = &mut session.beat {
                *at = cx.now;
            }
            self.state = State::Steady { session };
            match next {
                Next::Stay => self.check_shape(cx),
                Next::Rejoin => {
                    let why = std::mem::take(&mut self.reason);
                    self.rebalance(cx, why);
                }
            }
        }
    }

    /// The application has given up what was to be taken from it.
    pub(super) fn unassigned(&mut self, cx: &mut Context<'_>) {
        if !matches!(self.state, State::Revoking { .. }) {
            return;
        }
        let at = cx.now;
        let State::Revoking {
            session,
            taking,
            then,
            ..
        } = std::mem::replace(&mut self.state, State::Out { at })
        else {
            return;
        };
        self.owned.retain(|p| !taking.contains(p));
        let stays = self.goal == Goal::Member;
        match (session, then) {
            // Lost, and there is more to be taken.
            (None, _) => self.give_up_lost(cx),
            // Told even where nothing is added: applications count on it.
            (Some(session), Then::Assign(added)) if stays => {
                self.reason = "revoked partitions are for other members".into();
                self.assign(cx, session, added, Next::Rejoin);
            }
            (Some(_), Then::Goal) if stays => self.attempts = 0,
            // On the way out; `on_tick` goes on with it.
            (Some(session), _) => self.state = State::Steady { session },
        }
    }

    /// Another instance has this one's `group.instance.id`.
    pub(super) fn fence(&mut self, cx: &mut Context<'_>, code: ErrorCode) {
        cx.actions
            .push(Action::Fatal(code, format!("Fatal consumer error: {code}")));
        if self.goal != Goal::Closed {
            self.goal = Goal::Fenced;
        }
        self.member_id = "".into();
        self.lose(cx, "fenced by another instance");
    }
}
