//! Property tests: how many cases they try.
//!
//! `capi-tests/test.sh` fixes the seed, so that a run can be repeated. To look for more:
//! `PROPTEST_CASES=100000 cargo test`, with a seed in `PROPTEST_RNG_SEED` or a random one.

use proptest::test_runner::Config;

/// So many cases where each is expensive or cheap; `PROPTEST_CASES` decides for all.
pub fn cases(number: u32) -> Config {
    let mut config = Config::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = number;
    }
    config
}
