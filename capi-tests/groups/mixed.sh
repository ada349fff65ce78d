#!/bin/bash
# mixed.sh [options of mixed.py]: groups of three clients on the Kafka at BOOTSTRAP, or on one started for it.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
HERE=$ROOT/capi-tests/groups KAFKA=$ROOT/capi-tests/kafka/kafka.sh
need python3 python3
need javac default-jdk-headless
if [ -z "${BOOTSTRAP:-}" ]; then
    bash "$KAFKA" status >/dev/null 2>&1 || trap 'bash "$KAFKA" down' EXIT
    bash "$KAFKA" up || exit 1
    BOOTSTRAP=$(bash "$KAFKA" bootstrap)
fi
OURS=$(bash "$ROOT/capi-tests/setup/library.sh" ours) && ORIGINAL=$(bash "$ROOT/capi-tests/setup/library.sh" upstream) &&
    TOOLS=$(bash "$HERE/tools/build.sh") && JARS=$(bash "$KAFKA" jars --version 4.2) || exit 1
javac -nowarn -cp "$JARS/*" -d "$TOOLS" "$HERE/tools/Member.java" || exit 1
export BOOTSTRAP OURS ORIGINAL TOOLS JARS
python3 "$HERE/mixed.py" "$@"
