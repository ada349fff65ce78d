# confluent-kafka-go from the Go module proxy, its package kafka with -tags dynamic: unit tests, those on the mock cluster, and the
# integration suite.
CLIENT='confluent-kafka-go (`-tags dynamic`)' VERSION=v2.11.1

build() {
    type -P go >/dev/null || apt_install golang-go
    fresh "$VERSION" "$(cat "$HERE/go.sh")" || return 0
    export GOFLAGS=-mod=mod GOTOOLCHAIN=local
    rm -rf src; mkdir -p get && cd get && { [ -f go.mod ] || go mod init get; } || return 1
    local dir; dir=$(go mod download -json "github.com/confluentinc/confluent-kafka-go/v2@$VERSION" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
    [ -d "$dir" ] && cp -r "$dir" ../src && chmod -R u+w ../src && cd ../src/kafka || return 1
    nice go test -p 2 -tags dynamic -c -o "$WORK/tests" . && cd "$WORK" && stamp "$VERSION" "$(cat "$HERE/go.sh")"
}

suite() {
    local logs=$1 topic=go-$LIB_NAME-$$-$SECONDS
    create_topic "$topic" 4 || return 1
    cd "$WORK/src/kafka" || return 1
    printf '{"Brokers": "%s", "TopicName": "%s", "GroupID": "%s", "PerfMsgCount": 100000, "PerfMsgSize": 100, "Config": []}\n' \
        "${BOOTSTRAP%%,*}" "$topic" "$topic" >testconf.json
    # A test that ends the process or hangs takes those behind it along: each runs in a process of its own, the integration suite's
    # methods, too.
    local test log
    for test in $("$WORK/tests" -test.list . | grep '^Test' | grep -vx TestIntegration) \
        $(sed -n 's/^func (its \*IntegrationTestSuite) \(Test[A-Za-z0-9_]*\)().*/TestIntegration\/\1/p' integration_test.go); do
        case $test in *${TESTS:-}*) ;; *) continue ;; esac
        log=$logs/${test//\//_}
        # Many wait half a second for what takes as long on a machine with other work: only what fails three times has failed.
        for _ in 1 2 3; do
            timeout "${TIMEOUT:-180}" "$WORK/tests" -test.v -test.run "^${test//\//\$/^}\$" >"$log" 2>&1 && break
        done
        if grep -qE "^ *--- [A-Z]+: $test " "$log"; then
            sed -nE 's/^ *--- (PASS|FAIL|SKIP): ([^ ]+) .*/\2\t\L\1/p' "$log" | grep -vP '^TestIntegration\t'
        else
            printf '%s\tfail\n' "$test"
        fi
    done
}
