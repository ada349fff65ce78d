#!/bin/sh
# Lists the exported functions that are not built yet, by area of data/functions.tsv, and counts them.
# They answer at once with an error that says so (capi-tests/c/not_built.c). With --names, only their names.
cd "$(dirname "$0")/../.." || exit 1
functions() {
    awk '
    # The function that a line belongs to; the helpers behind the variadic ones stand for them.
    FNR == 1 { name = "" }
    match($0, /fn (rd_kafka_)?[A-Za-z0-9_]+\(/) {
        name = substr($0, RSTART + 3, RLENGTH - 4)
        if (FILENAME ~ /variadic\.rs$/ && name !~ /^rd_kafka_/) name = "rd_kafka_" name
    }
    /not_built!\(/ && name ~ /^rd_kafka_/ {
        print name
        # These stand on the functions that take an array.
        if (name == "rd_kafka_produceva") print "rd_kafka_producev"
        if (sub(/_array$/, "", name)) print name
    }
' $(find src/capi -name '*.rs' ! -name boundary.rs) | sort -u
}
if [ "${1:-}" = --names ]; then
    functions
    exit
fi
functions | awk -F '\t' '
    FNR == NR { if (FNR > 1) { area[$1] = $2; total[$2]++; all++ } next }
    { open[area[$1]] = open[area[$1]] "\n    " $1; left[area[$1]]++; sum++ }
    END {
        for (a in total) {
            printf "%s: %d of %d not built%s\n", a, left[a], total[a], open[a] | "cat"
        }
        close("cat")
        printf "total: %d of %d not built\n", sum, all
    }
' capi-tests/abi/data/functions.tsv -
# Then the configuration properties that are accepted, with a warning, and whose purpose is not built yet: rows of the table whose second line ends in "todo".
echo
awk '
    /^ +"[^"]+" \[/ { name = $1; gsub(/"/, "", name); alias = /alias\(/; scope = FILENAME ~ /topic\.rs$/ ? "topic " : "" }
    / (todo|done)$/ && !alias && !/Hidden/ {
        area = $(NF - 1); total[area]++; all++
        if ($NF == "todo") { open[area] = open[area] "\n    " scope name; left[area]++; sum++ }
    }
    END {
        for (a in total) printf "%s: %d of %d properties not built%s\n", a, left[a], total[a], open[a]
        printf "total: %d of %d properties not built\n", sum, all
    }
' src/base/conf/*.rs
