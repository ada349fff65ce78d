#!/bin/bash
# names.sh FOLDER: puts a librdkafka.so there that has nothing but the exported names and the soname. What is linked with it
# runs on either library. CC is the compiler.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
data=$ROOT/capi-tests/abi/data/functions.tsv
[ -e "$1/librdkafka.so" ] && [ ! "$data" -nt "$1/librdkafka.so" ] && exit 0
mkdir -p "$1"
awk -F'\t' 'NR > 1 { print "void " $1 "(void) {}" }' "$data" >"$1/$$.c"
# Another run may do the same.
${CC:-gcc} -w -shared -fPIC -Wl,-soname,librdkafka.so.1 -o "$1/$$.so" "$1/$$.c" && mv "$1/$$.so" "$1/librdkafka.so" || die "stub library"
rm -f "$1/$$.c"
