#!/bin/bash
# The example programs, each built by the command in its own comment, on a kafka-mock of three brokers (try.py), on this library and
# on librdkafka. The one for exactly once has a test of its own: run.sh.
#
#   try.sh [ours|upstream]...
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
. "$ROOT/capi-tests/setup/mock.sh"
. "$ROOT/capi-tests/examples/build.sh"
HERE=$ROOT/capi-tests/examples
[ $# -gt 0 ] || set -- ours upstream
bash "$ROOT/capi-tests/setup/c.sh" && bash "$ROOT/capi-tests/setup/kcat.sh" || exit 1
need python3 python3
mock=$(mock_build) || exit 1
work=$(mktemp -d "$CACHE/examples.XXXXXX")
trap 'rm -rf "$work"' EXIT
for source in "$HERE"/*.c; do build_example "$(basename "$source")" "$work" || exit 1; done

failed=0
for lib in "$@"; do
    dir=$(bash "$ROOT/capi-tests/setup/library.sh" "$lib") || exit 1
    echo "on $lib:"
    original=(); [ "$lib" = upstream ] && original=(--original)
    python3 "$HERE/try.py" --mock "$mock" --library "$dir" "${original[@]}" c -- "$work/{}" || failed=1
done
exit $failed
