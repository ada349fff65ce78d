# Sourced by run.sh. A binding's script NAME.sh says what it is (CLIENT, VERSION) and has two functions, both called in $WORK:
#   build        gets the binding and builds its tests with $PREFIX (headers, stand-in library, pkg-config file); returns $UNAVAILABLE
#                if its registry is not reached
#   suite LOGS   runs the tests on the library that LD_LIBRARY_PATH has, writes output into the folder LOGS, and prints one
#                line for each test: its name, a tab, and pass, fail or skip
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
HERE=$ROOT/capi-tests/bindings
UNAVAILABLE=77
export KAFKA_PORT=${KAFKA_PORT:-19092}

# What `make install` would bring, but with the stand-in as the library: what is linked with it takes the real one at run time.
make_prefix() {
    PREFIX=$CACHE/bindings/prefix
    local stub; stub=$(bash "$ROOT/capi-tests/setup/stub.sh") || return 1
    mkdir -p "$CACHE/bindings/stub"
    cp "$stub/librdkafka.so.1" "$CACHE/bindings/stub/librdkafka.so" && ar rc "$CACHE/bindings/stub/librdkafka.a" || return 1
    make -s -C "$ROOT" install PREFIX="$PREFIX" LIBRARY_DIR="$CACHE/bindings/stub" LIBRARY_VERSION="$(header_version)" >&2 || return 1
    export PREFIX PKG_CONFIG_PATH=$PREFIX/lib/pkgconfig
}

# The version of librdkafka whose interface the header has, which bindings ask pkg-config for.
header_version() {
    local v; v=$(sed -n 's/^#define RD_KAFKA_VERSION  *0x//p' "$ROOT/include/rdkafka.h" | head -1)
    echo "$((16#${v:0:2})).$((16#${v:2:2})).$((16#${v:4:2}))"
}

# prepare NAME: the binding is built, in $WORK. Returns $UNAVAILABLE if it cannot be had.
prepare() {
    WORK=$CACHE/bindings/$1
    mkdir -p "$WORK"
    bash "$ROOT/capi-tests/setup/c.sh" || return 1
    need python3 python3
    make_prefix || { say "no prefix to build against"; return 1; }
    . "$HERE/$1.sh"
    cd "$WORK" || return 1
    build >"$WORK/build.log" 2>&1 </dev/null
    case $? in
        0) ;;
        "$UNAVAILABLE") tail -1 "$WORK/build.log"; say "$1 $VERSION is not to be had here"; return "$UNAVAILABLE" ;;
        *) tail -40 "$WORK/build.log"; say "building $1 (all of it: $WORK/build.log)"; return 1 ;;
    esac
}

# run_binding NAME LIB...: builds, runs and compares.
run_binding() {
    local name=$1 lib part=results; shift
    [ -z "${TESTS:-}" ] || part=part
    # Before PKG_CONFIG_PATH is another one, for which OpenSSL's crate and all that stands on it would be built anew.
    local -A runtimes
    for lib in "$@"; do runtimes[$lib]=$(bash "$ROOT/capi-tests/setup/library.sh" "$lib") || return 1; done
    prepare "$name" || return
    for lib in "$@"; do
        local runtime=${runtimes[$lib]}
        rm -rf "$WORK/log-$lib"; mkdir -p "$WORK/log-$lib"
        local before=$SECONDS
        (export LD_LIBRARY_PATH=$runtime LIB_NAME=$lib; suite "$WORK/log-$lib") 2>"$WORK/log-$lib/stderr" </dev/null | sort >"$WORK/$part-$lib.tsv"
        echo "$name on $lib: $(cut -f 2 "$WORK/$part-$lib.tsv" | sort | uniq -c | awk '{ printf "%s%s %s", sep, $1, $2; sep = ", " }'), $((SECONDS - before)) s"
    done
    python3 "$HERE/compare.py" "$name" "$WORK/$part-upstream.tsv" "$WORK/$part-ours.tsv" "$HERE/expected.txt" || return 1
    [ -z "${RECORD:-}" ] || record "$name"
}

# record NAME: the counts of this run into the table.
record() {
    local original
    original=$(LD_LIBRARY_PATH=$(bash "$ROOT/capi-tests/setup/library.sh" upstream) python3 -c 'import ctypes
version = ctypes.CDLL("librdkafka.so.1").rd_kafka_version_str
version.restype = ctypes.c_char_p
print(version().decode())') || return 1
    python3 "$HERE/table.py" record "$1" "$CLIENT" "$VERSION" "$WORK/results-upstream.tsv" "$original" "$WORK/results-ours.tsv"
}

# fresh KEY...: whether the folder's stamp is not KEY (then what is there is to be built anew); stamp KEY... writes it.
fresh() { [ "$(cat "$WORK/.key" 2>/dev/null)" != "$(key "$@")" ]; }
stamp() { key "$@" >"$WORK/.key"; }
key() { { printf '%s\n' "$@"; cat "$PREFIX"/include/librdkafka/*.h "$HERE/lib.sh"; } | sha256sum | cut -c 1-16; }

# create_topic NAME PARTITIONS: without the library's admin functions.
create_topic() { python3 "$ROOT/capi-tests/kafka/admin.py" --bootstrap-server "${BOOTSTRAP%%,*}" --create --topic "$1" --partitions "$2" >/dev/null; }
