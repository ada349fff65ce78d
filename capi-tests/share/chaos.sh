#!/bin/bash
# chaos.sh [options of chaos.py]: share consumers on three nodes of Kafka that it starts. LIB=upstream runs the members on the original.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
HERE=$ROOT/capi-tests/share KAFKA=$ROOT/capi-tests/kafka/kafka.sh
need python3 python3
MEMBER_LIBRARY=$(bash "$ROOT/capi-tests/setup/library.sh" "${LIB:-ours}") || exit 1
TOOLS=$(bash "$ROOT/capi-tests/groups/tools/build.sh") && stub=$(bash "$ROOT/capi-tests/setup/stub.sh") || exit 1
SHARE_TOOLS=$CACHE/share-tools
mkdir -p "$SHARE_TOOLS"
gcc -std=c11 -D_GNU_SOURCE -g -O1 -Wall -Wextra -Wno-ignored-qualifiers -I "$ROOT/include" -I "$ROOT/capi-tests/c" -I "$ROOT/capi-tests/groups/tools" \
    -o "$SHARE_TOOLS/share_member" "$HERE/share_member.c" -L "$stub" -Wl,--no-as-needed -lrdkafka -lpthread || die "building share_member"
export KAFKA_PORT=${CHAOS_PORT:-${KAFKA_PORT:-19092}} KAFKA_NODES=3 MEMBER_LIBRARY TOOLS SHARE_TOOLS
trap 'bash "$KAFKA" down' EXIT
bash "$KAFKA" down
bash "$KAFKA" up || exit 1
JARS=$(bash "$KAFKA" jars --version 4.2) || exit 1
export JARS
python3 "$HERE/chaos.py" "$@"
