//! Setting the token of SASL/OAUTHBEARER, on any thread.

use super::command::MainCommand;
use super::event::{Event, EventQueue};
use super::oauth::{Source, TokenNews, config_text, expired};
use super::shared::ClientShared;
use crate::base::error::ErrorCode;
use crate::base::time::wall_ms;
use crate::broker::sasl::token::Token;

impl ClientShared {
    /// From now on logins use this token; brokers that wait for one connect.
    pub fn set_token(&self, token: Token) -> Result<(), String> {
        let tokens = self.security.tokens();
        let tokens = tokens.ok_or("SASL/OAUTHBEARER is not in use")?;
        let expires_ms = token.expires_at_ms();
        if let Some(why) = expired(expires_ms, wall_ms()) {
            return Err(why);
        }
        tokens.set(token);
        self.main
            .send(MainCommand::Token(TokenNews::Set { expires_ms }));
        Ok(())
    }

    /// No token can be had now. The application is told of each reason once.
    pub fn token_failed(&self, why: &str) {
        let Some(tokens) = self.security.tokens() else {
            return;
        };
        let changed = tokens.set_failure(why);
        self.main.send(MainCommand::Token(TokenNews::Failed));
        if changed {
            self.error(
                ErrorCode::_AUTHENTICATION,
                format!("No token for SASL/OAUTHBEARER: {why}"),
            );
        }
    }

    /// Asks the application for its first token, if tokens come from there. Before it has
    /// the client, so that the first poll answers, however late the main thread begins.
    pub fn ask_for_first_token(&self) {
        let conf = &self.conf.global;
        if self.security.tokens().is_some() && matches!(Source::of(conf), Source::Application) {
            self.ask_for_token();
        }
    }

    /// It goes before all else: without a token nothing else comes.
    pub fn ask_for_token(&self) {
        let config = self.conf.global.sasl_oauthbearer_config.as_deref();
        self.token_queue()
            .push_front(Event::TokenRefresh(config.map(config_text)));
    }

    /// Where questions for tokens go.
    pub fn token_queue(&self) -> &EventQueue {
        self.sasl_queue.as_ref().unwrap_or(&self.main_queue)
    }
}
