#!/bin/bash
# The Rust tool chain that Cargo.toml asks for; nothing is done when one is there.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[ -x "$HOME/.cargo/bin/cargo" ] && PATH=$HOME/.cargo/bin:$PATH
need gcc gcc
if ! command -v cargo >/dev/null; then
    wanted=$(sed -n 's/^rust-version *= *"\(.*\)"/\1/p' "$ROOT/Cargo.toml")
    need curl curl
    apt_install ca-certificates
    curl -sSf https://sh.rustup.rs | sh -s -- -y -q --profile minimal -c clippy,rustfmt --default-toolchain "$wanted" || die "no Rust tool chain"
fi
