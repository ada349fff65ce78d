use std::io::IoSlice;

use super::authority::Authority;
use super::*;
use crate::broker::transport::{ReadOutcome, WriteOutcome};

/// What a client does until both sides have all that the other sent.
struct Exchange {
    client: Client,
    server: Server,
    out: Vec<u8>,
    written: usize,
    received: Vec<u8>,
    random: fastrand::Rng,
}

impl Exchange {
    fn new(seed: u64, buffers: usize, up: usize, down: usize) -> Self {
        let authority = Authority::new("ours");
        let connector = made_with(trusting(&authority), None, buffers);
        let (mut client, mut server) = begin(&*connector, &authority.issue("b"));
        shake_hands(&mut client, &mut server).unwrap();
        let mut random = fastrand::Rng::with_seed(seed);
        let mut bytes = |n| (0..n).map(|_| random.u8(..)).collect::<Vec<u8>>();
        let (out, to_send) = (bytes(up), bytes(down));
        server.to_send = to_send.into();
        client.readable = true;
        client.writable = true;
        Exchange {
            client,
            server,
            out,
            written: 0,
            received: Vec::new(),
            random,
        }
    }

    /// As `Conn::flush`.
    fn write(&mut self) {
        while self.client.writable
            && (self.written < self.out.len() || self.client.stream.wants_write())
        {
            let rest = &self.out[self.written..];
            let cut = |r: &mut fastrand::Rng, max: usize| r.usize(0..=max.min(40_000));
            let a = cut(&mut self.random, rest.len());
            let b = a + cut(&mut self.random, rest.len() - a);
            let c = b + cut(&mut self.random, rest.len() - b);
            let slices = [
                IoSlice::new(&rest[..a]),
                IoSlice::new(&[]),
                IoSlice::new(&rest[a..b]),
                IoSlice::new(&rest[b..c]),
            ];
            match self.client.stream.write_vectored(&slices).unwrap() {
                WriteOutcome::Taken(n) => self.written += n,
                WriteOutcome::WouldBlock => self.client.writable = false,
            }
        }
    }

    /// As `Conn::read_frame`: an event that is not used up is not waited for again.
    fn read(&mut self) {
        let mut room = vec![0; self.random.usize(1..100_000)];
        while self.client.readable {
            match self.client.stream.read(&mut room).unwrap() {
                ReadOutcome::Data { n, drained } => {
                    assert!(n > 0);
                    self.received.extend(&room[..n]);
                    self.client.readable = !drained;
                }
                ReadOutcome::WouldBlock => self.client.readable = false,
                ReadOutcome::Closed => panic!("it was not closed"),
            }
        }
    }

    fn run(&mut self) {
        let expected: Vec<u8> = self.server.to_send.iter().copied().collect();
        let end = Instant::now() + Duration::from_secs(60);
        let done = |e: &Exchange| {
            e.received.len() == expected.len() && e.server.received.len() == e.out.len()
        };
        while !done(self) && Instant::now() < end {
            self.write();
            self.server.step();
            self.read();
            self.client.wait(Duration::from_millis(1));
        }
        assert!(self.received == expected, "{} bytes", self.received.len());
        assert!(self.server.received == self.out);
        assert!(self.server.is_done());
        assert!(!self.client.stream.wants_write());
    }
}

#[test]
fn bytes_arrive_both_ways() {
    for seed in 0..6 {
        let mut random = fastrand::Rng::with_seed(seed);
        let (up, down) = (random.usize(0..3_000_000), random.usize(0..3_000_000));
        Exchange::new(seed, 0, up, down).run();
    }
}

#[test]
fn tiny_buffers_of_the_socket_lose_nothing() {
    for seed in 0..6 {
        let mut random = fastrand::Rng::with_seed(seed);
        let (up, down) = (random.usize(0..600_000), random.usize(0..600_000));
        Exchange::new(seed, 1, up, down).run();
    }
}

#[test]
fn records_in_pieces_are_put_together() {
    for chunk in [1, 7, 1000] {
        let mut exchange = Exchange::new(9, 0, 1000, 300 * chunk);
        exchange.server.chunk = chunk;
        exchange.run();
    }
}

#[test]
fn what_is_held_back_is_bounded() {
    let mut exchange = Exchange::new(1, 1, 20_000_000, 0);
    exchange.write();
    assert!(exchange.client.stream.wants_write());
    // Sockets' buffers, the transport's own, and not the whole.
    assert!(exchange.written < 10_000_000, "{}", exchange.written);
}

/// Reads on until there is an end, without waiting for events that may not come.
fn end_of(exchange: &mut Exchange) -> Result<Vec<u8>, ConnError> {
    let mut got = Vec::new();
    let mut room = [0; 100];
    let end = Instant::now() + Duration::from_secs(20);
    while Instant::now() < end {
        match exchange.client.stream.read(&mut room)? {
            ReadOutcome::Data { n, .. } => got.extend(&room[..n]),
            ReadOutcome::WouldBlock => exchange.client.wait(Duration::from_millis(1)),
            ReadOutcome::Closed => return Ok(got),
        }
    }
    panic!("no end comes");
}

#[test]
fn the_end_comes_after_the_data_with_close_notify_and_without() {
    for polite in [true, false] {
        let mut exchange = Exchange::new(3, 0, 0, 5000);
        let expected: Vec<u8> = exchange.server.to_send.iter().copied().collect();
        while !exchange.server.is_done() {
            exchange.server.step();
        }
        if polite {
            exchange.server.close_notify();
        }
        exchange.server.close();
        assert_eq!(end_of(&mut exchange).unwrap(), expected, "{polite}");
        // And it stays.
        assert!(end_of(&mut exchange).unwrap().is_empty());
    }
}

#[test]
fn a_record_that_was_tampered_with_ends_it() {
    let mut exchange = Exchange::new(4, 0, 0, 0);
    // Tickets come first.
    exchange.read();
    exchange.server.send_raw(&[23, 3, 3, 0, 30]);
    exchange.server.send_raw(&[7; 30]);
    let error = end_of(&mut exchange).unwrap_err();
    assert!(matches!(error, ConnError::Tls(_)), "{error:?}");
    assert!(error.to_string().contains("SSL session with localhost:"));
    assert_eq!(end_of(&mut exchange).unwrap_err(), error);
}

#[test]
fn the_client_says_goodbye() {
    let mut exchange = Exchange::new(5, 0, 3000, 0);
    exchange.write();
    // A socket that is closed with something unread resets the connection.
    while exchange.server.received.len() < 3000 {
        exchange.server.step();
    }
    exchange.client.readable = true;
    exchange.read();
    let Exchange {
        client, mut server, ..
    } = exchange;
    drop(client);
    let end = Instant::now() + Duration::from_secs(20);
    while !server.ended && Instant::now() < end {
        server.step();
    }
    assert!(server.ended);
    assert_eq!(server.received.len(), 3000);
}
