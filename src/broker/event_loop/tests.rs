use std::time::Duration;

use crate::base::lock::RwLock;
use kafka_protocol::messages::{ApiKey, HeartbeatRequest, RequestKind};

use super::*;
use crate::base::log::{Line, LogSink};
use crate::broker::identity::Identity;
use crate::broker::testing;
use crate::broker::transport::Plain;
use crate::broker::transport::tcp::{Options, TcpConnector};
use crate::broker::{LinkSettings, Outbox, RequestError, Response};

/// Panics when told to, so many times.
struct Fragile {
    panics: u32,
    downs: Sender<()>,
}

impl LinkUser for Fragile {
    type Command = u32;
    type Tag = ();

    fn on_command(&mut self, _: Instant, panics: u32) {
        self.panics = panics;
    }

    fn on_up(&mut self, _: Instant) {}

    fn on_down(&mut self, _: Instant) {
        let _ = self.downs.send(());
    }

    fn collect(&mut self, _: Instant) {
        if self.panics > 0 {
            self.panics -= 1;
            panic!("out of order");
        }
    }

    fn poll(&mut self, _: Instant, _: &mut dyn Outbox<()>) {}
    fn poll_down(&mut self, _: Instant) {}
    fn on_response(&mut self, _: Instant, (): (), _: Result<Response, RequestError>) {}

    fn next_deadline(&self, _: bool) -> Option<Instant> {
        None
    }

    fn wants_connection(&self) -> bool {
        false
    }
}

struct Lines(Sender<String>);

impl LogSink for Lines {
    fn write(&self, line: Line) {
        let _ = self.0.send(format!("{}: {}", line.facility, line.text));
    }
}

struct Fixture {
    handle: Handle<Fragile>,
    downs: Receiver<()>,
    lines: Receiver<String>,
}

fn fixture() -> Fixture {
    let (lines_tx, lines) = unbounded();
    let (downs_tx, downs) = unbounded();
    let logger = Arc::new(Logger::new(6, 0, false));
    logger.set_sink(Some(Arc::new(Lines(lines_tx))));
    let settings = LinkSettings {
        setup_timeout: Duration::from_secs(1),
        reconnect_backoff: Duration::from_millis(1),
        reconnect_backoff_max: Duration::from_millis(1),
        ..testing::settings()
    };
    // Without an address, which the link waits for.
    let config = LinkConfig {
        settings: Arc::new(settings),
        identity: Arc::new(RwLock::new(Identity::default())),
        logger,
        hooks: Arc::new(Plain),
        login: None,
        connector: Arc::new(TcpConnector {
            hooks: Arc::new(Plain),
            options: Options::default(),
        }),
        stats: Arc::default(),
        events: Box::new(|_| ()),
        observer: None,
    };
    let user = |_| Fragile {
        panics: 0,
        downs: downs_tx,
    };
    let handle = LoopPool
        .add("test".into(), Arc::new(|_| ()), config, user)
        .unwrap();
    Fixture {
        handle,
        downs,
        lines,
    }
}

fn request(timeout: Duration) -> (Request, Receiver<Result<Response, RequestError>>) {
    let (tx, rx) = unbounded();
    let build = |_| RequestKind::Heartbeat(HeartbeatRequest::default());
    let request = Request::new(ApiKey::Heartbeat, timeout, build, move |result| {
        let _ = tx.send(result);
    });
    (request, rx)
}

const LONG: Duration = Duration::from_secs(60);

#[test]
fn a_panic_costs_the_connection_and_not_the_loop() {
    let f = fixture();
    f.handle.send(LinkCommand::User(1));
    let line = f.lines.recv_timeout(LONG).unwrap();
    assert!(line.starts_with("PANIC: "), "{line}");
    assert!(line.contains("out of order"), "{line}");
    f.downs.recv_timeout(LONG).unwrap();
    let (request, answer) = request(Duration::from_millis(1));
    f.handle.request(request);
    let error = answer.recv_timeout(LONG).unwrap().unwrap_err();
    assert_eq!(error, RequestError::TimedOutInQueue);
    f.handle.send(LinkCommand::Stop);
    f.handle.join();
}

#[test]
fn a_link_that_only_panics_is_given_up() {
    let f = fixture();
    let (waiting, answer) = request(LONG);
    f.handle.request(waiting);
    f.handle.send(LinkCommand::User(u32::MAX));
    let error = answer.recv_timeout(LONG).unwrap().unwrap_err();
    assert_eq!(error, RequestError::Destroyed);
    f.handle.join();
    let (late, answer) = request(LONG);
    f.handle.request(late);
    let error = answer.recv_timeout(LONG).unwrap().unwrap_err();
    assert_eq!(error, RequestError::Destroyed);
}
