use std::sync::LazyLock;

use super::*;
use crate::consumer::share::AckRun;
use crate::consumer::share::testing::{partition, settings};
use crate::consumer::testing::{PLAIN, Seen, batch, in_transaction, marker, records, seen};

fn acquired(first: i64, last: i64, delivery_count: i16) -> Acquired {
    Acquired {
        first,
        last,
        delivery_count,
    }
}

/// A connection that stands.
static STANDS: LazyLock<Arc<Connection>> = LazyLock::new(|| Arc::new(Connection));

fn fetched(records: Bytes, acquired: &[Acquired], expires: Option<Instant>) -> ShareFetched {
    let part = NewPart {
        partition: partition(0),
        records,
        acquired: acquired.to_vec(),
    };
    let mut decompressor = Decompressor::new();
    let locks = Locks {
        expire: expires,
        connection: Arc::downgrade(&STANDS),
    };
    ShareFetched::new(1, locks, vec![part], &settings(), &mut decompressor)
}

struct Taken {
    messages: Vec<Seen>,
    counts: Vec<i16>,
    runs: Vec<(i64, i64, AckType)>,
    open: u64,
    rest: Rest,
}

/// Takes up to `max`, accepts what waits, and looks at what would be sent.
fn take(fetched: &mut ShareFetched, max: usize) -> Taken {
    let mut acks = Acknowledgements::default();
    let mut out = Vec::new();
    let rest = fetched.take(Instant::now(), max, &mut out, &mut acks);
    let open = acks.open();
    acks.accept_all();
    let sent = acks.take();
    let run = |run: &AckRun| (run.first, run.last, run.kind);
    // What was taken is read and released here.
    let (messages, counts) = out.into_iter().map(seen).unzip();
    Taken {
        messages,
        counts,
        runs: sent.iter().flat_map(|p| p.runs.iter().map(run)).collect(),
        open,
        rest,
    }
}

fn offsets(taken: &Taken) -> Vec<i64> {
    taken.messages.iter().map(|m| m.offset).collect()
}

#[test]
fn only_what_is_acquired_is_handed_out_with_its_delivery_count() {
    let data = records(&[batch(0, 5, PLAIN), batch(5, 5, PLAIN)]);
    let ranges = [acquired(3, 4, 1), acquired(7, 8, 2)];
    let mut f = fetched(data, &ranges, None);
    let t = take(&mut f, 100);
    assert_eq!(offsets(&t), [3, 4, 7, 8]);
    assert_eq!(t.counts, [1, 1, 2, 2]);
    assert_eq!(t.messages[0].value, b"3");
    let want = [(3, 4, AckType::Accept), (7, 8, AckType::Accept)];
    assert_eq!((t.runs, t.open, t.rest), (want.to_vec(), 4, Rest::Nothing));
}

#[test]
fn a_poll_takes_no_more_than_it_may() {
    let data = records(&[batch(0, 10, PLAIN)]);
    let mut f = fetched(data, &[acquired(0, 9, 1)], None);
    let t = take(&mut f, 4);
    assert_eq!((offsets(&t), t.rest), (vec![0, 1, 2, 3], Rest::Some));
    assert_eq!(t.runs, [(0, 3, AckType::Accept)]);
    let t = take(&mut f, 100);
    assert_eq!((offsets(&t).len(), t.rest), (6, Rest::Nothing));
    assert_eq!(t.runs, [(4, 9, AckType::Accept)]);
}

#[test]
fn offsets_without_records_are_gaps() {
    // Control records, and what compaction has left nothing of.
    let data = records(&[
        batch(2, 2, in_transaction(9)),
        batch(4, 1, marker(9, 1)),
        batch(8, 1, PLAIN),
    ]);
    let mut f = fetched(data, &[acquired(0, 9, 1)], None);
    let t = take(&mut f, 100);
    assert_eq!(offsets(&t), [2, 3, 8]);
    let want = [
        (0, 1, AckType::Gap),
        (2, 3, AckType::Accept),
        (4, 7, AckType::Gap),
        (8, 8, AckType::Accept),
        (9, 9, AckType::Gap),
    ];
    assert_eq!((t.runs, t.open), (want.to_vec(), 3));
}

#[test]
fn a_damaged_batch_is_rejected_record_by_record() {
    let mut damaged = batch(3, 3, PLAIN);
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    let data = records(&[batch(0, 3, PLAIN), damaged, batch(6, 1, PLAIN)]);
    let mut f = fetched(data, &[acquired(0, 6, 1)], None);
    let t = take(&mut f, 100);
    assert_eq!(offsets(&t), [0, 1, 2, 3, 4, 5, 6]);
    let errors: Vec<i32> = t.messages.iter().map(|m| m.err).collect();
    let bad = ErrorCode::_BAD_MSG.0;
    assert_eq!(errors, [0, 0, 0, bad, bad, bad, 0]);
    let want = [
        (0, 2, AckType::Accept),
        (3, 5, AckType::Reject),
        (6, 6, AckType::Accept),
    ];
    assert_eq!((t.runs, t.open), (want.to_vec(), 4));
}

#[test]
fn what_was_cut_off_is_released_and_no_gap() {
    let whole = batch(0, 2, PLAIN);
    let cut = &batch(2, 3, PLAIN)[..40];
    let data = records(&[whole, cut.to_vec()]);
    let mut f = fetched(data, &[acquired(0, 4, 1)], None);
    let t = take(&mut f, 100);
    assert_eq!(offsets(&t), [0, 1]);
    let want = [(0, 1, AckType::Accept), (2, 4, AckType::Release)];
    assert_eq!(t.runs, want);
}

#[test]
fn ranges_beyond_belief_cost_nothing() {
    let data = records(&[batch(0, 1, PLAIN)]);
    let ranges = [
        acquired(0, i64::MAX, 1),
        acquired(5, 6, 1),
        acquired(9, 2, 1),
        acquired(-4, 7, 1),
    ];
    let mut f = fetched(data, &ranges, None);
    let t = take(&mut f, 100);
    assert_eq!(offsets(&t), [0]);
    let last = t.runs.last().copied();
    assert_eq!(last.map(|r| r.0), Some(1));
}

#[test]
fn records_whose_locks_are_gone_are_dropped() {
    let data = records(&[batch(0, 3, PLAIN)]);
    let mut f = fetched(data, &[acquired(0, 2, 1)], Some(Instant::now()));
    let t = take(&mut f, 100);
    assert!(t.messages.is_empty() && t.runs.is_empty() && t.rest == Rest::Expired);
}

#[test]
fn records_whose_connection_has_ended_are_dropped() {
    let mut f = fetched(records(&[batch(0, 4, PLAIN)]), &[acquired(0, 3, 1)], None);
    let connection = Arc::new(Connection);
    f.locks.connection = Arc::downgrade(&connection);
    assert_eq!(offsets(&take(&mut f, 2)), [0, 1]);
    drop(connection);
    let t = take(&mut f, 2);
    assert!(t.messages.is_empty() && t.runs.is_empty() && t.rest == Rest::Nothing);
}
