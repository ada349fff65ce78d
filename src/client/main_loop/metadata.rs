//! Metadata: asked for, and taken in.

use std::sync::Arc;
use std::time::Instant;

use kafka_protocol::messages::{ApiKey, MetadataResponse, RequestKind, ResponseKind};

use super::MainLoop;
use crate::base::error::{ErrorCode, KafkaError};
use crate::base::log::{Level, debug};
use crate::base::time::ms;
use crate::broker::{Request, RequestError, Response};
use crate::client::command::{MainCommand, MetadataFor};
use crate::coordinator::Target;
use crate::coordinator::target::{ErrorClass, RetriedRequest};
use crate::metadata::request::metadata_request;
use crate::metadata::{Refresh, Snapshot};

impl MainLoop {
    /// Asks when the manager wants to, and a broker is up.
    pub(super) fn metadata_on_time(&mut self, now: Instant) {
        let waits = self.router.metadata_waits();
        if !self.router.brokers.is_empty() && !waits && self.metadata.is_due(now) {
            self.bootstrap.asked(now, &self.shared.conf);
            self.router.set_metadata_waits(true);
            if self.router.usable_broker().is_none() {
                self.router.connect_for_waiting();
            }
        }
        if self.router.metadata_waits() && self.router.usable_broker().is_some() {
            self.router.set_metadata_waits(false);
            if let Some(refresh) = self.metadata.poll(now) {
                let deadline = now + ms(self.shared.conf.global.socket_timeout_ms);
                self.ask_metadata(now, refresh, deadline, MetadataFor::Manager);
            }
        }
    }

    /// The manager asks again by itself; for an application the request is sent until the
    /// deadline: if a broker goes away before it answers, or is silent, another one may
    /// know, or it may itself later.
    pub(super) fn ask_metadata(
        &mut self,
        now: Instant,
        what: Refresh,
        deadline: Instant,
        asked: MetadataFor,
    ) {
        let main = self.shared.main.clone();
        // An application may be patient: no broker is waited for longer than this.
        let timeout = ms(self.shared.conf.global.socket_timeout_ms);
        // A producer's default is to create, see `base::conf::finalize`.
        let create = self.shared.conf.global.allow_auto_create_topics
            && !matches!(asked, MetadataFor::Application { create: false, .. });
        self.shared.logger.debug(
            debug::METADATA,
            "METADATA",
            format_args!("Requesting metadata: {what:?}"),
        );
        let is_retried = matches!(asked, MetadataFor::Application { .. });
        let wanted = what.clone();
        let build =
            move |version| RequestKind::Metadata(metadata_request(&wanted, create, version));
        let reply = move |result| {
            main.send(MainCommand::MetadataAnswer {
                what,
                asked,
                result,
            });
        };
        let cluster = self.metadata.cache();
        if is_retried {
            let request = RetriedRequest {
                target: Target::Any,
                api: ApiKey::Metadata,
                build: Arc::new(build),
                max_version: None,
                timeout,
                deadline,
                class: |_| ErrorClass::Final,
                reply: Box::new(reply),
                attempts: 0,
                single_attempt: false,
            };
            self.router.retry(now, cluster, request);
        } else {
            let request = Request::new(ApiKey::Metadata, timeout, build, reply);
            self.router.route(cluster, Target::Any, request);
        }
    }

    pub(super) fn on_metadata(
        &mut self,
        now: Instant,
        what: &Refresh,
        asked: MetadataFor,
        result: Result<Response, RequestError>,
    ) {
        let all = *what == Refresh::All;
        let response = self.read_metadata(now, result);
        match (response, asked) {
            (Ok(snapshot), MetadataFor::Manager) => self.learn(now, snapshot, true, all),
            (Ok(snapshot), MetadataFor::Application { reply, .. }) => {
                self.learn(now, snapshot.clone(), false, all);
                let _ = reply.send(Ok(Arc::new(snapshot)));
            }
            (Err(e), MetadataFor::Manager) => {
                self.shared.logger.debug(
                    debug::METADATA,
                    "METADATA",
                    format_args!("Metadata request failed: {e}"),
                );
                self.metadata.on_failure(now);
            }
            (Err(mut e), MetadataFor::Application { reply, .. }) => {
                // There was a broker to ask, but no time to.
                if e.code == ErrorCode::_TIMED_OUT_QUEUE && self.router.has_broker_up() {
                    e.code = ErrorCode::_TIMED_OUT;
                }
                let _ = reply.send(Err(e));
            }
        }
    }

