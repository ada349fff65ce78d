//! Brokers' connections come up and go down.

use std::time::Instant;

use super::MainLoop;
use crate::base::error::ErrorCode;
use crate::broker::{Ending, LinkEvent};
use crate::client::brokers::Condition;
use crate::client::types::BrokerKey;
use crate::coordinator::{self, Kind};
use crate::producer::transaction;

impl MainLoop {
    pub(super) fn on_link(&mut self, now: Instant, key: BrokerKey, event: LinkEvent) {
        if let Some((kind, news)) = self.router.coordinators.on_link(key, &event) {
            match kind {
                Kind::Group if self.share.is_some() => {
                    self.with_share(now, |machine, cx| machine.on_coordinator(cx, news));
                }
                Kind::Group => {
                    self.with_consumer(now, |machine, cx| machine.on_coordinator(cx, news));
                }
                Kind::Transaction => {
                    if let LinkEvent::Up { versions } = &event {
                        let abilities = transaction::Abilities::of(versions);
                        self.tell_transaction(now, transaction::Event::Abilities(abilities));
                    }
                    self.tell_transaction(now, transaction::Event::Coordinator(news));
                }
            }
            return;
        }
        if let Some(telemetry) = &mut self.telemetry {
            telemetry.on_link(key, &event);
        }
        if let LinkEvent::Up { .. } = &event {
            let news = transaction::Event::Coordinator(coordinator::Event::BrokerUp);
            self.tell_transaction(now, news);
        }
        self.with_consumer(now, |machine, cx| machine.on_link(cx, key, &event));
        self.with_share(now, |machine, cx| machine.on_link(cx, &event));
        match event {
            LinkEvent::Up { .. } => {
                self.all_down_told = false;
                self.bootstrap.some_broker_is_up();
                self.router.on_up(key);
            }
            LinkEvent::Down(ending) => {
                self.router.on_down(key, &ending);
                if let Ending::Failed { error } = ending {
                    if let Some((code, text)) = error {
                        self.shared.error(code, text);
                    }
                    self.check_all_down(now);
                }
                self.router.use_stale_if_needed();
                self.router.connect_for_waiting();
                // The partitions that the broker led may have moved.
                self.metadata.refresh_soon(now);
            }
            LinkEvent::Throttled { time } => {
                if let Some(b) = self.router.brokers.get(key) {
                    let millis = i32::try_from(time.as_millis()).unwrap_or(i32::MAX);
                    self.shared.throttled(b.name(), b.node_id(), millis);
                }
            }
        }
    }

    fn check_all_down(&mut self, now: Instant) {
        let all = self.router.brokers.len();
        let down = self
            .router
            .brokers
            .iter()
            .filter(|b| b.condition == Condition::Down)
            .count();
        if all == 0 || down < all || self.all_down_told {
            return;
        }
        self.all_down_told = true;
        self.shared.error(
            ErrorCode::_ALL_BROKERS_DOWN,
            format!("{down}/{all} brokers are down"),
        );
        self.bootstrap.all_are_down(now, &self.shared.conf);
    }
}
