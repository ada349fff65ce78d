use super::super::PAUSED_BY_APP;
use super::*;
use crate::consumer::testing::{self, PLAIN, TestPartition, batch, test_partition};
use crate::protocol::compression::Decompressor;
use crate::protocol::records::decode::BatchReader;

fn fetched(b: &TestPartition, from: i64, batches: &[Vec<u8>]) -> Fetched {
    let source = testing::records(batches);
    let mut reader = BatchReader::new(source.clone(), true);
    let mut decompressor = Decompressor::new();
    let batches: Vec<_> = std::iter::from_fn(|| reader.next_open(&mut decompressor, 1 << 20))
        .map(Result::unwrap)
        .collect();
    let last = batches.last().map_or(from, |b| b.header.last_offset + 1);
    let new = NewRecords {
        source,
        batches,
        from,
        end: Position::new(last, 7),
        broker_id: 1,
    };
    Fetched::records(b.partition.clone(), b.partition.version(), new)
}

fn deliver(b: &TestPartition, from: i64, batches: &[Vec<u8>]) {
    b.partition.sink.deliver(fetched(b, from, batches));
}

#[test]
fn messages_come_in_order_and_move_the_position() {
    let b = test_partition();
    b.partition.begin();
    deliver(&b, 12, &[batch(10, 5, PLAIN), batch(15, 200, PLAIN)]);
    assert_eq!(b.take().unwrap().value, b"12");
    assert_eq!(b.partition.position.get(), Position::new(13, 7));
    assert_eq!(b.partition.stored.get().offset, 13);
    let rest = b.offsets();
    assert_eq!(rest, (13..215).collect::<Vec<_>>());
    assert_eq!(b.partition.position.get(), Position::new(215, 7));
}

#[test]
fn what_waits_is_counted_until_it_is_taken_or_dropped() {
    let b = test_partition();
    b.partition.begin();
    deliver(&b, 0, &[batch(0, 300, PLAIN)]);
    assert_eq!(b.partition.waiting.messages(), 300);
    assert_eq!(b.queue.len(), 300);
    let bytes = b.budget.used();
    assert!(bytes > 0 && bytes == b.partition.waiting.bytes());
    b.take().unwrap();
    assert_eq!(b.partition.waiting.messages(), 300 - BLOCK);
    assert!(b.budget.used() < bytes);
    b.take_all();
    assert_eq!((b.partition.waiting.messages(), b.budget.used()), (0, 0));
    drop(fetched(&b, 300, &[batch(300, 9, PLAIN)]));
    assert_eq!((b.partition.waiting.messages(), b.budget.used()), (0, 0));
}

#[test]
fn a_seek_drops_what_was_fetched_before() {
    let b = test_partition();
    b.partition.begin();
    deliver(&b, 0, &[batch(0, 10, PLAIN)]);
    b.take().unwrap();
    b.partition.new_version();
    assert!(b.take().is_none());
    assert_eq!(b.budget.used(), 0);
}

#[test]
fn a_pause_keeps_what_was_fetched() {
    let b = test_partition();
    b.partition.begin();
    deliver(&b, 0, &[batch(0, 10, PLAIN)]);
    deliver(&b, 10, &[batch(10, 10, PLAIN)]);
    assert_eq!(b.take().unwrap().offset, 0);
    assert!(b.partition.pause(PAUSED_BY_APP));
    assert!(b.take().is_none());
    assert_eq!(b.budget.used(), 0, "what is held leaves room for others");
    // Fetched before the pause, delivered after it.
    deliver(&b, 20, &[batch(20, 5, PLAIN)]);
    assert!(b.partition.resume(PAUSED_BY_APP));
    deliver(&b, 25, &[batch(25, 5, PLAIN)]);
    assert_eq!(b.take().unwrap().offset, 1);
    // Once more, in the middle of what was held.
    b.partition.pause(PAUSED_BY_APP);
    assert!(b.take().is_none());
    b.partition.resume(PAUSED_BY_APP);
    assert_eq!(b.offsets(), (2..30).collect::<Vec<_>>());
    assert!(!b.partition.resume(PAUSED_BY_APP), "it was not paused");
}

#[test]
fn what_is_held_does_not_survive_a_seek() {
    let b = test_partition();
    b.partition.begin();
    deliver(&b, 0, &[batch(0, 10, PLAIN)]);
    b.partition.pause(PAUSED_BY_APP);
    assert!(b.take().is_none());
    b.partition.new_version();
    b.partition.resume(PAUSED_BY_APP);
    assert!(b.take().is_none());
}

#[test]
fn a_batch_with_a_false_count_is_an_error_and_no_more() {
    let b = test_partition();
    b.partition.begin();
    let mut lying = batch(0, 3, PLAIN);
    lying[57..61].copy_from_slice(&i32::MAX.to_be_bytes());
    let source = bytes::Bytes::from(lying);
    let raw = BatchReader::new(source.clone(), false).next().unwrap();
    let opened = raw.unwrap().open(&mut Decompressor::new(), 1 << 20);
    let new = NewRecords {
        source,
        batches: vec![opened.unwrap()],
        from: 0,
        end: Position::new(3, 7),
        broker_id: 1,
    };
    let version = b.partition.version();
    let fetched = Fetched::records(b.partition.clone(), version, new);
    b.partition.sink.deliver(fetched);
    assert!(b.partition.waiting.messages() < 10);
    let seen = b.take_all();
    assert_eq!(seen.len(), 4);
    assert_eq!(seen[3].err, ErrorCode::_BAD_MSG.0);
    assert_eq!(b.partition.waiting.messages(), 0);
}

#[test]
fn the_position_passes_what_is_not_shown() {
    let b = test_partition();
    b.partition.begin();
    let new = NewRecords {
        source: bytes::Bytes::new(),
        batches: Vec::new(),
        from: 5,
        end: Position::new(9, 2),
        broker_id: 1,
    };
    let version = b.partition.version();
    let fetched = Fetched::records(b.partition.clone(), version, new);
    b.partition.sink.deliver(fetched);
    assert!(b.take().is_none());
    assert_eq!(b.partition.position.get(), Position::new(9, 2));
}
