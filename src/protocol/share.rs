//! ShareFetch and ShareAcknowledge in version 2 (KIP-1206, KIP-1222).
//!
//! kafka-protocol has them in version 1. Version 2 is version 1 with one piece of fixed size in it, in a place that two or
//! three fields before it determine:
//!
//! | message | the piece | stands |
//! |---|---|---|
//! | ShareFetchRequest | acquire mode i8, is renew ack bool | after BatchSize |
//! | ShareAcknowledgeRequest | is renew ack bool | after ShareSessionEpoch |
//! | ShareAcknowledgeResponse | acquisition lock timeout i32 | after ErrorMessage |
//! | ShareFetchResponse | none: records stay slices of the frame | |
//!
//! So a message of version 2 is kafka-protocol's struct, and the piece is put in and taken out where it becomes bytes. In
//! the struct the piece lives among the unknown tagged fields, under a number that is never sent and never believed
//! when it comes from a peer. A piece of zeros is not kept.

use anyhow::{Context, Result, bail};
use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::{
    ApiKey, RequestKind, ResponseKind, ShareAcknowledgeRequest, ShareAcknowledgeResponse,
    ShareFetchRequest,
};
use kafka_protocol::protocol::{Encodable, VersionRange};
use std::borrow::Cow;
use std::collections::BTreeMap;

use super::varint;

/// The version that kafka-protocol has.
const GENERATED: i16 = 1;
const MAX: i16 = 2;
/// Where the piece is kept in the struct.
const KEY: i32 = -1;

/// `acquire_mode`: batches are given out whole, beyond the number of records that was asked for.
pub const BATCH_OPTIMIZED: i8 = 0;
/// `acquire_mode`: never more records than were asked for.
pub const RECORD_LIMIT: i8 = 1;

type Tags = BTreeMap<i32, Bytes>;

/// Where the piece stands: after this many bytes, this many compact strings, and again this many bytes.
#[derive(Clone, Copy)]
struct Piece {
    before: usize,
    strings: usize,
    after: usize,
    size: usize,
}

const FETCH_REQUEST: Piece = Piece {
    before: 0,
    strings: 2,
    after: 6 * 4,
    size: 2,
};
const ACKNOWLEDGE_REQUEST: Piece = Piece {
    before: 0,
    strings: 2,
    after: 4,
    size: 1,
};
const ACKNOWLEDGE_RESPONSE: Piece = Piece {
    before: 4 + 2,
    strings: 1,
    after: 0,
    size: 4,
};

impl Piece {
    /// The piece's offset in a message. `None` if the message ends before it.
    fn offset(&self, message: &[u8]) -> Option<usize> {
        let mut rest = message.get(self.before..)?;
        for _ in 0..self.strings {
            // Null is 0, and a string's length is one more.
            let length = usize::try_from(varint::take_unsigned(&mut rest)?).ok()?;
            rest = rest.get(length.saturating_sub(1)..)?;
        }
        rest = rest.get(self.after..)?;
        Some(message.len() - rest.len())
    }

    fn put_in(&self, piece: &[u8], out: &mut BytesMut, start: usize) -> Option<()> {
        let at = start + self.offset(out.get(start..)?)?;
        let end = out.len();
        out.resize(end + self.size, 0);
        out.copy_within(at..end, at + self.size);
        out.get_mut(at..at + self.size)?.copy_from_slice(piece);
        Some(())
    }

    /// Takes the piece out of the message that `bytes` begin with.
    fn take_out(&self, bytes: &mut Bytes) -> Option<Bytes> {
        let at = self.offset(bytes)?;
        let after = at.checked_add(self.size).filter(|&n| n <= bytes.len())?;
        let piece = bytes.slice(at..after);
        let mut rest = BytesMut::with_capacity(bytes.len() - self.size);
        rest.extend_from_slice(&bytes[..at]);
        rest.extend_from_slice(&bytes[after..]);
        *bytes = rest.freeze();
        Some(piece)
    }
}

fn set<const N: usize>(tags: &mut Tags, piece: [u8; N]) {
    if piece == [0; N] {
        tags.remove(&KEY);
    } else {
        tags.insert(KEY, Bytes::copy_from_slice(&piece));
    }
}

