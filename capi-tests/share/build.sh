#!/bin/bash
# build.sh: builds the member of this folder and prints where it is. It runs on this library and on the original alike.
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
here=$ROOT/capi-tests/share out=$CACHE/share-tools
stub=$(bash "$ROOT/capi-tests/setup/stub.sh") || exit 1
mkdir -p "$out"
gcc -std=c11 -D_GNU_SOURCE -g -O1 -Wall -Wextra -Wno-ignored-qualifiers -I "$ROOT/include" -I "$ROOT/capi-tests/c" \
    -I "$ROOT/capi-tests/groups/tools" -o "$out/share_member.$$" "$here/share_member.c" -L "$stub" -Wl,--no-as-needed -lrdkafka -lpthread ||
    die "building share_member"
mv "$out/share_member.$$" "$out/share_member"
echo "$out"
