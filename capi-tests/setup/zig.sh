#!/bin/bash
# Sourced: zig as the C compiler and linker for other architectures and older C libraries, and what lets cargo build with it.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$ROOT/capi-tests/setup/rust.sh"
zig=$CACHE/zig-0.17.1
if [ ! -e "$zig/ready" ]; then
    need python3 python3
    python3 -c 'import venv, ensurepip' 2>/dev/null || apt_install python3-venv
    say "installing zig"
    rm -rf "$zig"
    { python3 -m venv "$zig" && "$zig/bin/pip" install -q --no-cache-dir ziglang==0.17.1 cargo-zigbuild==0.24.1; } >"$CACHE/zig.log" 2>&1 && touch "$zig/ready" ||
        { tail -20 "$CACHE/zig.log" >&2; die "no zig"; }
fi
PATH=$zig/bin:$PATH
# rust_target TARGET: Rust's standard library for it.
rust_target() {
    [ -d "$(rustc --print sysroot)/lib/rustlib/$1/lib" ] && return
    say "installing Rust's standard library for $1"
    rustup -q target add "$1" >&2 || die "rustup target add $1"
}
