//! From a frame to a handler and from its response to a frame.

use super::handlers;
use super::state::errors::TRANSPORT;
use super::state::logins::Gate;
use super::state::{ClusterState, ConnId, Cx, Now, Output, Reply};
use crate::base::panic;
use crate::protocol::{bounded, share};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, RequestHeader, RequestKind, ResponseHeader, ResponseKind};
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};

/// Who has neither logged in nor shown a certificate.
pub const ANONYMOUS: &str = "User:ANONYMOUS";

/// connection.failed.authentication.delay.ms: how long a client that cannot log in waits
/// for being told, so that it tries less often.
const FAILED_LOGIN_DELAY_MS: u32 = 100;

/// Where a frame came from.
#[derive(Clone, Debug)]
pub struct Peer {
    pub conn: ConnId,
    pub broker: i32,
    pub host: StrBytes,
    /// Whom the certificate names, where nobody has to log in.
    pub principal: StrBytes,
}

/// Why a connection is closed on a client.
#[derive(Debug)]
enum Refused {
    Malformed,
    Unsupported,
    /// The client has to log in first, or again.
    Login,
    Injected,
}

impl ClusterState {
    /// Takes a request (without its length) and sooner or later answers it.
    pub fn request(&mut self, now: Now, peer: &Peer, frame: Bytes) {
        let conn = peer.conn;
        if self.logins.is_raw(conn) {
            return self.bare_token(now, peer, &frame);
        }
        match self.try_request(now, peer, frame) {
            Ok((cx, Reply::Now(response))) => self.respond(&cx, response),
            Ok((cx, Reply::Last(response))) => self.respond_last(&cx, response),
            Ok((_, Reply::Parked)) => {}
            Ok((_, Reply::Silent)) => self.push_output(Output::Next { conn }),
            Ok((_, Reply::Close)) | Err(_) => self.push_output(Output::Close { conn }),
        }
    }

    fn try_request(
        &mut self,
        now: Now,
        peer: &Peer,
        mut frame: Bytes,
    ) -> Result<(Cx, Reply), Refused> {
        let &[a, b, c, d, ..] = &frame[..] else {
            return Err(Refused::Malformed);
        };
        let api_key = i16::from_be_bytes([a, b]);
        let version = i16::from_be_bytes([c, d]);
        let api = ApiKey::try_from(api_key).map_err(|()| Refused::Unsupported)?;
        let supported = self.versions.accepts(api_key, version);
        if !supported && api != ApiKey::ApiVersions {
            return Err(Refused::Unsupported);
        }
        if frame.len() < 8 {
            return Err(Refused::Malformed);
        }
        // A future ApiVersions request is answered as version 0; only the fixed part
        // of its header can be trusted.
        let header = if supported {
            let v = api.request_header_version(version);
            RequestHeader::decode(&mut frame, v).map_err(|_| Refused::Malformed)?
        } else {
            frame.advance(4);
            RequestHeader::default().with_correlation_id(frame.get_i32())
        };
        let gate = self.logins.gate(now, peer.conn, api);
        if gate == Gate::Closed {
            return Err(Refused::Login);
        }
        self.track(now, peer.broker, api_key);
        let mut cx = Cx {
            now,
            conn: peer.conn,
            broker: peer.broker,
            api,
            version,
            correlation: header.correlation_id,
            client_id: header.client_id.unwrap_or_default(),
            client_host: peer.host.clone(),
            principal: self.principal(peer),
            error: 0,
            delay_ms: 0,
        };
        self.trace.line(format_args!(
            "Broker {}: {api:?}Request v{version} from {} ({})",
            cx.broker,
            cx.client_id.as_str(),
            cx.client_host.as_str()
        ));
        let request = if supported {
            decode(api, frame, version)?
        } else {
            cx.version = 0;
            cx.error = kafka_protocol::ResponseError::UnsupportedVersion.code();
            RequestKind::ApiVersions(Default::default())
        };
        self.inject(&mut cx)?;
        let reply = self.serve(gate, &mut cx, request);
        Ok((cx, reply))
    }

    fn serve(&mut self, gate: Gate, cx: &mut Cx, request: RequestKind) -> Reply {
        if gate == Gate::Illegal {
            cx.error = kafka_protocol::ResponseError::IllegalSaslState.code();
            return match handlers::handle(self, cx, request) {
                Reply::Now(response) => Reply::Last(response),
                _ => Reply::Close,
            };
        }
        if cx.error == 0 {
            cx.error = handlers::authorized(self, cx, &request);
        }
        handlers::handle(self, cx, request)
    }

