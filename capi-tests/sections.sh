# Sourced: runs named parts one after the other, each under a heading with its time, and ends with a table.
# A part that fails does not keep the later ones from running.
SECTION_ROWS=() SECTION_FAILED=0
section() { # NAME COMMAND...
    local name=$1 started=$SECONDS code; shift
    printf '\n=== %s ===\n' "$name"
    "$@" </dev/null; code=$?
    local result=passed
    [ $code -eq 0 ] || { result="FAILED ($code)"; SECTION_FAILED=1; }
    SECTION_ROWS+=("$(printf '%-34s %-12s %5d s' "$name" "$result" $((SECONDS - started)))")
    printf -- '--- %s: %s, %d s\n' "$name" "$result" $((SECONDS - started))
}
sections_end() {
    printf '\n'
    printf '%s\n' "${SECTION_ROWS[@]}"
    exit $SECTION_FAILED
}