    fn read_metadata(
        &mut self,
        now: Instant,
        result: Result<Response, RequestError>,
    ) -> Result<Snapshot, KafkaError> {
        match result {
            Ok(Response {
                kind: Some(ResponseKind::Metadata(r)),
                broker,
                ..
            }) if r.error_code != 0 => {
                let code = ErrorCode::from(r.error_code);
                if code == ErrorCode::REBOOTSTRAP_REQUIRED {
                    self.rebootstrap(now);
                }
                Err(KafkaError::new(
                    code,
                    format!("{broker} refused to tell metadata: {code}"),
                ))
            }
            Ok(Response {
                kind: Some(ResponseKind::Metadata(r)),
                broker_id,
                broker,
                ..
            }) => {
                self.metadata_came();
                Ok(told(&r, broker_id, &broker))
            }
            Ok(_) => Err(KafkaError::new(
                ErrorCode::_BAD_MSG,
                "Metadata was answered with something else",
            )),
            Err(e) => Err(KafkaError::new(e.code(), e.to_string())),
        }
    }

    /// Brokers that a fan-out is told of are brokers that its next requests go to.
    pub(super) fn learn_from(&mut self, now: Instant, result: &Result<Response, RequestError>) {
        if let Ok(response) = result
            && let Some(ResponseKind::Metadata(answer)) = &response.kind
            && answer.error_code == 0
        {
            let snapshot = told(answer, response.broker_id, &response.broker);
            self.learn(now, snapshot, false, false);
        }
    }

    fn learn(&mut self, now: Instant, mut snapshot: Snapshot, complete: bool, all: bool) {
        snapshot.hide(self.shared.conf.global.topic_blacklist.as_ref());
        if !snapshot.brokers.is_empty() && !self.router.brokers.update(snapshot.brokers.values()) {
            self.bootstrap.not_started();
        }
        self.warn_of_other_cluster(&snapshot);
        let seen: Vec<_> = snapshot
            .topics
            .iter()
            .map(|(name, info)| (name.clone(), info.err))
            .collect();
        let changes = self.metadata.on_snapshot(snapshot, complete, all, now);
        self.shared
            .metadata
            .store(Arc::new(self.metadata.cache().clone()));
        for change in changes {
            self.apply(now, change);
        }
        self.with_consumer(now, |machine, cx| machine.on_snapshot(cx, all, &seen));
        self.with_share(now, |machine, cx| machine.on_snapshot(cx, &seen));
        self.router.on_metadata(now, self.metadata.cache());
    }

    /// Servers of two clusters in one list are a mistake that shows in nothing else.
    fn warn_of_other_cluster(&self, new: &Snapshot) {
        let (Some(known), Some(now)) = (&self.metadata.cache().cluster_id, &new.cluster_id) else {
            return;
        };
        if known != now {
            self.shared.logger.log(
                Level::Warning,
                "CLUSTERID",
                format_args!(
                    "{} reports different ClusterId {now:?}, not {known:?} as before: a client must be connected to the \
                     brokers of one cluster only",
                    new.answered_by_name
                ),
            );
        }
    }
}

/// What a broker says of the cluster.
fn told(answer: &MetadataResponse, broker_id: i32, broker: &str) -> Snapshot {
    let mut snapshot = Snapshot::from_response(answer);
    snapshot.answered_by = broker_id;
    snapshot.answered_by_name = broker.to_owned();
    snapshot
}
