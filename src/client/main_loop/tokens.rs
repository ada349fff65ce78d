//! Asking for tokens when they are due.

use std::time::Instant;

use super::MainLoop;
use crate::base::time::wall_ms;
use crate::broker::sasl::token::Token;
use crate::client::event::Event;
use crate::client::oauth::schedule::Schedule;
use crate::client::oauth::{Source, TokenNews, config_text, unsecured};
use crate::client::shared::ClientShared;

/// Of a client with SASL/OAUTHBEARER.
pub(super) struct Refresher {
    schedule: Schedule,
    source: Source,
}

impl Refresher {
    pub(super) fn new(shared: &ClientShared, now: Instant) -> Option<Self> {
        shared.security.tokens().map(|_| Refresher {
            schedule: Schedule::new(now, wall_ms()),
            source: Source::of(&shared.conf.global),
        })
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.schedule.next_deadline()
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
            Source::Application => {
                let config = shared.conf.global.sasl_oauthbearer_config.as_deref();
                // It goes before all else: without a token nothing else comes.
                shared
                    .token_queue()
                    .push_front(Event::TokenRefresh(config.map(config_text)));
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
                self.router.brokers.credentials_ready();
            }
            TokenNews::Failed => schedule.on_failure(now, wall_ms()),
            TokenNews::Fetched(result) => self.on_fetched(result),
        }
    }

    /// The schedule gets its answer by way of what this tells the main thread.
    fn on_fetched(&mut self, result: Result<Token, String>) {
        if let Err(why) = result.and_then(|token| self.shared.set_token(token)) {
            self.shared.token_failed(&why);
        }
    }
}