fn get<const N: usize>(tags: &Tags) -> [u8; N] {
    let kept = tags.get(&KEY).and_then(|piece| piece.first_chunk());
    kept.copied().unwrap_or([0; N])
}

/// What version 2 adds to ShareFetchRequest.
pub trait ShareFetchV2 {
    fn acquire_mode(&self) -> i8;
    /// There is a Renew among the acknowledgements; then nothing is fetched.
    fn is_renew_ack(&self) -> bool;
    fn with_acquire_mode(self, mode: i8) -> Self;
    fn with_is_renew_ack(self, renew: bool) -> Self;
}

impl ShareFetchV2 for ShareFetchRequest {
    fn acquire_mode(&self) -> i8 {
        let [mode, _] = get(&self.unknown_tagged_fields);
        mode.cast_signed()
    }

    fn is_renew_ack(&self) -> bool {
        let [_, renew] = get(&self.unknown_tagged_fields);
        renew != 0
    }

    fn with_acquire_mode(mut self, mode: i8) -> Self {
        let renew = self.is_renew_ack().into();
        set(
            &mut self.unknown_tagged_fields,
            [mode.cast_unsigned(), renew],
        );
        self
    }

    fn with_is_renew_ack(mut self, renew: bool) -> Self {
        let mode = self.acquire_mode().cast_unsigned();
        set(&mut self.unknown_tagged_fields, [mode, renew.into()]);
        self
    }
}

/// What version 2 adds to ShareAcknowledgeRequest.
pub trait ShareAcknowledgeV2 {
    fn is_renew_ack(&self) -> bool;
    fn with_is_renew_ack(self, renew: bool) -> Self;
}

impl ShareAcknowledgeV2 for ShareAcknowledgeRequest {
    fn is_renew_ack(&self) -> bool {
        get(&self.unknown_tagged_fields) != [0; 1]
    }

    fn with_is_renew_ack(mut self, renew: bool) -> Self {
        set(&mut self.unknown_tagged_fields, [renew.into()]);
        self
    }
}

/// What version 2 adds to ShareAcknowledgeResponse.
pub trait ShareAcknowledgedV2 {
    fn acquisition_lock_timeout_ms(&self) -> i32;
    fn with_acquisition_lock_timeout_ms(self, timeout: i32) -> Self;
}

impl ShareAcknowledgedV2 for ShareAcknowledgeResponse {
    fn acquisition_lock_timeout_ms(&self) -> i32 {
        i32::from_be_bytes(get(&self.unknown_tagged_fields))
    }

    fn with_acquisition_lock_timeout_ms(mut self, timeout: i32) -> Self {
        set(&mut self.unknown_tagged_fields, timeout.to_be_bytes());
        self
    }
}

/// The versions of `api` that can be written and read.
pub fn valid_versions(api: ApiKey) -> VersionRange {
    let mut range = api.valid_versions();
    if matches!(api, ApiKey::ShareFetch | ApiKey::ShareAcknowledge) {
        range.max = MAX;
    }
    range
}

/// Whether `version` is one that kafka-protocol does not have, and the version to ask it for instead.
fn generated(api: ApiKey, version: i16) -> (bool, i16) {
    match api {
        ApiKey::ShareFetch | ApiKey::ShareAcknowledge if version == MAX => (true, GENERATED),
        _ => (false, version),
    }
}

/// A message's bytes. `generate` has kafka-protocol write the message in the version it is given.
fn put_in<const N: usize>(
    tags: &Tags,
    place: Piece,
    (is_new, version): (bool, i16),
    out: &mut BytesMut,
    generate: impl FnOnce(&mut BytesMut, i16) -> Result<()>,
) -> Result<()> {
    let start = out.len();
    generate(out, version)?;
    if is_new {
        let piece: [u8; N] = get(tags);
        place
            .put_in(&piece, out, start)
            .context("the message ends before its end")?;
    }
    Ok(())
}

/// The message as kafka-protocol may write it: a copy without the piece, where there is one.
macro_rules! plain {
    ($message:expr) => {{
        let mut message = Cow::Borrowed($message);
        if message.unknown_tagged_fields.contains_key(&KEY) {
            message.to_mut().unknown_tagged_fields.remove(&KEY);
        }
        message
    }};
}

