//! Requests to bytes and bytes to responses, with their headers.
//!
//! The messages themselves are kafka-protocol's, behind [`bounded`]. What it reports as an untyped
//! error, and a panic should it ever have one, become a [`ProtocolError`].

use bytes::{Buf, Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, RequestHeader, RequestKind, ResponseHeader, ResponseKind};
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};
use std::fmt;

use super::{bounded, share};
use crate::base::panic;

/// A message that could not be encoded or decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtocolError {
    pub api: ApiKey,
    pub version: i16,
    pub kind: ProtocolErrorKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProtocolErrorKind {
    /// A field cannot be said in this version or is too large.
    Encode(String),
    /// The bytes are not such a message: they end early or contradict
    /// themselves.
    Decode(String),
    /// The message ended and bytes are left.
    Trailing(usize),
    /// A bug in the decoder that the bytes brought out.
    Panicked,
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} v{}: ", self.api, self.version)?;
        match &self.kind {
            ProtocolErrorKind::Encode(why) => write!(f, "cannot encode: {why}"),
            ProtocolErrorKind::Decode(why) => write!(f, "cannot decode: {why}"),
            ProtocolErrorKind::Trailing(n) => write!(f, "{n} bytes left after the message"),
            ProtocolErrorKind::Panicked => f.write_str("cannot decode: decoder failed"),
        }
    }
}

impl std::error::Error for ProtocolError {}

/// Where a frame's length goes, filled when the frame is complete.
const PREFIX: usize = 4;

/// Appends a request as a whole frame, length included.
pub fn encode_request(
    api: ApiKey,
    version: i16,
    correlation_id: i32,
    client_id: Option<&str>,
    request: &RequestKind,
    out: &mut BytesMut,
) -> Result<(), ProtocolError> {
    let start = out.len();
    let result = guarded(ProtocolErrorKind::Encode, || {
        out.extend_from_slice(&[0; PREFIX]);
        encode_request_header(api, version, correlation_id, client_id, out)?;
        share::encode_request(request, out, version)
    });
    finish_frame(api, version, start, out, result)
}

fn encode_request_header(
    api: ApiKey,
    version: i16,
    correlation_id: i32,
    client_id: Option<&str>,
    out: &mut BytesMut,
) -> anyhow::Result<()> {
    RequestHeader::default()
        .with_request_api_key(api as i16)
        .with_request_api_version(version)
        .with_correlation_id(correlation_id)
        .with_client_id(client_id.map(|id| StrBytes::from_string(id.to_owned())))
        .encode(out, api.request_header_version(version))
}

/// Fills the length of the frame that begins at `start`, or takes the frame
/// back when it failed.
fn finish_frame(
    api: ApiKey,
    version: i16,
    start: usize,
    out: &mut BytesMut,
    result: Result<(), ProtocolErrorKind>,
) -> Result<(), ProtocolError> {
    let size = out.len().saturating_sub(start + PREFIX);
    let result = result.and_then(|()| {
        i32::try_from(size).map_err(|_| ProtocolErrorKind::Encode("frame too large".into()))
    });
    match result {
        Ok(size) => {
            if let Some(prefix) = out.get_mut(start..start + PREFIX) {
                prefix.copy_from_slice(&size.to_be_bytes());
            }
            Ok(())
        }
        Err(kind) => {
            out.truncate(start);
            Err(ProtocolError { api, version, kind })
        }
    }
}

/// The correlation id a response frame begins with.
pub fn correlation_id(frame: &[u8]) -> Option<i32> {
    frame.first_chunk().copied().map(i32::from_be_bytes)
}

/// Decodes a response frame: the header, whose version the API and its version
/// determine, and the message. All bytes have to be used. Byte fields of the
/// response (fetched records) are slices of the frame.
pub fn decode_response(
    api: ApiKey,
    version: i16,
    mut frame: Bytes,
) -> Result<(i32, ResponseKind), ProtocolError> {
    let result = guarded(ProtocolErrorKind::Decode, || {
        let header = ResponseHeader::decode(&mut frame, api.response_header_version(version))?;
        let response = bounded::decode_response(api, &mut frame, version)?;
        Ok((header.correlation_id, response))
    });
    let result = match frame.remaining() {
        left if left > 0 && result.is_ok() => Err(ProtocolErrorKind::Trailing(left)),
        _ => result,
    };
    result.map_err(|kind| ProtocolError { api, version, kind })
}

/// A request as the mock cluster gets it.
#[derive(Debug, Clone)]
pub struct DecodedRequest {
    pub api: ApiKey,
    pub version: i16,
    pub correlation_id: i32,
    pub client_id: Option<String>,
    pub request: RequestKind,
}

/// What every request begins with, readable even when nothing else of it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestPrefix {
    pub api_key: i16,
    pub version: i16,
    pub correlation_id: i32,
}

/// Reads the fixed fields of a request frame.
pub fn request_prefix(frame: &[u8]) -> Option<RequestPrefix> {
    let [a, b, c, d, rest @ ..] = frame.first_chunk::<8>()?;
    Some(RequestPrefix {
        api_key: i16::from_be_bytes([*a, *b]),
        version: i16::from_be_bytes([*c, *d]),
        correlation_id: i32::from_be_bytes(*rest),
    })
}

/// Decodes a request frame of an API and version that are known to be
/// supported: see [`request_prefix`].
pub fn decode_request(
    api: ApiKey,
    version: i16,
    mut frame: Bytes,
) -> Result<DecodedRequest, ProtocolError> {
    let result = guarded(ProtocolErrorKind::Decode, || {
        let header = RequestHeader::decode(&mut frame, api.request_header_version(version))?;
        let request = bounded::decode_request(api, &mut frame, version)?;
        Ok(DecodedRequest {
            api,
            version,
            correlation_id: header.correlation_id,
            client_id: header.client_id.map(|id| id.to_string()),
            request,
        })
    });
    let result = match frame.remaining() {
        left if left > 0 && result.is_ok() => Err(ProtocolErrorKind::Trailing(left)),
        _ => result,
    };
    result.map_err(|kind| ProtocolError { api, version, kind })
}

/// Appends a response as a whole frame, length included.
pub fn encode_response(
    api: ApiKey,
    version: i16,
    correlation_id: i32,
    response: &ResponseKind,
    out: &mut BytesMut,
) -> Result<(), ProtocolError> {
    let start = out.len();
    let result = guarded(ProtocolErrorKind::Encode, || {
        out.extend_from_slice(&[0; PREFIX]);
        ResponseHeader::default()
            .with_correlation_id(correlation_id)
            .encode(out, api.response_header_version(version))?;
        share::encode_response(response, out, version)
    });
    finish_frame(api, version, start, out, result)
}

/// Runs code of kafka-protocol. No panic is known; should one be found, it
/// costs a request and not the process.
fn guarded<T>(
    kind: fn(String) -> ProtocolErrorKind,
    f: impl FnOnce() -> anyhow::Result<T>,
) -> Result<T, ProtocolErrorKind> {
    match panic::catch(f) {
        Ok(result) => result.map_err(|e| kind(e.to_string())),
        Err(_) => Err(ProtocolErrorKind::Panicked),
    }
}

#[cfg(test)]
mod tests;
