# node-rdkafka from npm: mocha's unit tests and e2e.
CLIENT='node-rdkafka' VERSION=3.6.1
. "$HERE/node/addon.sh"

build() {
    fresh "$VERSION" "$(cat "$HERE/node.sh" "$HERE/node/addon.sh")" || return 0
    unpack_addon "node-rdkafka@$VERSION" || return 1
    # One test gives a seek a millisecond, which neither library keeps on a machine with other work.
    sed -i "/should be able to seek'/,/});/s/}, 1, function(err) {/}, 5000, function(err) {/" package/e2e/consumer.spec.js
    build_addon && stamp "$VERSION" "$(cat "$HERE/node.sh" "$HERE/node/addon.sh")"
}

suite() {
    local logs=$1 file
    cd "$WORK/package" || return 1
    # The tests count on one partition in each topic that the broker makes, and on topics that nobody has used.
    export KAFKA_PORT=$((KAFKA_PORT + 6))
    bash "$ROOT/capi-tests/kafka/kafka.sh" up --partitions 1 >&2 || return 1
    trap 'bash "$ROOT/capi-tests/kafka/kafka.sh" down' EXIT
    BOOTSTRAP=$(bash "$ROOT/capi-tests/kafka/kafka.sh" bootstrap)
    # What e2e uses, with the partitions that its tests name; two more are made by the tests.
    for topic in test test2 test4; do create_topic "$topic" 1 2>/dev/null; done
    export LD_LIBRARY_PATH=$LD_LIBRARY_PATH:$WORK/cpp KAFKA_HOST=${BOOTSTRAP%%,*}
    for file in $(find test e2e -name '*.js' ! -name mock.js ! -name listener.js | sort); do
        case $file in *${TESTS:-}*) ;; *) continue ;; esac
        local log=$logs/$(echo "$file" | tr / _)
        local ui=exports; case $file in e2e/*) ui=bdd ;; esac
        python3 "$HERE/node/mocha.py" "$file" "$ui" "$log" "${TIMEOUT:-600}"
    done
}
