//! A connection: its socket, what is on its way out, what is in flight.
//!
//! The socket is registered for both directions, edge-triggered (see the contract of
//! [`transport`](super::transport)); `readable` and `writable` remember the last edge
//! until an operation would block. Registering the socket again reports its state at that
//! moment. A socket that was lent ([`Conn::lend`]) is afterwards registered for reading
//! alone until a write would block: it can nearly always be written to, and would wake the
//! loop for nothing.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, RequestKind, ResponseKind};
use mio::Registry;
use zeroize::{Zeroize, Zeroizing};

use super::error::ConnError;
use super::identity::Identity;
use super::inflight::{InFlight, InFlightTable, Origin};
use super::observer::{OnWire, Watch};
use super::socket_loan;
use super::transport::{Awaited, Handshake, ReadOutcome, Readiness, Stream, WriteOutcome};
use super::{
    ApiVersions, BrokerStats, LinkSettings, Outbox, Outgoing, Request, RequestError, Response,
};
use crate::base::error::ErrorCode;
use crate::base::time::wall_us;
use crate::protocol::frame::FrameReader;
use crate::protocol::request;

/// A response and whom it is for.
pub struct Received<T> {
    pub origin: Origin<T>,
    pub result: Result<Response, RequestError>,
    pub throttle: Duration,
}

/// Bytes that may wait for the socket before no more requests are taken.
const MAX_UNSENT: usize = 8 << 20;
/// Segments handed to one write.
const MAX_SLICES: usize = 64;

/// Where in `queued` a request ends, since when it waits, and what to tell of it.
struct Leaving {
    end: u64,
    since: Instant,
    request: OnWire,
}

pub struct Conn<T> {
    stream: Stream,
    /// The events that the loop gets.
    awaited: Awaited,
    /// The registry of the thread that borrows the socket knows it.
    known_to_borrower: bool,
    address: SocketAddr,
    broker_id: i32,
    broker: Arc<str>,
    settings: Arc<LinkSettings>,
    stats: Arc<BrokerStats>,
    versions: Arc<ApiVersions>,
    reader: FrameReader,
    readable: bool,
    writable: bool,
    /// The peer sends no more: its stream is read to the end.
    read_closed: bool,
    /// All that had arrived when the socket was read last has been read.
    drained: bool,
    out: VecDeque<Bytes>,
    unsent: usize,
    /// Bytes put into `out` and taken from it since the connection began.
    queued: u64,
    written: u64,
    /// Requests not yet written whole; kept for the statistics, if they are on, and
    /// for the observer.
    leaving: VecDeque<Leaving>,
    /// Where in `queued` each request ends that is not written whole.
    ends: VecDeque<u64>,
    watch: Option<Watch>,
    in_flight: InFlightTable<T>,
    timeouts: usize,
    /// No requests but the set-up's.
    parked: bool,
    correlation_id: i32,
    last_used: Instant,
    now: Instant,
    /// Requests of the user that ended while it was being polled.
    finished: Vec<(T, Result<Response, RequestError>)>,
}

