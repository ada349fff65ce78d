#!/bin/bash
# The Rust tool chain that Cargo.toml asks for; nothing is done when one is there.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[ -x "$HOME/.cargo/bin/cargo" ] && PATH=$HOME/.cargo/bin:$PATH
need gcc gcc
# Debian's gcc only recommends what a program needs to be linked.
[ -e /usr/include/stdio.h ] || apt_install libc6-dev
if ! command -v cargo >/dev/null; then
    wanted=$(sed -n 's/^rust-version *= *"\(.*\)"/\1/p' "$ROOT/Cargo.toml")
    need curl curl
    apt_install ca-certificates
    say "installing Rust $wanted"
    # From the host that has the tool chains as well, so that nothing else needs to be reached.
    installer=$(mktemp)
    curl -sSf --retry 3 -o "$installer" https://static.rust-lang.org/rustup/rustup-init.sh \
        && sh "$installer" -y -q --profile minimal -c clippy,rustfmt --default-toolchain "$wanted" >"$CACHE/rustup.log" 2>&1 </dev/null \
        || { [ -f "$CACHE/rustup.log" ] && tail -20 "$CACHE/rustup.log" >&2; rm -f "$installer"; die "no Rust tool chain"; }
    rm -f "$installer"
    PATH=$HOME/.cargo/bin:$PATH
fi
