use super::super::super::testing::{PLAIN, batch, in_transaction, marker, records};
use super::*;
use bytes::Bytes;

fn aborted(list: &[(i64, i64)]) -> Vec<AbortedTransaction> {
    list.iter()
        .map(|&(producer, first)| {
            AbortedTransaction::default()
                .with_producer_id(producer.into())
                .with_first_offset(first)
        })
        .collect()
}

fn read_from(from: i64, source: Bytes, list: &[AbortedTransaction]) -> Read {
    let how = Reading {
        from: Position::new(from, -1),
        check_crcs: true,
        decompress_limit: 1 << 20,
        aborted: list,
    };
    read(source, &how, &mut Decompressor::new())
}

fn bases(read: &Read) -> Vec<i64> {
    read.batches.iter().map(|b| b.header.base_offset).collect()
}

#[test]
fn aborted_transactions_are_left_out_up_to_their_marker() {
    let source = records(&[
        batch(0, 2, in_transaction(1)),
        batch(2, 2, in_transaction(2)),
        batch(4, 1, PLAIN),
        batch(5, 1, marker(1, 0)),
        batch(6, 2, in_transaction(1)),
        batch(8, 1, marker(2, 1)),
        batch(9, 1, marker(1, 1)),
    ]);
    let got = read_from(0, source.clone(), &aborted(&[(1, 0)]));
    assert_eq!(bases(&got), [2, 4, 6]);
    assert_eq!(got.position, Position::new(10, 7));
    let got = read_from(0, source.clone(), &[]);
    assert_eq!(bases(&got), [0, 2, 4, 6], "markers are never shown");
    // Both of one producer, in any order.
    let got = read_from(0, source, &aborted(&[(1, 6), (1, 0)]));
    assert_eq!(bases(&got), [2, 4]);
}

#[test]
fn batches_before_the_position_cost_nothing() {
    let source = records(&[batch(0, 5, PLAIN), batch(5, 5, PLAIN)]);
    let got = read_from(7, source.clone(), &[]);
    assert_eq!((bases(&got), got.position.offset), (vec![5], 10));
    let got = read_from(10, source, &[]);
    assert!(got.batches.is_empty());
    assert_eq!(got.position.offset, 10);
}

#[test]
fn damage_stops_the_reading_where_it_is() {
    let mut bad = batch(5, 5, PLAIN);
    let last = bad.len() - 1;
    bad[last] ^= 0xff;
    let source = records(&[batch(0, 5, PLAIN), bad, batch(10, 5, PLAIN)]);
    let got = read_from(0, source, &[]);
    assert_eq!((bases(&got), got.position.offset), (vec![0], 5));
    let damage = got.damage.unwrap();
    assert!(
        !damage.is_passed(),
        "a bad checksum puts the header in doubt"
    );
    assert!(matches!(damage, Damage::Records(e) if describe(&e).contains("CRC")));
}

#[test]
fn a_cut_batch_is_damage_only_when_it_is_alone() {
    let whole = batch(0, 5, PLAIN);
    let cut = Bytes::copy_from_slice(&whole[..whole.len() - 3]);
    let got = read_from(0, cut.clone(), &[]);
    let Some(Damage::TooLarge(partial)) = got.damage else {
        panic!("not too large");
    };
    assert_eq!(partial.need, Some(whole.len()));
    let behind = Bytes::from([batch(0, 5, PLAIN), batch(5, 5, PLAIN)[..30].to_vec()].concat());
    let got = read_from(0, behind, &[]);
    assert!(got.damage.is_none());
    assert_eq!(got.position.offset, 5);
}

#[test]
fn what_is_counted_is_what_the_application_gets() {
    let source = records(&[batch(0, 5, PLAIN), batch(5, 5, PLAIN)]);
    let (all, bytes) = read_from(0, source.clone(), &[]).content(0);
    let got = read_from(3, source.clone(), &[]);
    let (some, fewer) = got.content(3);
    assert_eq!((all, some), (10, 7));
    assert_eq!(bytes * 7, fewer * 10, "every record has the same content");
    assert!(bytes > 0 && bytes < source.len() as u64, "without framing");
}
