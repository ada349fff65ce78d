//! What tests of connections and links share: settings, and a broker that answers.

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::{
    ApiKey, ApiVersionsResponse, HeartbeatRequest, HeartbeatResponse, RequestKind, ResponseKind,
    SaslAuthenticateResponse, SaslHandshakeResponse,
};

use super::LinkSettings;
use super::transport::Family;
use crate::base::error::ErrorCode;
use crate::protocol::frame::FrameReader;
use crate::protocol::request::{self, RequestPrefix};

pub const MS: Duration = Duration::from_millis(1);

pub fn settings() -> LinkSettings {
    LinkSettings {
        client_id: "test".into(),
        software_name: "test".into(),
        software_version: "1".into(),
        max_in_flight: 5,
        receive_max_bytes: 1000,
        max_fails: 1,
        setup_timeout: 3000 * MS,
        api_version_timeout: 1000 * MS,
        assumed_versions: None,
        fallback: None,
        reconnect_backoff: 100 * MS,
        reconnect_backoff_max: 1000 * MS,
        max_idle: Duration::ZERO,
        address_ttl: 1000 * MS,
        family: Family::Any,
        send_buffer: 0,
        receive_buffer: 0,
        keepalive: false,
        nodelay: true,
        log_connection_close: true,
    }
}

pub fn heartbeat() -> RequestKind {
    RequestKind::Heartbeat(HeartbeatRequest::default())
}

pub fn frame(api: ApiKey, version: i16, id: i32, response: &ResponseKind) -> Bytes {
    let mut out = BytesMut::new();
    request::encode_response(api, version, id, response, &mut out).unwrap();
    out.freeze()
}

/// A broker that knows ApiVersions up to `newest` and Heartbeat.
pub struct Broker {
    reader: FrameReader,
    newest: i16,
    throttle_ms: i32,
    /// How long a session lasts, if there are logins.
    session_ms: Option<i64>,
}

impl Broker {
    pub fn new() -> Self {
        Broker {
            reader: FrameReader::new(1 << 20),
            newest: 3,
            throttle_ms: 0,
            session_ms: None,
        }
    }

    /// Accepts every login, in one turn.
    pub fn that_knows_logins(self, session_ms: i64) -> Self {
        Broker {
            session_ms: Some(session_ms),
            ..self
        }
    }

    pub fn that_knows_api_versions(self, newest: i16) -> Self {
        Broker { newest, ..self }
    }

    pub fn that_throttles(self, throttle_ms: i32) -> Self {
        Broker {
            throttle_ms,
            ..self
        }
    }

    /// The requests that are complete after these bytes.
    pub fn take(&mut self, mut bytes: &[u8]) -> Vec<RequestPrefix> {
        let mut requests = Vec::new();
        loop {
            while let Some(frame) = self.reader.next_frame().unwrap() {
                requests.push(request::request_prefix(&frame).expect("a request has a header"));
            }
            if bytes.is_empty() {
                return requests;
            }
            let room = self.reader.room();
            let n = room.len().min(bytes.len());
            room[..n].copy_from_slice(&bytes[..n]);
            self.reader.filled(n);
            bytes = &bytes[n..];
        }
    }

    pub fn answer(&self, request: RequestPrefix) -> Bytes {
        let (id, version) = (request.correlation_id, request.version);
        if request.api_key == ApiKey::SaslHandshake as i16 {
            let response = ResponseKind::SaslHandshake(SaslHandshakeResponse::default());
            return frame(ApiKey::SaslHandshake, version, id, &response);
        }
        if request.api_key == ApiKey::SaslAuthenticate as i16 {
            let response = SaslAuthenticateResponse::default()
                .with_session_lifetime_ms(self.session_ms.unwrap_or_default());
            let response = ResponseKind::SaslAuthenticate(response);
            return frame(ApiKey::SaslAuthenticate, version, id, &response);
        }
        if request.api_key != ApiKey::ApiVersions as i16 {
            let response = ResponseKind::Heartbeat(HeartbeatResponse::default());
            return frame(
                ApiKey::Heartbeat,
                request.version,
                request.correlation_id,
                &response,
            );
        }
        let mut response = ApiVersionsResponse::default();
        let mut version = request.version;
        if version > self.newest {
            response.error_code = ErrorCode::UNSUPPORTED_VERSION.0.try_into().unwrap();
            version = 0;
        } else {
            response.throttle_time_ms = self.throttle_ms;
        }
        let mut known = vec![(ApiKey::ApiVersions, self.newest), (ApiKey::Heartbeat, 0)];
        if self.session_ms.is_some() {
            known.extend([(ApiKey::SaslHandshake, 1), (ApiKey::SaslAuthenticate, 2)]);
        }
        let range = |(api, max)| {
            ApiVersion::default()
                .with_api_key(api as i16)
                .with_max_version(max)
        };
        response.api_keys = known.into_iter().map(range).collect();
        let response = ResponseKind::ApiVersions(response);
        frame(
            ApiKey::ApiVersions,
            version,
            request.correlation_id,
            &response,
        )
    }

    /// The answers to the requests that are complete after these bytes.
    pub fn answers(&mut self, bytes: &[u8]) -> Vec<u8> {
        let requests = self.take(bytes);
        requests
            .into_iter()
            .flat_map(|r| self.answer(r).to_vec())
            .collect()
    }
}

/// Long past every deadline of a test.
pub fn never(now: Instant) -> Instant {
    now + Duration::from_secs(3600)
}
