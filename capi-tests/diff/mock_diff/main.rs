//! The same seeded sequence of requests against kafka-mock and a real Kafka: the
//! answers must be the same, apart from what accepted.md lists.
//!
//! usage: mock_diff MOCK KAFKA [--seed N] [--count N] [--verbose] [--transactions] [--exhaust]
//!                  [--transaction-version N] [--consumers] [--shares]
//!
//! --transactions: of transactions alone; --consumers: of groups of the consumer protocol; --shares: of share
//! groups; --exhaust: with a producer id whose epochs are used up
//! (32,000 requests). Kafka has that transaction.version while this runs, and then 2.
//!
//! Both clusters have one broker, and are used by nobody else.

mod admin;
mod broken;
mod codecs;
mod consumers;
mod describe;
mod features;
mod groups;
mod logs;
mod pairs;
mod plays;
mod records;
mod shares;
mod side;
mod txns;

use side::Side;
use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Both clusters and what the sequence knows of their common state.
pub struct Diff {
    pub mock: Side,
    pub kafka: Side,
    pub rng: fastrand::Rng,
    /// A name for this run, so that a cluster can be used again.
    pub run: String,
    /// End offsets as far as known, for choosing sensible offsets.
    pub ends: BTreeMap<(String, i32), i64>,
    /// Partitions that DeleteRecords has been used on.
    pub shortened: BTreeSet<(String, i32)>,
    pub clock: i64,
    asked: BTreeMap<&'static str, u32>,
    differences: u32,
    verbose: bool,
}

impl Diff {
    /// Asks both the same and compares.
    pub fn both<T>(
        &mut self,
        what: &'static str,
        detail: &str,
        mut ask: impl FnMut(&mut Side) -> (String, T),
    ) -> T {
        *self.asked.entry(what).or_default() += 1;
        let (mock, _) = ask(&mut self.mock);
        let (kafka, value) = ask(&mut self.kafka);
        self.compare(what, detail, &mock, &kafka);
        value
    }

    /// As `both`, where what was changed a moment ago takes time to be seen on Kafka.
    pub fn both_in_the_end(
        &mut self,
        what: &'static str,
        detail: &str,
        mut ask: impl FnMut(&mut Side) -> String,
    ) {
        *self.asked.entry(what).or_default() += 1;
        let mock = ask(&mut self.mock);
        let expected = self.mock.normalize(&mock);
        let until = Instant::now() + Duration::from_secs(5);
        let mut kafka = ask(&mut self.kafka);
        while self.kafka.normalize(&kafka) != expected && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(10));
            kafka = ask(&mut self.kafka);
        }
        self.compare(what, detail, &mock, &kafka);
    }

    pub fn compare(&mut self, what: &str, detail: &str, mock: &str, kafka: &str) {
        let mock = self.mock.normalize(mock);
        let kafka = self.kafka.normalize(kafka);
        if self.verbose {
            println!("{what} {detail}\n  {kafka}");
        }
        if mock != kafka {
            self.differences += 1;
            println!("DIFFERENT {what} {detail}\n  mock:  {mock}\n  kafka: {kafka}");
        }
    }

    pub fn differences(&self) -> u32 {
        self.differences
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.rng.usize(..from.len())]
    }

    pub fn chance(&mut self, percent: u32) -> bool {
        self.rng.u32(..100) < percent
    }
}

pub fn now_ms() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.expect("after 1970").as_millis() as i64
}

fn main() -> ExitCode {
    let mut addresses = Vec::new();
    let (mut seed, mut count, mut verbose) = (1, 3000, false);
    let (mut transactions, mut exhaust, mut version) = (false, false, 2);
    let mut consumers = false;
    let mut shares_alone = false;
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut number = || args.next().and_then(|n| n.parse().ok()).expect("a number");
        match arg.as_str() {
            "--seed" => seed = number(),
            "--count" => count = number(),
            "--verbose" => verbose = true,
            "--transactions" => transactions = true,
            "--consumers" => consumers = true,
            "--exhaust" => exhaust = true,
            "--shares" => shares_alone = true,
            "--transaction-version" => version = number() as i16,
            _ => addresses.push(arg),
        }
    }
    let [mock, kafka] = &addresses[..] else {
        eprintln!("usage: mock_diff MOCK KAFKA [--seed N] [--count N] [--verbose] …");
        return ExitCode::from(2);
    };
    let _level = features::Level::set(kafka, version);
    let mut diff = Diff {
        mock: Side::connect("mock", mock),
        kafka: Side::connect("kafka", kafka),
        rng: fastrand::Rng::with_seed(seed),
        run: format!("{:08x}", fastrand::u32(..)),
        ends: BTreeMap::new(),
        shortened: BTreeSet::new(),
        // Near to the real time: a batch that is a week older than the next one makes a
        // real log begin a new segment, and a fetch ends with its segment.
        clock: now_ms() - 3_600_000,
        asked: BTreeMap::new(),
        differences: 0,
        verbose,
    };
    let mut world = logs::World::new(&mut diff);
    codecs::create(&mut diff);
    consumers::create(&mut diff);
    txns::wait_for_coordinators(&mut diff);
    plays::create(&mut diff);
    if exhaust {
        plays::exhaust(&mut diff);
    }
    while diff.asked.values().sum::<u32>() < count as u32 {
        if consumers {
            consumers::step(&mut diff);
            continue;
        }
        let kind = diff.rng.u32(..100);
        if shares_alone {
            shares::step(&mut diff);
            continue;
        }
        if transactions || kind == 99 {
            match diff.chance(70) {
                true => plays::step(&mut diff),
                false => txns::step(&mut diff, &world),
            }
            continue;
        }
        match kind {
            0..46 => logs::step(&mut diff, &mut world),
            46..49 => describe::step(&mut diff, &world),
            49..51 => broken::step(&mut diff, &world),
            51..52 => pairs::step(&mut diff, &world),
            52..58 => codecs::step(&mut diff),
            58..60 => consumers::step(&mut diff),
            60..78 => groups::step(&mut diff, &world),
            78..82 => admin::step(&mut diff, &world),
            82 => shares::step(&mut diff),
            _ => txns::step(&mut diff, &world),
        }
    }
    let total: u32 = diff.asked.values().sum();
    for (what, n) in &diff.asked {
        println!("{n:6} {what}");
    }
    println!(
        "{total} requests with seed {seed}, {} differences",
        diff.differences
    );
    ExitCode::from(u8::from(diff.differences > 0))
}
