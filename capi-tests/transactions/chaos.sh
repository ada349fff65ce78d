#!/bin/bash
# chaos.sh [--fault 1|2] [options]: builds what chaos.py needs, starts three nodes of Kafka and a run of it. The options are the
# program's. LIB=upstream runs the instances on the original, --library FOLDER on any other. --fault commits the offsets before (1)
# or after (2) the transactions, which must be found out: 1 loses messages, 2 has some twice. KEEP=1
# leaves Kafka running after a failure.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
HERE=$ROOT/capi-tests/transactions KAFKA=$ROOT/capi-tests/kafka/kafka.sh
version=2 library= fault= args=() out=$CACHE/transactions
while [ $# -gt 0 ]; do
    case $1 in
        --transaction-version) version=$2; args+=("$1" "$2"); shift 2 ;;
        --library) library=$2; shift 2 ;;
        --fault) fault=-DOFFSETS_OUTSIDE=$2; shift 2 ;;
        *) args+=("$1"); shift ;;
    esac
done
need python3 python3
bash "$ROOT/capi-tests/setup/c.sh" || exit 1
if [ -z "$library" ]; then
    library=$(bash "$ROOT/capi-tests/setup/library.sh" "${LIB:-ours}") || exit 1
    [ "${LIB:-ours}" = ours ] && args+=(--kip890)
fi
# The filler and the judge are of the original.
upstream=$(bash "$ROOT/capi-tests/setup/upstream.sh") || exit 1
stub=$(bash "$ROOT/capi-tests/setup/stub.sh") || exit 1
mkdir -p "$out"
export KAFKA_PORT=${CHAOS_PORT:-19720} KAFKA_HEAP=${KAFKA_HEAP:-400m} PYTHONPATH=$upstream/wheel
export TRANSFORM=$out/transform-$KAFKA_PORT
gcc -std=gnu11 -g -O1 -Wall -Wextra $fault -I "$ROOT/include" -o "$TRANSFORM" "$HERE/transform.c" -L "$stub" -Wl,--no-as-needed \
    -lrdkafka || die "transform.c does not build"
trap '[ -n "${KEEP:-}" ] && [ $? != 0 ] || bash "$KAFKA" down' EXIT
bash "$KAFKA" down
# Transactions that have timed out are looked for more often than every ten seconds, and sessions may be shorter than six.
bash "$KAFKA" up --nodes 3 --proxied --feature "transaction.version=${version%to2}" --set min.insync.replicas=2 \
    --set transaction.abort.timed.out.transaction.cleanup.interval.ms=1000 --set group.min.session.timeout.ms=1000 || exit 1
python3 "$HERE/chaos.py" --library "$library" --log "$out/log-$KAFKA_PORT-$version" ${args[@]+"${args[@]}"}
