# rust-rdkafka from crates.io with the feature dynamic-linking: the crate's unit tests and the integration tests that it ships.
CLIENT='rust-rdkafka (`dynamic-linking`)' VERSION=0.39.0

build() {
    . "$ROOT/capi-tests/setup/rust.sh"
    fresh "$VERSION" "$(cat "$HERE/rust.sh")" || return 0
    # Cargo's own client gets the crate; the tests of a dependency cannot be run, so its sources are made a package of their own.
    rm -rf src get && mkdir get && cd get && cargo init -q --vcs none --lib --name get . && cargo add -q "rdkafka@=$VERSION" && cargo fetch -q || return 1
    local dir; dir=$(cargo metadata --format-version 1 | python3 -c 'import json, os, sys
print(next(os.path.dirname(p["manifest_path"]) for p in json.load(sys.stdin)["packages"] if p["name"] == "rdkafka"))') || return 1
    cp -r "$dir" ../src && cd ../src && printf '\n[workspace]\n' >>Cargo.toml || return 1
    nice cargo test -j 2 --no-run --features dynamic-linking --lib --tests --message-format json >"$WORK/artifacts.json" || return 1
    python3 - "$WORK/artifacts.json" >"$WORK/programs" <<'END' || return 1
import json, sys
for line in open(sys.argv[1]):
    m = json.loads(line)
    if m.get("executable") and m["profile"]["test"]:
        print(m["target"]["name"], m["executable"])
END
    cd "$WORK" && stamp "$VERSION" "$(cat "$HERE/rust.sh")"
}

suite() {
    local logs=$1 name program test
    cd "$WORK/src" || return 1
    # The tests count on three partitions in each topic that the broker makes, and on a broker with the number 0.
    export KAFKA_PORT=$((KAFKA_PORT + 6))
    bash "$ROOT/capi-tests/kafka/kafka.sh" up --partitions 3 --set node.id=0 \
        --set "controller.quorum.voters=0@127.0.0.1:$((KAFKA_PORT + 10))" >&2 || return 1
    trap 'bash "$ROOT/capi-tests/kafka/kafka.sh" down' EXIT
    export KAFKA_HOST KAFKA_VERSION
    KAFKA_HOST=$(bash "$ROOT/capi-tests/kafka/kafka.sh" bootstrap)
    KAFKA_VERSION=$(bash "$ROOT/capi-tests/kafka/kafka.sh" version)
    while read -r name program; do
        case $name in *${TESTS:-}*) ;; *) continue ;; esac
        # Each test by itself: the topics of one that hangs or crashes do not disturb the others.
        for test in $("$program" --list 2>/dev/null | sed -n 's/: test$//p'); do
            local log=$logs/$name.${test//:/_}
            if timeout "${TIMEOUT:-180}" "$program" --exact "$test" --nocapture >"$log" 2>&1; then printf '%s: %s\tpass\n' "$name" "$test"
            else printf '%s: %s\tfail\n' "$name" "$test"; fi
        done
    done <"$WORK/programs"
}
