#!/bin/bash
# make images-test: the two images of docker/Dockerfile, built and run without a container daemon and without a registry of images.
#
#   images.sh          build both and try them
#   images.sh try      try those that are built
#
# buildah builds them. The names of the Dockerfile's FROM lines are those of local images that stand for the official ones: minimal Debian
# systems, and for Rust's what that image has of compilers, with this machine's tool chain mounted. What is built runs with the user,
# entrypoint and health check that the image carries, in a network of its own.
# Not tried: the official images as a base; docker and podman themselves, which publish ports and decide when to ask for the health.
# Needs root and Debian's archive. .cache/images keeps what Cargo has built.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
. "$ROOT/capi-tests/packages/common.sh"
MOST=30000000 # bytes of kafka-mock
STORE=$CACHE/images/store
crates=${CARGO_HOME:-$HOME/.cargo}
[ "$(id -u)" = 0 ] || exec sudo -n "${BASH_SOURCE[0]}" "$@"
need buildah buildah
need unshare util-linux
need ip iproute2
mkdir -p "$CACHE/images/target" "$STORE"
b() { BUILDAH_ISOLATION=chroot ${limit:+timeout "$limit"} buildah --root "$STORE/root" --runroot "$STORE/run" --storage-driver "$driver" "$@"; }
# Layers by overlay where it can be mounted; vfs copies each.
driver=overlay
b images >/dev/null 2>&1 || driver=vfs

# base NAME TARBALL [OPTION...]: an image of that system, with these options of its configuration.
base() {
    local name=docker.io/library/$1 tar=$2 c; shift 2
    b inspect --type image "$name" >/dev/null 2>&1 && return
    c=$(b from scratch) && b add -q "$c" "$tar" >/dev/null && b config --cmd /bin/bash "$@" "$c" && b commit -q --format docker "$c" "$name" >/dev/null ||
        die "no image $name"
    b rm "$c" >/dev/null
}

# build TARGET: an image of that name.
build() {
    local toolchain
    toolchain=$(cd "$ROOT" && rustc --print sysroot) || die "no Rust tool chain"
    say "building $1"
    b build --pull-never --layers --format docker -f "$ROOT/docker/Dockerfile" --target "$1" -t "$1" \
        -v "$toolchain:/usr/local/toolchain:ro" -v "$crates/registry:$crates/registry" \
        -v "$CACHE/images/target:/src/target" "$ROOT" >"$CACHE/images/$1.log" 2>&1 || { tail -30 "$CACHE/images/$1.log" >&2; die "$1 was not built"; }
}

build_all() {
    . "$ROOT/capi-tests/setup/rust.sh"
    local slim rust wanted
    wanted=$(sed -n 's/^FROM \([^ ]*:[^ ]*\).*/\1/p' "$ROOT/docker/Dockerfile" | tr '\n' ' ')
    [ "$wanted" = "rust:1.95-bookworm debian:bookworm-slim " ] || die "no images to stand for these: $wanted"
    slim=$(debian_base bookworm-slim bookworm "") && rust=$(debian_base bookworm-rust bookworm gcc,libc6-dev,make,pkg-config,libssl-dev,ca-certificates) || exit 1
    # Layers of earlier builds.
    b rmi --prune >/dev/null 2>&1
    base debian:bookworm-slim "$slim"
    base rust:1.95-bookworm "$rust" --env PATH=/usr/local/toolchain/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --env CARGO_HOME="$crates"
    build kafka-mock
    build librskafka
}

# of_image IMAGE FIELD: a field of its configuration; of a list, an item a line.
of_image() {
    b inspect --type image "$1" | python3 -c 'import json, sys
v = json.load(sys.stdin)["Docker"]["config"]
for name in sys.argv[1].split("."): v = v[name]
print("\n".join(v) if not isinstance(v, str) else v)' "$2"
}

MOCK='' work=''
# mock ARGUMENT...: runs the image's entrypoint with these arguments, until it says where it listens.
mock() {
    local entrypoint n; mapfile -t entrypoint < <(of_image kafka-mock Entrypoint)
    b run "$mock_container" -- "${entrypoint[@]}" "$@" >"$work/mock" 2>&1 &
    RUN=$!
    for n in $(seq 600); do grep -q '^bootstrap.servers=' "$work/mock" && break; sleep 0.1; done
    # Of the processes from here to the program, which buildah starts in between, it is the one of this name.
    MOCK=$(pgrep -x kafka-mock --ns $$ --nslist net) || die "kafka-mock did not start: $(cat "$work/mock")"
}
mock_end() { [ -n "$MOCK" ] && kill "$MOCK" 2>/dev/null && wait "$RUN"; MOCK=; }
# health [VOLUME]: the image's health check, once; 0 is healthy.
health() {
    local test; mapfile -t test < <(of_image kafka-mock Healthcheck.Test)
    [ "${test[0]}" = CMD ] || return 9
    limit=10 b run ${1:+-v "$1"} "$mock_container" -- "${test[@]:1}" >"$work/health" 2>&1
}
clients() { b run "$kcat_container" -- "$@"; }