    /// The next of the errors that a test has prepared.
    fn inject(&mut self, cx: &mut Cx) -> Result<(), Refused> {
        if let Some(injected) = self.next_error(cx.broker, cx.api as i16) {
            self.trace.line(format_args!(
                "Broker {}: {:?}Request gets the injected error {} and takes {} ms more",
                cx.broker, cx.api, injected.code, injected.rtt_ms
            ));
            if injected.code == TRANSPORT {
                return Err(Refused::Injected);
            }
            cx.error = injected.code as i16;
            cx.delay_ms = injected.rtt_ms;
        }
        Ok(())
    }

    /// A token after SaslHandshake of version 0, which has no request around it.
    fn bare_token(&mut self, now: Now, peer: &Peer, token: &[u8]) {
        let conn = peer.conn;
        let delay_ms = self.broker(peer.broker).map_or(0, |b| b.rtt_ms);
        let answer = handlers::bare_token(self, now, conn, token);
        self.push_output(match answer {
            Some(frame) => Output::Send {
                conn,
                frame,
                delay_ms,
            },
            None => Output::Close { conn },
        });
    }

    /// Whom a request is from, as ACLs name it.
    fn principal(&self, peer: &Peer) -> StrBytes {
        if !self.logins.are_required() {
            return peer.principal.clone();
        }
        let logged_in = self.logins.principal(peer.conn);
        logged_in.unwrap_or_else(|| StrBytes::from_static_str(ANONYMOUS))
    }

    /// Sends the response to the request that `cx` stands for.
    pub fn respond(&mut self, cx: &Cx, response: ResponseKind) {
        let (conn, rtt_ms) = (cx.conn, self.rtt_ms(cx));
        let answer = self.answer(cx, &response);
        self.push_output(match answer {
            Some(frame) => Output::Send {
                conn,
                frame,
                delay_ms: cx.delay_ms.saturating_add(rtt_ms),
            },
            None => Output::Close { conn },
        });
    }

    /// As `respond`; the connection ends with it.
    fn respond_last(&mut self, cx: &Cx, response: ResponseKind) {
        let (conn, rtt_ms) = (cx.conn, self.rtt_ms(cx));
        let answer = self.answer(cx, &response);
        self.push_output(match answer {
            Some(frame) => Output::Last {
                conn,
                frame,
                delay_ms: cx
                    .delay_ms
                    .saturating_add(rtt_ms)
                    .max(FAILED_LOGIN_DELAY_MS),
            },
            None => Output::Close { conn },
        });
    }

    fn rtt_ms(&self, cx: &Cx) -> u32 {
        self.broker(cx.broker).map_or(0, |b| b.rtt_ms)
    }

    fn answer(&self, cx: &Cx, response: &ResponseKind) -> Option<Bytes> {
        self.trace.line(format_args!(
            "Broker {}: {:?}Response v{} to {} ({})",
            cx.broker,
            cx.api,
            cx.version,
            cx.client_id.as_str(),
            cx.client_host.as_str()
        ));
        match encode(cx, response) {
            Ok(frame) => Some(frame),
            Err(e) => {
                // A handler set a field that this version does not have.
                debug_assert!(false, "{response:?} v{}: {e}", cx.version);
                None
            }
        }
    }
}

fn decode(api: ApiKey, mut frame: Bytes, version: i16) -> Result<RequestKind, Refused> {
    // The decoder is generated code fed by strangers; a panic in it is their own loss.
    let decoded = panic::catch(|| bounded::decode_request(api, &mut frame, version));
    match decoded {
        Ok(Ok(request)) => Ok(request),
        _ => Err(Refused::Malformed),
    }
}

fn encode(cx: &Cx, response: &ResponseKind) -> Result<Bytes, String> {
    let mut frame = BytesMut::with_capacity(256);
    frame.put_i32(0);
    ResponseHeader::default()
        .with_correlation_id(cx.correlation)
        .encode(&mut frame, response.header_version(cx.version))
        .and_then(|()| share::encode_response(response, &mut frame, cx.version))
        .map_err(|e| e.to_string())?;
    let length = (frame.len() - 4) as u32;
    if let Some(mut at) = frame.get_mut(..4) {
        at.put_u32(length);
    }
    Ok(frame.freeze())
}
