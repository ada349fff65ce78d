//! SaslHandshake and SaslAuthenticate, also the tokens that come bare after the first's
//! version 0. A client that fails gets its answer, and loses its connection.

use super::text;
use crate::mock::state::logins::{Begun, Refused};
use crate::mock::state::{ClusterState, Cx, Reply};
use bytes::Bytes;
use kafka_protocol::ResponseError as E;
use kafka_protocol::messages::{
    SaslAuthenticateRequest, SaslAuthenticateResponse, SaslHandshakeRequest, SaslHandshakeResponse,
};

pub fn handshake(state: &mut ClusterState, cx: &Cx, request: SaslHandshakeRequest) -> Reply {
    let response = SaslHandshakeResponse::default();
    if cx.error != 0 {
        return Reply::Last(response.with_error_code(cx.error).into());
    }
    let nonce = state.random_uuid().simple().to_string();
    let raw = cx.version == 0;
    let logins = &mut state.logins;
    let begun = logins.begin(cx.now, cx.conn, &request.mechanism, raw, nonce);
    let mechanisms = || logins.mechanisms.iter().map(|m| text(m.name())).collect();
    match begun {
        Begun::Exchange => Reply::Now(response.with_mechanisms(mechanisms()).into()),
        Begun::Illegal => {
            let code = E::IllegalSaslState.code();
            Reply::Now(response.with_error_code(code).into())
        }
        Begun::Unsupported => {
            let code = E::UnsupportedSaslMechanism.code();
            let response = response.with_error_code(code);
            Reply::Last(response.with_mechanisms(mechanisms()).into())
        }
    }
}

pub fn authenticate(state: &mut ClusterState, cx: &Cx, request: SaslAuthenticateRequest) -> Reply {
    let refused = |code: i16, why: Option<&str>| {
        SaslAuthenticateResponse::default()
            .with_error_code(code)
            .with_error_message(why.map(text))
    };
    if cx.error != 0 {
        let why = E::try_from_code(cx.error).map(|e| e.to_string());
        return Reply::Last(refused(cx.error, why.as_deref()).into());
    }
    let token = &request.auth_bytes;
    match state.logins.token(cx.now, cx.conn, &state.scram, token) {
        Ok(answer) => {
            let mut response = SaslAuthenticateResponse::default()
                .with_error_message(None)
                .with_auth_bytes(answer.token.into());
            if cx.version >= 1 {
                response.session_lifetime_ms = answer.lifetime_ms;
            }
            Reply::Now(response.into())
        }
        Err(Refused::Illegal) => {
            let why = "SaslAuthenticate request received after successful authentication";
            Reply::Now(refused(E::IllegalSaslState.code(), Some(why)).into())
        }
        Err(Refused::Failed(why)) => {
            let code = E::SaslAuthenticationFailed.code();
            Reply::Last(refused(code, Some(&why)).into())
        }
    }
}

/// The answer to a bare token, or `None` for the end.
pub fn bare_token(
    state: &mut ClusterState,
    now: crate::mock::state::Now,
    conn: crate::mock::state::ConnId,
    token: &[u8],
) -> Option<Bytes> {
    let answer = state.logins.token(now, conn, &state.scram, token).ok()?;
    let length = u32::try_from(answer.token.len()).ok()?;
    Some([&length.to_be_bytes()[..], &answer.token].concat().into())
}
