#!/bin/bash
# The example programs in C (built by the command in their own comment) and in Python, on a kafka-mock of three brokers (try.py), on this
# library and on librdkafka. The one for exactly once has a test of its own: run.sh.
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

# try_one LIB FOLDER LANGUAGE RUN...
try_one() {
    local lib=$1 dir=$2 original=(); shift 2
    [ "$lib" = upstream ] && original=(--original)
    python3 "$HERE/try.py" --mock "$mock" "${original[@]}" "$1" -- "${@:2}" || failed=1
}

# The Python package has a librdkafka of its own; a library that is loaded before takes its place.
upstream=$(bash "$ROOT/capi-tests/setup/library.sh" upstream) || exit 1
failed=0
for lib in "$@"; do
    dir=$(bash "$ROOT/capi-tests/setup/library.sh" "$lib") || exit 1
    echo "on $lib:"
    try_one "$lib" "$dir" c env LD_LIBRARY_PATH="$dir" "$work/{}"
    try_one "$lib" "$dir" python env LD_PRELOAD="$dir/librdkafka.so.1" PYTHONPATH="$upstream/wheel" python3 "$HERE/{}.py"
done
exit $failed
