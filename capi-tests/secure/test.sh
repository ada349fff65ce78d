#!/bin/bash
# What make test has of the secured Kafka: run.sh, sessions of 10 s that are renewed for 25 s (reauth.sh), and each block of
# docs/connecting.md (docs.py). One cluster is up at a time, and none stays. `make reauth` has more of the renewals.
# LIB and SECURE_PORT as in run.sh.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
. "$ROOT/capi-tests/setup/rust.sh"
HERE=$ROOT/capi-tests/secure
export SECURE_PORT=${SECURE_PORT:-19800}
lib=${LIB:-ours} failed=0
trap 'KAFKA_PORT=$SECURE_PORT bash "$ROOT/capi-tests/kafka/kafka.sh" down' EXIT

# Go is a large download, and what Debian has may be too old for the binding: it is used where it is there.
clients="kcat python"
go_version=$(go env GOVERSION 2>/dev/null)
[ -z "$go_version" ] || [ "$(printf '%s\n' go1.21 "$go_version" | sort -V | head -n 1)" != go1.21 ] || clients+=" go"

bash "$HERE/run.sh" --lib "$lib" --clients "$clients" --keep || failed=1

# The page is this library's: librdkafka does not have all that it names.
if [ "$lib" = ours ]; then
    (cd "$ROOT" && cargo build -q --release --bin kafka-check >&2) || die "kafka-check does not build"
    KAFKA_PORT=$SECURE_PORT python3 "$HERE/docs.py" "${CARGO_TARGET_DIR:-$ROOT/target}/release/kafka-check" || failed=1
fi

bash "$HERE/reauth.sh" --lib "$lib" --seconds 25 reauth || failed=1
exit $failed
