#!/bin/bash
# The structures that threads share, under every interleaving that matters: loom runs the tests named model_* of
# src/base/model.rs and src/producer/model.rs. Its cfg is seen by all crates, so they are built in a folder of their own.
#
#   model.sh [NAME]   the models whose name contains NAME; LOOM_MAX_PREEMPTIONS=n looks further than the models' own bound
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
export RUST_BACKTRACE=0 RUSTFLAGS="--cfg loom" CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/loom"
out=$(cargo test -q --lib "model_${1:-}" 2>&1); code=$?
echo "$out" | tail -40
[ $code -eq 0 ] && ! grep -q "running 0 tests" <<<"$out"