impl<T> Conn<T> {
    pub fn new(
        stream: Stream,
        address: SocketAddr,
        broker: &Identity,
        settings: Arc<LinkSettings>,
        stats: Arc<BrokerStats>,
        watch: Option<Watch>,
        now: Instant,
    ) -> Self {
        Conn {
            stream,
            awaited: Awaited::Both,
            known_to_borrower: false,
            address,
            broker_id: broker.node_id,
            broker: broker.name().into(),
            reader: FrameReader::new(settings.receive_max_bytes),
            settings,
            stats,
            versions: Arc::default(),
            readable: false,
            writable: false,
            read_closed: false,
            drained: false,
            out: VecDeque::new(),
            unsent: 0,
            queued: 0,
            written: 0,
            leaving: VecDeque::new(),
            ends: VecDeque::new(),
            watch,
            in_flight: InFlightTable::default(),
            timeouts: 0,
            parked: false,
            correlation_id: 0,
            last_used: now,
            now,
            finished: Vec::new(),
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn handshake(&mut self) -> Result<Handshake, ConnError> {
        self.stream.handshake()
    }

    pub fn set_versions(&mut self, versions: Arc<ApiVersions>) {
        self.versions = versions;
    }

    pub fn set_broker(&mut self, broker: &Identity) {
        self.broker_id = broker.node_id;
        self.broker = broker.name().into();
    }

    /// The handshake is done: bytes can be written, and some may wait to be read, in the
    /// transport or the socket.
    pub fn note_connected(&mut self) {
        self.writable = true;
        self.readable = true;
        self.drained = false;
    }

    /// Takes no requests but the set-up's, until it is called again.
    pub fn park(&mut self, parked: bool) {
        self.parked = parked;
    }

    pub fn note_ready(&mut self, event: Readiness) {
        let closed = event.closed || event.error;
        if event.readable || closed || self.read_closed {
            self.note_arrived(closed);
        }
        self.writable |= event.writable;
    }

    pub fn note_arrived(&mut self, closed: bool) {
        self.read_closed |= closed;
        self.readable = true;
        self.drained = false;
    }

    /// Lends the socket to `borrower`. False if there is something left to do with it, or
    /// it could not be registered there.
    pub fn lend(&mut self, registry: &Registry, borrower: &Registry) -> bool {
        if self.readable || self.read_closed || self.has_unsent() {
            return false;
        }
        if !self.known_to_borrower {
            self.known_to_borrower = self
                .stream
                .register_beside(borrower, socket_loan::SOCKET)
                .is_ok();
        }
        self.known_to_borrower && self.await_only(registry, Awaited::Nothing).is_ok()
    }

    /// After an error the connection would get no events any more: it must be ended.
    pub fn take_back(&mut self, registry: &Registry) -> Result<(), ConnError> {
        match self.awaited {
            Awaited::Nothing => self.await_only(registry, Awaited::Data),
            Awaited::Data | Awaited::Both => Ok(()),
        }
    }

    /// Called after a flush: asks for an event when the socket can take more, if the
    /// flush left something. Errors are as for [`Conn::take_back`].
    pub fn expect_room(&mut self, registry: &Registry) -> Result<(), ConnError> {
        if self.writable || !self.has_unsent() {
            return Ok(());
        }
        self.await_only(registry, Awaited::Both)
    }

    fn await_only(&mut self, registry: &Registry, awaited: Awaited) -> Result<(), ConnError> {
        if self.awaited != awaited {
            self.stream.await_only(registry, awaited)?;
            self.awaited = awaited;
        }
        Ok(())
    }

    pub fn close(&mut self, registry: &Registry) {
        self.stream.deregister(registry);
    }

    pub fn drain(&mut self) -> VecDeque<InFlight<T>> {
        self.stats.in_flight.store(0, Ordering::Relaxed);
        self.in_flight.drain()
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.in_flight.earliest_deadline()
    }

    pub fn timed_out(&self, now: Instant) -> usize {
        self.in_flight.overdue(now)
    }

    /// Ends the requests that are past their deadline, and goes on. Returns who waits
    /// for them.
    pub fn expire(&mut self, now: Instant) -> Vec<Origin<T>> {
        let late = self.in_flight.expire(now);
        self.timeouts += late.len();
        late
    }

    /// Requests that have timed out since the connection began.
    pub fn timeouts(&self) -> usize {
        self.timeouts
    }

    pub fn idle_since(&self) -> Instant {
        self.last_used
    }

    pub fn is_idle(&self) -> bool {
        self.in_flight.is_empty() && !self.has_unsent()
    }

    /// Bytes wait for the socket, here or in the transport.
    fn has_unsent(&self) -> bool {
        !self.out.is_empty() || self.stream.wants_write()
    }

    pub fn take_finished(&mut self) -> Vec<(T, Result<Response, RequestError>)> {
        std::mem::take(&mut self.finished)
    }

    fn next_id(&mut self) -> i32 {
        self.correlation_id = self.correlation_id.wrapping_add(1) & i32::MAX;
        self.correlation_id
    }

    /// Encodes and queues a request.
    pub fn send_request(
        &mut self,
        now: Instant,
        api: ApiKey,
        version: i16,
        kind: &RequestKind,
        deadline: Instant,
        origin: Origin<T>,
    ) {
        self.now = now;
        let id = self.next_id();
        let mut buf = BytesMut::new();
        match request::encode_request(
            api,
            version,
            id,
            Some(&self.settings.client_id),
            kind,
            &mut buf,
        ) {
            Ok(()) => {
                let size = buf.len();
                self.enqueue(match api {
                    ApiKey::SaslAuthenticate => wiped_when_dropped(&mut buf),
                    _ => buf.freeze(),
                });
                self.queued_request(now, api, version, id, size);
                self.track(id, api, version, deadline, origin);
            }
            Err(e) => {
                BrokerStats::bump(&self.stats.tx_errors);
                self.refuse(origin, RequestError::BadRequest(e.to_string()));
            }
        }
    }

    fn refuse(&mut self, origin: Origin<T>, error: RequestError) {
        match origin {
            Origin::Caller(reply) => reply(Err(error)),
            Origin::User(tag) => self.finished.push((tag, Err(error))),
            Origin::Handshake | Origin::Expired => {}
        }
    }

    fn track(&mut self, id: i32, api: ApiKey, version: i16, deadline: Instant, origin: Origin<T>) {
        // A connection whose session is renewed and that does nothing else is idle.
        let for_setup = matches!(origin, Origin::Handshake);
        self.in_flight.push(InFlight {
            correlation_id: id,
            api,
            version,
            sent_at: self.now,
            deadline,
            origin,
        });
        self.stats
            .in_flight
            .store(self.in_flight.len(), Ordering::Relaxed);
        if !for_setup {
            self.last_used = self.now;
        }
    }

    pub fn send_caller_request(&mut self, now: Instant, request: Request) {
        let Some(version) = self.versions.pick(request.api, request.max_version) else {
            (request.reply)(Err(RequestError::Unsupported(request.api)));
            return;
        };
        let kind = (request.build)(version);
        self.send_request(
            now,
            request.api,
            version,
            &kind,
            request.deadline,
            Origin::Caller(request.reply),
        );
    }

    /// Queues a turn of a login with a broker that has no request for it.
    pub fn send_token(&mut self, now: Instant, token: &[u8]) {
        self.now = now;
        let mut buf = BytesMut::with_capacity(4 + token.len());
        buf.put_u32(u32::try_from(token.len()).unwrap_or(u32::MAX));
        buf.put_slice(token);
        self.enqueue(wiped_when_dropped(&mut buf));
    }

    /// The answer to [`Conn::send_token`], if it has arrived.
    pub fn receive_token(&mut self) -> Result<Option<Bytes>, ConnError> {
        self.read_frame()
    }

    fn enqueue(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.unsent += bytes.len();
            self.queued += bytes.len() as u64;
            self.out.push_back(bytes);
        }
    }

    /// The last byte of a request is in `out`.
    fn queued_request(&mut self, now: Instant, api: ApiKey, version: i16, id: i32, size: usize) {
        self.stats.sent(api, wall_us());
        self.ends.push_back(self.queued);
        if self.stats.outbuf_latency.is_enabled() || self.watch.is_some() {
            self.leaving.push_back(Leaving {
                end: self.queued,
                since: now,
                request: OnWire {
                    socket: self.stream.socket(),
                    api,
                    version,
                    correlation_id: id,
                    size,
                },
            });
        }
    }

    fn note_written(&mut self) {
        while self.ends.front().is_some_and(|end| *end <= self.written) {
            self.ends.pop_front();
        }
        while let Some(front) = self.leaving.front()
            && front.end <= self.written
        {
            let waited = i64::try_from(front.since.elapsed().as_micros()).unwrap_or(i64::MAX);
            self.stats.outbuf_latency.add(waited);
            if let Some(watch) = &self.watch {
                watch.request_sent(&front.request);
            }
            self.leaving.pop_front();
        }
    }

    /// Tells the observer of the end of a request.
    pub fn note_answer(&self, entry: &InFlight<T>, size: usize, rtt_us: i64, err: ErrorCode) {
        if let Some(watch) = &self.watch {
            let request = OnWire {
                socket: -1,
                api: entry.api,
                version: entry.version,
                correlation_id: entry.correlation_id,
                size,
            };
            watch.response_received(&request, rtt_us, err);
        }
    }

    /// Writes until nothing is left or the socket is full.
    pub fn flush(&mut self) -> Result<(), ConnError> {
        while self.writable && self.has_unsent() {
            let mut slices = [IoSlice::new(&[]); MAX_SLICES];
            let mut used = 0;
            for (slot, bytes) in slices.iter_mut().zip(&self.out) {
                *slot = IoSlice::new(bytes);
                used += 1;
            }
            match self
                .stream
                .write_vectored(slices.get(..used).unwrap_or(&[]))
            {
                Ok(WriteOutcome::Taken(0)) if used > 0 => return Err(ConnError::Closed),
                Ok(WriteOutcome::Taken(n)) => self.note_taken(n),
                Ok(WriteOutcome::WouldBlock) => self.writable = false,
                Err(e) => {
                    BrokerStats::bump(&self.stats.tx_errors);
                    return Err(e);
                }
            }
        }
        Ok(())
    }

    /// The transport has taken the first `n` bytes of `out`.
    fn note_taken(&mut self, n: usize) {
        self.stats.tx_bytes.fetch_add(n as u64, Ordering::Relaxed);
        self.unsent -= n.min(self.unsent);
        self.written += n as u64;
        self.note_written();
        let mut left = n;
        while let Some(front) = self.out.front_mut() {
            if left < front.len() {
                front.advance(left);
                break;
            }
            left -= front.len();
            self.out.pop_front();
        }
    }

    /// The next frame, reading as far as needed. None: it has not arrived whole.
    fn read_frame(&mut self) -> Result<Option<Bytes>, ConnError> {
        while self.readable {
            if let Some(frame) = self.reader.next_frame()? {
                return Ok(Some(frame));
            }
            // Only the end of the stream may have come without an event of its own.
            if self.drained && !self.read_closed {
                self.readable = false;
                break;
            }
            match self.stream.read(self.reader.room())? {
                ReadOutcome::Data { n, drained } => {
                    self.reader.filled(n);
                    self.drained = drained;
                }
                ReadOutcome::WouldBlock => self.readable = false,
                ReadOutcome::Closed => return Err(ConnError::Closed),
            }
        }
        Ok(None)
    }

    /// The next response that has arrived, if any. An error ends the connection.
    pub fn receive(&mut self, now: Instant) -> Result<Option<Received<T>>, ConnError> {
        let Some(frame) = self.read_frame()? else {
            return Ok(None);
        };
        BrokerStats::bump(&self.stats.rx);
        self.stats
            .rx_bytes
            .fetch_add(frame.len() as u64 + 4, Ordering::Relaxed);
        self.stats.last_rx_us.store(wall_us(), Ordering::Relaxed);
        let Some(id) = frame.first_chunk::<4>().map(|b| i32::from_be_bytes(*b)) else {
            return Err(violation("a response without a header"));
        };
        let entry = self.in_flight.answer(id).map_err(|expected| {
            BrokerStats::bump(&self.stats.rx_correlation_errors);
            violation(&match expected {
                Some(e) => format!("response to request {id} where {e} was due"),
                None => format!("response to request {id} that was never sent"),
            })
        })?;
        self.stats
            .in_flight
            .store(self.in_flight.len(), Ordering::Relaxed);
        if !matches!(entry.origin, Origin::Handshake) {
            self.last_used = now;
        }
        let rtt = now.saturating_duration_since(entry.sent_at);
        let rtt_us = i64::try_from(rtt.as_micros()).unwrap_or(i64::MAX);
        self.stats.rtt.add(rtt_us);
        self.stats.tallies.answered(entry.api, rtt_us);
        self.note_answer(&entry, frame.len() - 4, rtt_us, ErrorCode::NO_ERROR);
        let mut throttle = Duration::ZERO;
        let result = match request::decode_response(entry.api, entry.version, frame) {
            Ok((_, kind)) => {
                let millis = throttle_time_ms(&kind);
                throttle = ms(millis);
                if millis > 0 {
                    self.stats.throttle.add(i64::from(millis));
                    self.stats.tallies.throttle.add(i64::from(millis));
                }
                Ok(Response {
                    kind: Some(kind),
                    version: entry.version,
                    rtt,
                    broker_id: self.broker_id,
                    broker: self.broker.clone(),
                })
            }
            Err(e) => {
                BrokerStats::bump(&self.stats.rx_errors);
                Err(RequestError::BadResponse(e.to_string()))
            }
        };
        Ok(Some(Received {
            origin: entry.origin,
            result,
            throttle,
        }))
    }
}

/// Bytes of a login: the buffer is wiped, and what is made of it when it has been sent.
fn wiped_when_dropped(buf: &mut BytesMut) -> Bytes {
    let bytes = Bytes::from_owner(Zeroizing::new(buf.to_vec()));
    buf.as_mut().zeroize();
    bytes
}

/// What the broker says about quotas, in the responses that carry it.
fn throttle_time_ms(kind: &ResponseKind) -> i32 {
    match kind {
        ResponseKind::Produce(r) => r.throttle_time_ms,
        ResponseKind::Fetch(r) => r.throttle_time_ms,
        ResponseKind::Metadata(r) => r.throttle_time_ms,
        ResponseKind::ListOffsets(r) => r.throttle_time_ms,
        ResponseKind::OffsetCommit(r) => r.throttle_time_ms,
        ResponseKind::OffsetFetch(r) => r.throttle_time_ms,
        ResponseKind::ApiVersions(r) => r.throttle_time_ms,
        ResponseKind::CreateTopics(r) => r.throttle_time_ms,
        ResponseKind::DeleteTopics(r) => r.throttle_time_ms,
        ResponseKind::CreatePartitions(r) => r.throttle_time_ms,
        ResponseKind::InitProducerId(r) => r.throttle_time_ms,
        ResponseKind::EndTxn(r) => r.throttle_time_ms,
        ResponseKind::AddPartitionsToTxn(r) => r.throttle_time_ms,
        ResponseKind::TxnOffsetCommit(r) => r.throttle_time_ms,
        ResponseKind::GetTelemetrySubscriptions(r) => r.throttle_time_ms,
        ResponseKind::PushTelemetry(r) => r.throttle_time_ms,
        _ => 0,
    }
}

fn ms(n: i32) -> Duration {
    Duration::from_millis(u64::try_from(n).unwrap_or(0))
}

fn violation(what: &str) -> ConnError {
    ConnError::Protocol(what.to_string())
}

impl<T> Outbox<T> for Conn<T> {
    fn versions(&self) -> &ApiVersions {
        &self.versions
    }

