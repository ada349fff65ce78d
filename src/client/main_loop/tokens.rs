//! Asking for tokens when they are due.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use super::MainLoop;
use crate::base::panic;
use crate::base::thread;
use crate::base::time::wall_ms;
use crate::broker::sasl::token::Token;
use crate::client::command::{MainCommand, MainSender};
use crate::client::oauth::http::cancel::Cancel;
use crate::client::oauth::schedule::Schedule;
use crate::client::oauth::{Fetch, Source, TokenNews, unsecured};
use crate::client::shared::ClientShared;

/// Of a client with SASL/OAUTHBEARER.
pub(super) struct Refresher {
    schedule: Schedule,
    source: Source,
    running: Option<Running>,
}

/// A fetch on its thread.
struct Running {
    cancel: Arc<Cancel>,
    thread: JoinHandle<()>,
}

impl Running {
    fn begin(fetch: Arc<dyn Fetch>, main: MainSender) -> io::Result<Self> {
        let cancel = Arc::new(Cancel::new()?);
        let of_thread = cancel.clone();
        let thread = thread::spawn("rdk:oauth", move || {
            let fetched = panic::catch(|| fetch.fetch(&of_thread));
            let result = fetched
                .unwrap_or_else(|report| Err(format!("an error inside librskafka: {report}")));
            main.send(MainCommand::Token(TokenNews::Fetched(result)));
        })?;
        Ok(Running { cancel, thread })
    }

    /// Waits for the thread, unless that is in a look-up, which nothing can interrupt: then
    /// it is left behind, as those of the resolver are.
    fn end(self) {
        if self.cancel.cancel() {
            let _ = self.thread.join();
        }
    }
}

impl Refresher {
    pub(super) fn new(shared: &ClientShared, now: Instant) -> Option<Self> {
        shared.security.tokens().map(|_| {
            let mut schedule = Schedule::new(now, wall_ms());
            let source = Source::of(&shared.conf.global);
            if matches!(source, Source::Application) {
                // By `ClientShared::ask_for_first_token`.
                schedule.on_time(now, wall_ms());
            }
            Refresher {
                schedule,
                source,
                running: None,
            }
        })
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.schedule.next_deadline()
    }

    /// A fetch that is under way goes on in the place of a second one: the application may
    /// have answered before it.
    fn begin(&mut self, fetch: Arc<dyn Fetch>, main: MainSender) -> io::Result<()> {
        if self.running.is_none() {
            self.running = Some(Running::begin(fetch, main)?);
        }
        Ok(())
    }

    pub(super) fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.end();
        }
    }
}

impl MainLoop {
    pub(super) fn tokens_on_time(&mut self, now: Instant) {
        let Some(refresher) = &mut self.refresher else {
            return;
        };
        if !refresher.schedule.on_time(now, wall_ms()) {
            return;
        }
        let shared = &self.shared;
        match &refresher.source {
            Source::Application => shared.ask_for_token(),
            Source::Fetched(fetch) => {
                let fetch = fetch.clone();
                if let Err(e) = refresher.begin(fetch, shared.main.clone()) {
                    self.on_fetched(Err(format!("the system gives no thread: {e}")));
                }
            }
            Source::Unsecured => {
                let config = shared.conf.global.sasl_oauthbearer_config.as_deref();
                let made = unsecured::token(config, wall_ms());
                self.on_fetched(made);
            }
        }
    }

    pub(super) fn on_token_news(&mut self, now: Instant, news: TokenNews) {
        let Some(refresher) = &mut self.refresher else {
            return;
        };
        let schedule = &mut refresher.schedule;
        match news {
            TokenNews::Set { expires_ms } => {
                schedule.on_token(now, wall_ms(), expires_ms);
                self.router.brokers.credentials_replaced();
            }
            TokenNews::Failed => schedule.on_failure(now, wall_ms()),
            TokenNews::Fetched(result) => {
                if let Some(running) = refresher.running.take() {
                    // This was the last that it did.
                    let _ = running.thread.join();
                }
                self.on_fetched(result);
            }
        }
    }

    /// The schedule gets its answer by way of what this tells the main thread.
    fn on_fetched(&mut self, result: Result<Token, String>) {
        if let Err(why) = result.and_then(|token| self.shared.set_token(token)) {
            self.shared.token_failed(&why);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use super::*;

    /// Fetches until it is cancelled, and counts how often it is asked to.
    struct Slow(AtomicU32);

    impl Fetch for Slow {
        fn fetch(&self, cancel: &Arc<Cancel>) -> Result<Token, String> {
            self.0.fetch_add(1, Ordering::SeqCst);
            let cancelled = cancel.sleep(Duration::from_secs(600));
            Err(format!("{cancelled:?}"))
        }
    }

    #[test]
    fn there_is_one_fetch_at_a_time_and_it_ends_with_the_client() {
        let (tx, news) = crossbeam_channel::unbounded();
        let fetch = Arc::new(Slow(AtomicU32::new(0)));
        let mut refresher = Refresher {
            schedule: Schedule::new(Instant::now(), wall_ms()),
            source: Source::Fetched(fetch.clone()),
            running: None,
        };
        for _ in 0..2 {
            let main = MainSender(tx.clone());
            refresher.begin(fetch.clone(), main).unwrap();
        }
        refresher.stop();
        assert!(matches!(
            news.try_recv(),
            Ok(MainCommand::Token(TokenNews::Fetched(Err(_))))
        ));
        assert!(news.is_empty());
        assert_eq!(fetch.0.load(Ordering::SeqCst), 1);
    }
}
