#!/bin/bash
# Kafka's topic tool (kafka-topics.sh) on the jars of kafka.sh, with the same arguments:
#   topics.sh --create --topic t --partitions 3
# Without --bootstrap-server it talks to the cluster on $KAFKA_PORT (19092). --zookeeper HOST:PORT, which old callers pass,
# is read as that cluster, too. Other tools: topics.sh --tool ConsumerGroupCommand ARGS... (org.apache.kafka.tools.consumer.group,
# or a full class name).
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
KAFKA=$ROOT/capi-tests/kafka/kafka.sh
version=$(bash "$KAFKA" version) || exit 1
case $version in 2.*) pkg=kafka.admin ;; *) pkg=org.apache.kafka.tools ;; esac
class=$pkg.TopicCommand args=() server=
while [ $# -gt 0 ]; do
    case $1 in
        --tool) case $2 in *.*) class=$2 ;; ConsumerGroupCommand) [ $pkg = kafka.admin ] && class=$pkg.$2 || class=$pkg.consumer.group.$2 ;; *) class=$pkg.$2 ;; esac; shift 2 ;;
        --zookeeper) shift 2 ;;
        --bootstrap-server) server=$2; shift 2 ;;
        *) args+=("$1"); shift ;;
    esac
done
exec java -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dlog4j.configuration=file:"$ROOT/capi-tests/kafka/log4j.properties" \
    -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$CACHE/kafka/jars-$version/*" \
    "$class" --bootstrap-server "${server:-$(bash "$KAFKA" bootstrap)}" ${args[@]+"${args[@]}"}
