use super::*;

const MS: Duration = Duration::from_millis(1);

fn times() -> Times {
    Times {
        look_up: 1000 * MS,
        address_ttl: 5000 * MS,
        backoff: 100 * MS,
        backoff_max: 800 * MS,
    }
}

fn address(n: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, n], 9092))
}

/// One whose look-up has just been asked for.
fn looking_up() -> (Reconnect, Instant) {
    let now = Instant::now();
    let mut r = Reconnect::new(times());
    assert_eq!(r.wanted(now), Some(Begin::LookUp));
    (r, now)
}

fn pause(r: &Reconnect, now: Instant) -> Option<Duration> {
    match r.state() {
        State::Backoff { until } => Some(until - now),
        _ => None,
    }
}

#[test]
fn an_attempt_begins_once() {
    let (mut r, now) = looking_up();
    assert_eq!(r.wanted(now), None);
    assert_eq!(r.looked_up(now, vec![address(1)], 0), Some(address(1)));
    assert_eq!(r.wanted(now), None);
    assert_eq!(
        r.deadline(true),
        None,
        "the set-up has deadlines of its own"
    );
}

#[test]
fn addresses_are_tried_in_turn_from_a_random_one() {
    let (mut r, now) = looking_up();
    let all = vec![address(1), address(2), address(3)];
    let mut tried = vec![r.looked_up(now, all, 7).unwrap()];
    while {
        r.ended(now, false, 0);
        r.state() == State::Idle
    } {
        let Some(Begin::Connect(next)) = r.wanted(now) else {
            panic!("another address is left");
        };
        tried.push(next);
    }
    assert_eq!(tried, [address(2), address(3), address(1)]);
    assert_eq!(r.failed_attempts, 1, "all of them count as one attempt");
}

#[test]
fn the_name_is_looked_up_again_when_all_have_failed() {
    let (mut r, now) = looking_up();
    r.looked_up(now, vec![address(1)], 0);
    r.ended(now, false, 0);
    assert!(!r.on_time(now + 2000 * MS));
    assert_eq!(r.wanted(now + 2000 * MS), Some(Begin::LookUp));
}

#[test]
fn addresses_of_a_connection_that_was_up_are_good() {
    let (mut r, now) = looking_up();
    r.looked_up(now, vec![address(1), address(2)], 0);
    r.up();
    r.ended(now, true, 0);
    assert_eq!(pause(&r, now), Some(80 * MS), "the shortest pause");
    assert!(!r.on_time(now + 100 * MS));
    assert_eq!(r.wanted(now + 100 * MS), Some(Begin::Connect(address(1))));
}

#[test]
fn fresh_addresses_are_used_again() {
    let (mut r, now) = looking_up();
    r.looked_up(now, vec![address(1)], 0);
    // Closed for being idle before it was up and had been tried.
    r.up();
    r.ended(now, true, 0);
    r.skip_backoff();
    assert_eq!(r.wanted(now), Some(Begin::Connect(address(1))));
    // Older than their time to live: still to be tried, for they were good.
    r.up();
    r.ended(now + 9000 * MS, true, 0);
    r.skip_backoff();
    assert_eq!(r.wanted(now + 9000 * MS), Some(Begin::Connect(address(1))));
}

#[test]
fn pauses_grow_to_their_maximum_and_start_over() {
    let now = Instant::now();
    let mut r = Reconnect::new(times());
    let mut pauses = Vec::new();
    for _ in 0..6 {
        assert_eq!(r.wanted(now), Some(Begin::LookUp));
        // In the middle of the jitter.
        r.ended(now, false, 200);
        pauses.push(pause(&r, now).unwrap());
        r.skip_backoff();
    }
    assert_eq!(
        pauses,
        [100, 200, 400, 800, 800, 800].map(Duration::from_millis)
    );
    r.wanted(now);
    r.looked_up(now, vec![address(1)], 0);
    r.up();
    r.ended(now, true, 200);
    assert_eq!(pause(&r, now), Some(100 * MS));
    assert_eq!(r.failed_attempts, 0);
}

#[test]
fn a_pause_ends_on_time_and_not_before() {
    let (mut r, now) = looking_up();
    r.ended(now, false, 200);
    assert_eq!(r.deadline(false), None, "nobody waits for it");
    assert_eq!(r.deadline(true), Some(now + 100 * MS));
    r.on_time(now + 99 * MS);
    assert_eq!(r.wanted(now + 99 * MS), None);
    r.on_time(now + 100 * MS);
    assert_eq!(r.wanted(now + 100 * MS), Some(Begin::LookUp));
}

#[test]
fn a_look_up_has_its_time() {
    let (mut r, now) = looking_up();
    assert_eq!(r.deadline(false), Some(now + 1000 * MS));
    assert!(!r.on_time(now + 999 * MS));
    assert!(r.on_time(now + 1000 * MS));
    r.ended(now + 1000 * MS, false, 0);
    assert_eq!(
        r.looked_up(now + 1001 * MS, vec![address(1)], 0),
        None,
        "it comes too late"
    );
}

#[test]
fn an_empty_answer_is_no_address() {
    let (mut r, now) = looking_up();
    assert_eq!(r.looked_up(now, Vec::new(), 5), None);
    r.ended(now, false, 0);
    assert!(pause(&r, now).is_some());
}

#[test]
fn a_broker_that_moved_is_looked_up_at_once() {
    let (mut r, now) = looking_up();
    r.looked_up(now, vec![address(1), address(2)], 0);
    r.ended(now, false, 0);
    r.moved();
    assert_eq!(r.failed_attempts, 0);
    assert_eq!(r.wanted(now), Some(Begin::LookUp));
}

#[test]
fn skipping_ends_nothing_but_a_pause() {
    let (mut r, now) = looking_up();
    r.skip_backoff();
    assert!(r.is_looking_up());
    r.looked_up(now, vec![address(1)], 0);
    r.skip_backoff();
    assert_eq!(r.state(), State::Connected);
}
