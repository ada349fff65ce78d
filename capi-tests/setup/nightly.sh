#!/bin/bash
# The nightly compiler, which alone builds for the sanitizers.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$ROOT/capi-tests/setup/rust.sh"
rustup toolchain list | grep -q '^nightly-' && exit 0
say "installing the nightly compiler"
rustup -q toolchain install nightly --profile minimal >&2 || die "rustup toolchain install nightly"