/// A request without its header.
pub fn encode_request(request: &RequestKind, out: &mut BytesMut, version: i16) -> Result<()> {
    let renews = match request {
        RequestKind::ShareFetch(r) => r.is_renew_ack(),
        RequestKind::ShareAcknowledge(r) => r.is_renew_ack(),
        _ => return request.encode(out, version),
    };
    if renews && version < MAX {
        bail!("version {version} has no renewing acknowledgements");
    }
    match request {
        RequestKind::ShareFetch(r) => {
            let versions = generated(ApiKey::ShareFetch, version);
            put_in::<2>(
                &r.unknown_tagged_fields,
                FETCH_REQUEST,
                versions,
                out,
                |out, v| plain!(r).encode(out, v),
            )
        }
        RequestKind::ShareAcknowledge(r) => {
            let versions = generated(ApiKey::ShareAcknowledge, version);
            put_in::<1>(
                &r.unknown_tagged_fields,
                ACKNOWLEDGE_REQUEST,
                versions,
                out,
                |out, v| plain!(r).encode(out, v),
            )
        }
        _ => request.encode(out, version),
    }
}

/// A response without its header.
pub fn encode_response(response: &ResponseKind, out: &mut BytesMut, version: i16) -> Result<()> {
    match response {
        ResponseKind::ShareFetch(_) => {
            let (_, version) = generated(ApiKey::ShareFetch, version);
            response.encode(out, version)
        }
        ResponseKind::ShareAcknowledge(r) => {
            let versions = generated(ApiKey::ShareAcknowledge, version);
            let tags = &r.unknown_tagged_fields;
            put_in::<4>(tags, ACKNOWLEDGE_RESPONSE, versions, out, |out, v| {
                plain!(r).encode(out, v)
            })
        }
        _ => response.encode(out, version),
    }
}

/// What was taken out of a message that is about to be decoded, so that kafka-protocol can.
#[derive(Default)]
pub struct Taken(Option<Bytes>);

fn take(place: Option<Piece>, bytes: &mut Bytes) -> Result<Taken> {
    let Some(place) = place else {
        return Ok(Taken::default());
    };
    let piece = place.take_out(bytes).context("the message ends early")?;
    Ok(Taken(Some(piece)))
}

/// Makes the request that `bytes` begin with one that kafka-protocol can decode, in the version that comes with it.
pub fn before_request(api: ApiKey, bytes: &mut Bytes, version: i16) -> Result<(Taken, i16)> {
    let (is_new, version) = generated(api, version);
    let place = match api {
        ApiKey::ShareFetch if is_new => Some(FETCH_REQUEST),
        ApiKey::ShareAcknowledge if is_new => Some(ACKNOWLEDGE_REQUEST),
        _ => None,
    };
    Ok((take(place, bytes)?, version))
}

/// As [`before_request`].
pub fn before_response(api: ApiKey, bytes: &mut Bytes, version: i16) -> Result<(Taken, i16)> {
    let (is_new, version) = generated(api, version);
    let place = (is_new && api == ApiKey::ShareAcknowledge).then_some(ACKNOWLEDGE_RESPONSE);
    Ok((take(place, bytes)?, version))
}

impl Taken {
    /// The piece as N bytes; zeros if there is none.
    fn bytes<const N: usize>(&self) -> [u8; N] {
        let piece = self.0.as_ref().and_then(|piece| piece.first_chunk());
        piece.copied().unwrap_or([0; N])
    }

    /// Gives the decoded request what was taken out of it.
    pub fn give_back_request(self, request: &mut RequestKind) {
        match request {
            RequestKind::ShareFetch(r) => {
                let [mode, renew] = self.bytes();
                let renew = u8::from(renew != 0);
                set(&mut r.unknown_tagged_fields, [mode, renew]);
            }
            RequestKind::ShareAcknowledge(r) => {
                let [renew] = self.bytes();
                set(&mut r.unknown_tagged_fields, [u8::from(renew != 0)]);
            }
            _ => {}
        }
    }

    /// Gives the decoded response what was taken out of it.
    pub fn give_back_response(self, response: &mut ResponseKind) {
        match response {
            ResponseKind::ShareFetch(r) => set::<0>(&mut r.unknown_tagged_fields, []),
            ResponseKind::ShareAcknowledge(r) => {
                set::<4>(&mut r.unknown_tagged_fields, self.bytes());
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
