#!/bin/bash
# split.sh: a share group of three clients on the Kafka on KAFKA_PORT, or on one started for it.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
HERE=$ROOT/capi-tests/share KAFKA=$ROOT/capi-tests/kafka/kafka.sh
need python3 python3
need javac default-jdk-headless
export KAFKA_PORT=${KAFKA_PORT:-19092}
bash "$KAFKA" status >/dev/null 2>&1 || trap 'bash "$KAFKA" down' EXIT
bash "$KAFKA" up || exit 1
BOOTSTRAP=$(bash "$KAFKA" bootstrap) && OURS=$(bash "$ROOT/capi-tests/setup/library.sh" "${LIB:-ours}") &&
    ORIGINAL=$(bash "$ROOT/capi-tests/setup/library.sh" upstream) && TOOLS=$(bash "$ROOT/capi-tests/groups/tools/build.sh") &&
    SHARE_TOOLS=$(bash "$HERE/build.sh") && JARS=$(bash "$KAFKA" jars --version 4.2) || exit 1
javac -nowarn -cp "$JARS/*" -d "$SHARE_TOOLS" "$HERE/ShareMember.java" || exit 1
export BOOTSTRAP OURS ORIGINAL TOOLS SHARE_TOOLS JARS
python3 "$HERE/split.py"