try_all() {
    ip link set lo up
    work=$(mktemp -d "$CACHE/images/work.XXXXXX")
    mock_container=$(b from --pull-never kafka-mock) && kcat_container=$(b from --pull-never librskafka) || die "no images: images.sh"
    trap 'mock_end; b rm "$mock_container" "$kcat_container" >/dev/null 2>&1; rm -rf "$work"' EXIT
    trap 'exit 130' INT TERM
    echo "== kafka-mock"
    local root size uid n; root=$(b mount "$mock_container")
    size=$(du -s --apparent-size --block-size=1 "$root" | cut -f1)
    [ "$size" -lt $MOST ] && ok size "$size bytes" || bad size "$size bytes, less than $MOST are wanted"
    find "$root" -type f -size +100k -printf '    %s %P\n' | sort -rn
    check "programs in it" "/usr/local/bin/kafka-check /usr/local/bin/kafka-mock" \
        "$(find "$root" -type f -perm /111 -not -name '*.so*' -printf '/%P\n' | LC_ALL=C sort | paste -sd ' ')"
    check "files of another than root" "" "$(find "$root" -not -user root | head -3)"
    b umount "$mock_container" >/dev/null
    check "port" 9092/tcp "$(b inspect --type image kafka-mock | python3 -c 'import json, sys; print(*json.load(sys.stdin)["Docker"]["config"]["ExposedPorts"])')"
    health; check "health before it runs" 1 $?
    mock --brokers 3 --topic lines:3
    uid=$(awk '$1 == "Uid:" { print $2, $3, $4, $5 }' "/proc/$MOCK/status")
    check "user that it runs as" "65532 65532 65532 65532" "$uid"
    check "capabilities of it" 0000000000000000 "$(awk '$1 == "CapEff:" { print $2 }' "/proc/$MOCK/status")"
    check "where clients are sent" "bootstrap.servers=127.0.0.1:9092,127.0.0.1:9093,127.0.0.1:9094" "$(head -1 "$work/mock")"
    check "addresses that it listens on" "0.0.0.0:9092 0.0.0.0:9093 0.0.0.0:9094" "$(ss -Hltn | awk '{ print $4 }' | sort | paste -sd ' ')"
    health; check "health while it runs" 0 $?

    echo "== librskafka"
    check "kcat runs on" "librdkafka 2.16.0" "$(clients kcat -V 2>&1 | grep -o 'librdkafka [0-9.]*')"
    check "its library" /usr/local/lib/librdkafka.so.1 "$(clients ldd /usr/bin/kcat | awk '/librdkafka/ { print $3 }')"
    check "what it does without a command" "kcat -V" "$(of_image librskafka Cmd | paste -sd " ")"
    check "user" 65532 "$(clients id -u)"
    seq 10000 | clients timeout 60 kcat -b 127.0.0.1:9092 -P -t lines -z lz4 || bad "kcat produces" $?
    check "10,000 lines produced and consumed" "$(seq 10000 | sort | md5sum)" \
        "$(clients timeout 60 kcat -b 127.0.0.1:9092 -C -t lines -o beginning -e -q | sort | md5sum)"

    echo "== its end"
    kill -STOP "$MOCK"
    health; check "health while it is stopped" 1 $?
    kill -CONT "$MOCK"
    health; check "health when it goes on" 0 $?
    mock_end; check "exit code after SIGTERM" 0 $?
    check "last line" stopped "$(tail -1 "$work/mock")"
    health; check "health after its end" 1 $?
    mock --host localhost --port 9192
    health; check "health with another port" 1 $?
    echo "bootstrap.servers=127.0.0.1:9192" >"$work/properties" && chmod 644 "$work/properties"
    chmod 755 "$work"
    health "$work/properties:/etc/kafka-check.properties:ro"; check "and with a file that says so" 0 $?
    mock_end
    # The first process of a container gets only the signals that it waits for. Its files are read-only.
    root=$(b mount "$mock_container")
    unshare --pid --mount --fork sh -c 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && exec chroot --userspec=65532:65532 "$1" /usr/local/bin/kafka-mock' \
        sh "$root" >"$work/first" 2>&1 &
    RUN=$!
    for n in $(seq 600); do grep -q '^bootstrap.servers=' "$work/first" && break; sleep 0.1; done
    MOCK=$(pgrep -x kafka-mock --ns $$ --nslist net)
    mock_end
    check "as process 1, all read-only" "stopped" "$(tail -1 "$work/first")"
}

case ${1:-} in
    try) try_all; [ $failed = 0 ] && echo "all passed" || echo "FAILED"; exit $failed ;;
    '') build_all && exec unshare --net bash "${BASH_SOURCE[0]}" try ;;
    *) die "images.sh [try]" ;;
esac
