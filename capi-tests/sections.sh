# Sourced: runs named parts one after the other, each under a heading with its time, and ends with a table.
# A part that fails does not keep the later ones from running. A part aside runs beside the others, on what processor time they
# leave (or, with --equal, on its share), and is shown at the end.
# SECTION_AT, if it is set, stands in the heading: how far the run is.
# Below the row of a part that failed, the table repeats the lines that say so: of a long log often only the end is kept.
SECTION_ROWS=() SECTION_FAILED=0 SECTION_ASIDE=()
section() { # NAME COMMAND...
    local name=$1 started=$SECONDS code log; shift
    printf '\n=== %s%s ===\n' "${SECTION_AT:+$SECTION_AT: }" "$name"
    log=$(mktemp)
    "$@" </dev/null 2>&1 | tee "$log"; code=${PIPESTATUS[0]}
    local result=passed
    [ "$code" -eq 0 ] || { result="FAILED ($code)"; SECTION_FAILED=1; }
    SECTION_ROWS+=("$(printf '%-34s %-12s %5d s' "$name" "$result" $((SECONDS - started)))")
    [ "$code" -eq 0 ] || SECTION_ROWS+=("$(section_failures <"$log" | cut -c1-300 | sed 's/^/    /')")
    rm -f "$log"
    printf -- '--- %s: %s, %d s\n' "$name" "$result" $((SECONDS - started))
}
section_failures() { # The lines that name a failure; without one, the last lines.
    awk '/^[ \t]*not ok|FAILED|no closing line|panicked at|^error|: exit code |does not build|[Tt]hreadSanitizer:|DIFFERS|^  differs/ { if (++n <= 30) print; next }
         { last[NR % 15] = $0 } END { if (!n) for (i = NR + 1; i <= NR + 15; i++) if (i % 15 in last) print last[i % 15] }'
}
aside() { # [--equal] NAME COMMAND...
    local nice=19 name dir
    [ "$1" = --equal ] && { nice=0; shift; }
    name=$1; shift
    dir=$(mktemp -d)
    { [ $nice = 0 ] || renice -n $nice -p $BASHPID >/dev/null; local started=$SECONDS; "$@" </dev/null >"$dir/out" 2>&1; echo $? $((SECONDS - started)) >"$dir/end"; } &
    SECTION_ASIDE+=("$!|$dir|$name")
}
aside_end() { # DIR: what `aside` has put there
    local code seconds
    read -r code seconds <"$1/end" || code=1
    cat "$1/out"
    echo "took ${seconds:-?} s, beside the others"
    rm -r "$1"
    return "$code"
}
# Ends here if something has failed: what follows takes long.
sections_stop_early() {
    [ $SECTION_FAILED -eq 0 ] || sections_end
}
sections_end() {
    local entry pid dir name
    for entry in "${SECTION_ASIDE[@]}"; do
        IFS='|' read -r pid dir name <<<"$entry"
        wait "$pid"
        section "$name" aside_end "$dir"
    done
    printf '\n'
    printf '%s\n' "${SECTION_ROWS[@]}"
    exit $SECTION_FAILED
}
