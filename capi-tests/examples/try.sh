#!/bin/bash
# The example programs in C (built by the command in their own comment), Python, PHP and Node, on a kafka-mock of three brokers (try.py),
# on this library and on librdkafka. The one for exactly once has a test of its own: run.sh.
#
#   try.sh [ours|upstream]...
#
# With QUICK, as in make test: on this library alone, without Node, whose package takes minutes to build, and with PHP where php-rdkafka
# has been built before or PHP_RDKAFKA_SOURCE says where it is (bindings/php.sh).
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
. "$ROOT/capi-tests/setup/mock.sh"
. "$ROOT/capi-tests/examples/build.sh"
HERE=$ROOT/capi-tests/examples
[ $# -gt 0 ] || if [ -n "${QUICK:-}" ]; then set -- ours; else set -- ours upstream; fi
bash "$ROOT/capi-tests/setup/c.sh" && bash "$ROOT/capi-tests/setup/kcat.sh" || exit 1
need python3 python3
mock=$(mock_build) || exit 1
work=$(mktemp -d "$CACHE/examples.XXXXXX")
trap 'rm -rf "$work"' EXIT
for source in "$HERE"/*.c; do build_example "$(basename "$source")" "$work" || exit 1; done

# try_one LIB LANGUAGE RUN...
try_one() {
    local original=()
    [ "$1" = upstream ] && original=(--original)
    python3 "$HERE/try.py" --mock "$mock" "${original[@]}" "$2" -- "${@:3}" || failed=1
}

# The Python package has a librdkafka of its own; a library that is loaded before takes its place.
upstream=$(bash "$ROOT/capi-tests/setup/library.sh" upstream) || exit 1
# built NAME LANGUAGE: whether there is the binding that make bindings builds.
built() {
    (. "$ROOT/capi-tests/bindings/lib.sh"; prepare "$1")
    case $? in
        0) ;;
        77) say "SKIPPED: the examples in $2, as its binding is not to be had"; return 1 ;;
        *) exit 1 ;;
    esac
}
node= php=
if [ -z "${QUICK:-}" ] && built node Node; then
    node=$CACHE/bindings/node
    mkdir -p "$work/node_modules" && ln -sfn "$node/package" "$work/node_modules/node-rdkafka" || exit 1
fi
extension=$CACHE/bindings/php/src/modules/rdkafka.so
if [ -n "${QUICK:-}" ] && [ -z "${PHP_RDKAFKA_SOURCE:-}" ] && [ ! -e "$extension" ]; then
    say "SKIPPED: the examples in PHP, as php-rdkafka is neither built (make examples does) nor named by PHP_RDKAFKA_SOURCE"
elif built php PHP; then
    php=(php -n -d extension="$extension")
fi

failed=0
for lib in "$@"; do
    dir=$(bash "$ROOT/capi-tests/setup/library.sh" "$lib") || exit 1
    echo "on $lib:"
    unload=(); [ "$lib" = upstream ] && unload=(ZEND_DONT_UNLOAD_MODULES=1)
    try_one "$lib" c env LD_LIBRARY_PATH="$dir" "$work/{}"
    try_one "$lib" python env LD_PRELOAD="$dir/librdkafka.so.1" PYTHONPATH="$upstream/wheel" python3 "$HERE/{}.py"
    # A thread of librdkafka's may outlive its instance, and PHP unloads the library when it ends: that crashed.
    [ -z "$php" ] || try_one "$lib" php env LD_LIBRARY_PATH="$dir" ${unload[@]+"${unload[@]}"} "${php[@]}" "$HERE/{}.php"
    [ -z "$node" ] || try_one "$lib" node env LD_LIBRARY_PATH="$dir:$node/cpp" NODE_PATH="$work/node_modules" node "$HERE/{}.js"
done
exit $failed
