//! Setting the token of SASL/OAUTHBEARER, on any thread.

use super::command::MainCommand;
use super::event::EventQueue;
use super::oauth::{TokenNews, expired};
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

    /// Where questions for tokens go.
    pub fn token_queue(&self) -> &EventQueue {
        self.sasl_queue.as_ref().unwrap_or(&self.main_queue)
    }
}
