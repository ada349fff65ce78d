#!/bin/bash
# hanging.sh [PREFIX [SECONDS]]: that no transaction is left open on the Kafka at BOOTSTRAP, at a coordinator or in a partition of
# the topics whose names begin with PREFIX (t-transactions). A producer may have been left in one: its coordinator ends it after
# transaction.timeout.ms, for which there are SECONDS (90).
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
bash "$ROOT/capi-tests/setup/java.sh" && jars=$(bash "$ROOT/capi-tests/kafka/kafka.sh" jars --version 4.2) || exit 1
exec java -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$jars/*" \
    "$ROOT/capi-tests/kafka/Hanging.java" "${BOOTSTRAP:?}" "${1:-t-transactions}" "${2:-90}"
