#!/bin/bash
# Nothing of librdkafka's texts is in this tree: comments, helps, log sentences and documents are compared with those of
# Debian's source package, which is kept in the cache folder, by shingles.py. What may be common stands in allowed.tsv.
#
#   check.sh [FOLDER...]    compares with these folders of sources instead, such as a newer librdkafka's
#
# Without the package (no Debian, no network) it says so and ends with success, unless TEXT_REQUIRED is set.
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
need python3 python3
if [ $# -eq 0 ]; then
    if ! src=$(bash "$ROOT/capi-tests/conformance/fetch.sh"); then
        [ -z "${TEXT_REQUIRED:-}" ] || die "librdkafka's sources cannot be had"
        say "librdkafka's sources cannot be had: texts not compared"
        exit 0
    fi
    set -- "$src"
fi
exec python3 "$ROOT/capi-tests/text/shingles.py" "$@"
