#!/bin/bash
# The controller of the three nodes on KAFKA_PORT.
#
#   controller.sh freeze       when all nodes are there and all replicas in sync: the node that is the controller stops running
#   controller.sh kill         it dies, and is started again three seconds later
#
# T_SETTLED is a command that waits until the cluster is whole, T_STATE a folder. Kafka tells clients any broker as the controller;
# who it is stands in the state of the quorum, with the epoch.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../../setup/lib.sh"
kafka=$ROOT/capi-tests/kafka/kafka.sh
exec 8>"$T_STATE/lock"
flock 8
case $1 in
    freeze)
        $T_SETTLED || die "the nodes are not in sync"
        node=$(sed -E 's/.*"leaderId":(-?[0-9]+),"leaderEpoch":([0-9]+).*/\2 \1\n/' \
            "$CACHE/kafka/run-$KAFKA_PORT"/node-*/data/__cluster_metadata-0/quorum-state | grep -v ' -1$' | sort -n | tail -1 | cut -d' ' -f2)
        echo "$node" >"$T_STATE/node"
        bash "$kafka" pause "$node" ;;
    kill)
        node=$(cat "$T_STATE/node")
        bash "$kafka" kill "$node"
        echo "$node" >>"$T_STATE/killed"
        # This keeps the lock, and the node does not.
        (sleep 3; bash "$kafka" start "$node" 8>&-) >/dev/null 2>&1 </dev/null & ;;
esac
