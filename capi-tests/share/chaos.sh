#!/bin/bash
# chaos.sh [options of share_chaos.py]: share consumers on three nodes of Kafka that it starts. LIB=upstream runs the members on the original.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
HERE=$ROOT/capi-tests/share KAFKA=$ROOT/capi-tests/kafka/kafka.sh
need python3 python3
MEMBER_LIBRARY=$(bash "$ROOT/capi-tests/setup/library.sh" "${LIB:-ours}") || exit 1
TOOLS=$(bash "$ROOT/capi-tests/groups/tools/build.sh") && SHARE_TOOLS=$(bash "$HERE/build.sh") || exit 1
export KAFKA_PORT=${CHAOS_PORT:-${KAFKA_PORT:-19092}} KAFKA_NODES=3 MEMBER_LIBRARY TOOLS SHARE_TOOLS
trap 'bash "$KAFKA" down' EXIT
bash "$KAFKA" down
bash "$KAFKA" up || exit 1
JARS=$(bash "$KAFKA" jars --version 4.2) || exit 1
export JARS
python3 "$HERE/share_chaos.py" "$@"
