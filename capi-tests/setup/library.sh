#!/bin/bash
# library.sh ours|upstream: prints a folder with librdkafka.so.1, to be put first in the library path.
# "ours" is the release build of this repository, or with PROFILE=debug the debug build, and is built when missing or older
# than its sources; "upstream" is the newest librdkafka (upstream.sh).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
case ${1:-ours} in
    upstream) exec bash "$ROOT/capi-tests/setup/upstream.sh" ;;
    ours)
        [ -n "${LRK_LIB:-}" ] && { echo "$LRK_LIB"; exit 0; }
        . "$ROOT/capi-tests/setup/rust.sh"
        profile=${PROFILE:-release} flag=--release
        [ "$profile" = debug ] && flag=
        (cd "$ROOT" && cargo build -q $flag --lib >&2) || die "cargo build"
        so=${CARGO_TARGET_DIR:-$ROOT/target}/$profile/librdkafka.so
        dir=${CARGO_TARGET_DIR:-$ROOT/target}/$profile/lib
        mkdir -p "$dir"; ln -sf ../librdkafka.so "$dir/librdkafka.so.1"; ln -sf ../librdkafka.so "$dir/librdkafka.so"
        [ -e "$so" ] || die "no $so"
        echo "$dir" ;;
    *) die "LIB is ours or upstream, not $1" ;;
esac
