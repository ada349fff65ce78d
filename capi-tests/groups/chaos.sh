#!/bin/bash
# chaos.sh kafka|mock [--idempotent] [options]: builds what chaos.py, or with --idempotent idempotent.py, needs, and for kafka starts
# three nodes. The options are the program's.
# LIB=upstream runs the members on the original.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
HERE=$ROOT/capi-tests/groups
need python3 python3
cluster=${1:-mock} program=chaos.py args=(); shift
for a; do
    if [ "$a" = --idempotent ]; then program=idempotent.py; else args+=("$a"); fi
done
MEMBER_LIBRARY=$(bash "$ROOT/capi-tests/setup/library.sh" "${LIB:-ours}") || exit 1
TOOLS=$(bash "$HERE/tools/build.sh") || exit 1
export MEMBER_LIBRARY TOOLS
if [ "$cluster" = kafka ]; then
    export KAFKA_PORT=${CHAOS_PORT:-${KAFKA_PORT:-19092}} KAFKA_NODES=3
    trap 'bash "$ROOT/capi-tests/kafka/kafka.sh" down' EXIT
    bash "$ROOT/capi-tests/kafka/kafka.sh" down
    # Of members by the consumer protocol the cluster has the times: those that chaos.py gives to classic ones.
    bash "$ROOT/capi-tests/kafka/kafka.sh" up --set group.consumer.session.timeout.ms=6000 \
        --set group.consumer.heartbeat.interval.ms=1000 || exit 1
fi
python3 "$HERE/$program" --cluster "$cluster" ${args[@]+"${args[@]}"}
