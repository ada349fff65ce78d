#!/bin/bash
# stub.sh: a folder with a stand-in for librdkafka that has nothing but the exported names and the soname. What is linked
# against it runs on this library and on the original alike, and uses no name that is not exported.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
data=$ROOT/capi-tests/abi/data/functions.tsv
dir=$CACHE/stub-$(sha256sum "$data" | cut -c 1-12)
if [ ! -e "$dir/librdkafka.so" ]; then
    bash "$ROOT/capi-tests/setup/c.sh" || exit 1
    mkdir -p "$dir"
    awk -F '\t' 'NR > 1 { print "void " $1 "(void) {}" }' "$data" >"$dir/stub.c"
    gcc -w -shared -fPIC -Wl,-soname,librdkafka.so.1 -o "$dir/librdkafka.so.1" "$dir/stub.c" || die "the stand-in library"
    ln -sf librdkafka.so.1 "$dir/librdkafka.so"
fi
echo "$dir"
