# librdkafka++, the C++ wrapper, and its tests: both from Debian's source package of librdkafka, built by conformance/build.sh. Its
# tests are those of librdkafka's own suite that are written in C++, in quick mode as conformance/run.sh has them.
CLIENT='librdkafka++ (Debian'"'"'s source)' VERSION=2.0.2

build() {
    local runner; runner=$(bash "$ROOT/capi-tests/conformance/build.sh") || return 1
    ln -sfn "$runner/tests" runner
}

suite() {
    local logs=$1 numbers
    numbers=$(cd "$WORK/runner" && ls [0-7]*.cpp | cut -c 1-4 | grep -F -e "${TESTS:-}" | sort -u | tr '\n' ' ')
    python3 "$ROOT/capi-tests/conformance/run.py" --runner "$WORK/runner" --lib "$LD_LIBRARY_PATH" --name "$LIB_NAME" --cache "$logs" \
        --bootstrap "$BOOTSTRAP" --broker-version "$(bash "$ROOT/capi-tests/kafka/kafka.sh" version)" --tests "$numbers" --timeout "${TIMEOUT:-600}" >"$logs/run" 2>&1
    sed 's/PASSED/pass/; s/FAILED/fail/; s/SKIPPED/skip/' "$logs/results-$LIB_NAME.tsv" | cut -f 1,2
}
