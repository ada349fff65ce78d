# Sourced after lib.sh: starts and stops the kafka-mock program. PROFILE=debug takes the debug build.
MOCK_PID='' MOCK_BOOTSTRAP='' MOCK_OUT=''

# mock_build: builds the program when it is missing or older than its sources; prints its path.
mock_build() {
    . "$ROOT/capi-tests/setup/rust.sh"
    local profile=${PROFILE:-release} flag=--release
    [ "$profile" = debug ] && flag=
    (cd "$ROOT" && cargo build -q $flag --bin kafka-mock >&2) || die "kafka-mock does not build"
    echo "${CARGO_TARGET_DIR:-$ROOT/target}/$profile/kafka-mock"
}

# mock_start ARGUMENT...: starts it on free ports; MOCK_BOOTSTRAP says where it answers.
mock_start() {
    local program
    program=$(mock_build) || exit 1
    MOCK_OUT=$(mktemp "$CACHE/kafka-mock.XXXXXX")
    "$program" --port 0 "$@" >"$MOCK_OUT" 2>&1 &
    MOCK_PID=$!
    # The line is written once all listeners are open.
    until MOCK_BOOTSTRAP=$(sed -n 's/^bootstrap.servers=//p' "$MOCK_OUT") && [ -n "$MOCK_BOOTSTRAP" ]; do
        kill -0 "$MOCK_PID" 2>/dev/null || die "kafka-mock did not start: $(cat "$MOCK_OUT")"
        sleep 0.05
    done
}

# mock_stop: stops it, and fails when it did not end as it should. Nothing is done when it does not run.
mock_stop() {
    [ -n "$MOCK_PID" ] || return 0
    local code pid=$MOCK_PID
    MOCK_PID=
    kill -INT "$pid" 2>/dev/null
    wait "$pid"; code=$?
    [ $code -eq 0 ] && grep -qx stopped "$MOCK_OUT" || { say "kafka-mock ended with $code: $(tail -5 "$MOCK_OUT")"; code=1; }
    rm -f "$MOCK_OUT"
    return $code
}