    fn broker_id(&self) -> i32 {
        self.broker_id
    }

    fn room(&self) -> usize {
        if self.parked || self.unsent >= MAX_UNSENT {
            return 0;
        }
        self.settings
            .max_in_flight
            .saturating_sub(self.in_flight.len())
    }

    fn backlog(&mut self) -> usize {
        // What is wrong with the socket shows again when the turn ends with a flush.
        let _ = self.flush();
        self.ends.len()
    }

    fn client_id(&self) -> &str {
        &self.settings.client_id
    }

    fn next_correlation_id(&mut self) -> i32 {
        self.next_id()
    }

    fn send_segments(&mut self, now: Instant, out: Outgoing<T>) {
        self.now = now;
        let size = out.segments.iter().map(Bytes::len).sum();
        for segment in out.segments {
            self.enqueue(segment);
        }
        self.queued_request(now, out.api, out.version, out.correlation_id, size);
        if out.answered {
            self.track(
                out.correlation_id,
                out.api,
                out.version,
                now + out.timeout,
                Origin::User(out.tag),
            );
        } else {
            let response = Response {
                kind: None,
                version: out.version,
                rtt: Duration::ZERO,
                broker_id: self.broker_id,
                broker: self.broker.clone(),
            };
            self.last_used = now;
            self.finished.push((out.tag, Ok(response)));
        }
    }

    fn send(
        &mut self,
        now: Instant,
        api: ApiKey,
        version: i16,
        request: &RequestKind,
        timeout: Duration,
        tag: T,
    ) {
        self.send_request(now, api, version, request, now + timeout, Origin::User(tag));
    }
}
#[cfg(all(test, not(loom)))]
mod tests;
