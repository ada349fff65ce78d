# kcat as Debian packages it: the tests that its source package has, and this project's acceptance with it.
CLIENT="kcat (Debian's, its own tests and this project's)" VERSION=1.7.1

build() {
    bash "$ROOT/capi-tests/setup/kcat.sh" && need jq jq || return 1
    local src; src=$(bash "$ROOT/capi-tests/setup/source.sh" --original "kafkacat=$VERSION-2" "$WORK") || return "$UNAVAILABLE"
    rm -rf src && cp -r "$src" src && ln -sf "$(command -v kcat)" src/kcat
}

suite() {
    local logs=$1 file name code
    export BROKERS=${BOOTSTRAP%%,*} HOME=$logs
    cd "$WORK/src/tests" || return 1
    for file in 0*.sh; do
        case $file in *${TESTS:-}*) ;; *) continue ;; esac
        # Without a terminal kcat takes itself for a producer.
        timeout "${TIMEOUT:-180}" python3 -c 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))' bash "$file" >"$logs/$file" 2>&1; code=$?
        if grep -q 'TEST SKIPPED' "$logs/$file"; then code=skip; elif [ $code = 0 ]; then code=pass; else code=fail; fi
        printf '%s\t%s\n' "$file" $code
    done
    [ -z "${TESTS:-}" ] || return 0
    # Without the part that kills brokers, which wants a cluster of its own.
    QUICK=1 LIB=$LIB_NAME bash "$ROOT/capi-tests/kcat/acceptance.sh" codecs metadata query offsets properties errors >"$logs/acceptance" 2>"$logs/acceptance.err"
    # Its rows: a name of up to 22 columns, ok or FAILED, what was seen.
    sed -nE 's/^(.{22}) (ok|FAILED) .*/\1\t\2/p' "$logs/acceptance" | sed -E 's/ *\t/\t/; s/^/acceptance: /; s/\tok$/\tpass/; s/\tFAILED$/\tfail/'
}
