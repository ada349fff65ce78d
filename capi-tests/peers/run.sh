#!/bin/bash
# Other clients against the mock cluster, or against whatever answers at BOOTSTRAP: each produces, consumes in a
# group of two, commits, reads the commits back, commits a transaction and aborts one, and reads both isolation levels.
# The Java client has a group of the consumer protocol (KIP-848) as well, and confluent-kafka-python with its own librdkafka has several.
# Then they fence each other: the Java client, confluent-kafka-python with its own librdkafka and with this library, and a C program
# with this library, by one transactional.id. Share consumers of the Java client and of the newest librdkafka accept, release, reject
# and renew; a cluster that is given has to begin share groups at the earliest record.
#
#   run.sh [--bootstrap HOST:PORT,...] [python|js|go|java|confluent|fencing|share]...
#
# Without --bootstrap a kafka-mock of three brokers is built and started. What the peers need comes from their own
# package managers into the cache folder.
set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
. "$ROOT/capi-tests/setup/mock.sh"
HERE=$ROOT/capi-tests/peers
WORK=$CACHE/peers
mkdir -p "$WORK"

bootstrap= peers=()
while [ $# -gt 0 ]; do
    case $1 in
        --bootstrap) bootstrap=$2; shift 2 ;;
        python|js|go|java|confluent|fencing|share) peers+=("$1"); shift ;;
        *) die "unknown argument $1" ;;
    esac
done
[ ${#peers[@]} -gt 0 ] || peers=(python js go java confluent fencing share)

if [ -z "$bootstrap" ]; then
    PROFILE=${PROFILE:-debug}
    trap mock_stop EXIT
    mock_start --brokers 3 --heartbeat-interval 500 --share-from earliest
    bootstrap=$MOCK_BOOTSTRAP
fi

python() {
    [ -x "$WORK/venv/bin/python" ] || { need python3 python3; apt_install python3-venv; python3 -m venv "$WORK/venv"; }
    "$WORK/venv/bin/pip" -q install --disable-pip-version-check -r "$HERE/python/requirements.txt" || return 1
    timeout 600 "$WORK/venv/bin/python" "$HERE/python/peer.py" "$bootstrap"
}

js() {
    need npm npm
    mkdir -p "$WORK/js" && cp "$HERE/js/package.json" "$HERE/js/peer.js" "$WORK/js/"
    [ -d "$WORK/js/node_modules/kafkajs" ] || (cd "$WORK/js" && npm install --silent --no-audit --no-fund) || return 1
    KAFKAJS_NO_PARTITIONER_WARNING=1 NODE_NO_WARNINGS=1 timeout 600 node "$WORK/js/peer.js" "$bootstrap"
}

go() {
    # This function has the name itself, so the program is looked for on the path.
    type -P go >/dev/null || apt_install golang-go
    # Debian's Go is older than what the newest franz-go takes (from 1.21 on Go would bring what it needs by itself).
    local mod=
    command go version | grep -q 'go1\.1[89]\|go1\.20' && mod=-modfile=old.mod
    (cd "$HERE/go" && command go build $mod -o "$WORK/go-peer" .) || return 1
    timeout 600 "$WORK/go-peer" "$bootstrap"
}

jars=$WORK/java-jars
java_jars() {
    bash "$ROOT/capi-tests/setup/java.sh" || return 1
    if [ ! -f "$jars/.complete" ]; then
        mvn -q -B -f "$HERE/java/pom.xml" dependency:copy-dependencies -DoutputDirectory="$jars" >"$WORK/maven.log" 2>&1 </dev/null ||
            { tail -20 "$WORK/maven.log"; return 1; }
        touch "$jars/.complete"
    fi
}

java() {
    java_jars || return 1
    timeout 600 env java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$jars/*" "$HERE/java/Peer.java" "$bootstrap"
}

confluent() {
    local upstream
    need python3 python3
    upstream=$(bash "$ROOT/capi-tests/setup/library.sh" upstream) || return 1
    PYTHONPATH=$upstream/wheel timeout 600 python3 "$HERE/python/consumers.py" "$bootstrap"
}

# The wheel has a librdkafka of its own; a library that is loaded before takes its place.
fencing() {
    local here=$HERE/fencing upstream ours stub=$CACHE/c-tests/stub
    need python3 python3
    java_jars && bash "$ROOT/capi-tests/setup/c.sh" && bash "$ROOT/capi-tests/setup/names.sh" "$stub" || return 1
    upstream=$(bash "$ROOT/capi-tests/setup/library.sh" upstream) && ours=$(bash "$ROOT/capi-tests/setup/library.sh" ours) || return 1
    gcc -O1 -Wall -Wextra -I "$ROOT/include" -o "$WORK/agent" "$here/agent.c" -L "$stub" -lrdkafka || return 1
    PYTHONPATH=$upstream/wheel timeout 600 python3 "$here/fence.py" "$bootstrap" \
        java="java -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp $jars/* $here/Agent.java" \
        python="python3 $here/agent.py" \
        python-on-ours="env LD_PRELOAD=$ours/librdkafka.so.1 python3 $here/agent.py" \
        c="env LD_LIBRARY_PATH=$ours $WORK/agent"
}

share() {
    local run=$RANDOM upstream stub=$CACHE/c-tests/stub
    java_jars && bash "$ROOT/capi-tests/setup/c.sh" && bash "$ROOT/capi-tests/setup/names.sh" "$stub" || return 1
    upstream=$(bash "$ROOT/capi-tests/setup/library.sh" upstream) || return 1
    gcc -O1 -Wall -Wextra -I "$ROOT/include" -o "$WORK/share" "$HERE/share/share.c" -L "$stub" -lrdkafka || return 1
    timeout 300 env java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$jars/*" "$HERE/share/Share.java" "$bootstrap" &&
        LD_LIBRARY_PATH=$upstream timeout 300 "$WORK/share" "$bootstrap" "c-share-$run" "c-share-group-$run"
}

passed=0 failed=0
for peer in "${peers[@]}"; do
    echo "== $peer"
    # What a summary of failures shows is the line alone: it says why.
    if $peer 2>&1 | tee "$WORK/$peer.log"; then passed=$((passed + 1)); else
        failed=$((failed + 1))
        echo "FAILED $peer: $(grep -avE '^%|^\s+at ' "$WORK/$peer.log" | tail -3 | tr '\n' ' ')"
    fi
done
echo "$passed passed, $failed failed"
mock_stop && [ $failed = 0 ]
