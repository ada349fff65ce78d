#!/bin/bash
# Kafka's topic tool (kafka-topics.sh) on the jars of kafka.sh, with the same arguments:
#   topics.sh --create --topic t --partitions 3
# Without --bootstrap-server it talks to the cluster on $KAFKA_PORT (19092). --zookeeper HOST:PORT, which old callers pass,
# is read as that cluster, too. Other tools: topics.sh --tool ConsumerGroupCommand ARGS...
# (AclCommand, ConfigCommand, ... or a full class name).
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
KAFKA=$ROOT/capi-tests/kafka/kafka.sh
version=$(bash "$KAFKA" version) || exit 1
class_of() { # NAME: its package, which differs between the versions
    case $version:$1 in
        *:*.*.*) echo "$1" ;;
        2.*|3.*:AclCommand|*:ConfigCommand) echo "kafka.admin.$1" ;;
        *:ConsumerGroupCommand) echo "org.apache.kafka.tools.consumer.group.$1" ;;
        *) echo "org.apache.kafka.tools.$1" ;;
    esac
}
class=$(class_of TopicCommand) args=() server=
while [ $# -gt 0 ]; do
    case $1 in
        --tool) class=$(class_of "$2"); shift 2 ;;
        --zookeeper) shift 2 ;;
        --bootstrap-server) server=$2; shift 2 ;;
        *) args+=("$1"); shift ;;
    esac
done
log4j=; case $version in 2.*|3.*) log4j=-Dlog4j.configuration=file:$ROOT/capi-tests/kafka/log4j.properties ;; esac
exec java -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 $log4j \
    -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$CACHE/kafka/jars-$version/*" \
    "$class" --bootstrap-server "${server:-$(bash "$KAFKA" bootstrap)}" ${args[@]+"${args[@]}"}
