#!/bin/bash
# build.sh: builds the tools of this folder and prints where they are. They run on this library and on the original alike.
. "$(dirname "${BASH_SOURCE[0]}")/../../setup/lib.sh"
here=$ROOT/capi-tests/groups/tools out=$CACHE/group-tools
stub=$(bash "$ROOT/capi-tests/setup/stub.sh") || exit 1
mkdir -p "$out"
for t in member feeder brokers; do
    gcc -std=c11 -D_GNU_SOURCE -g -O1 -Wall -Wextra -Wno-ignored-qualifiers -I "$ROOT/include" -I "$ROOT/capi-tests/c" -I "$here" \
        -o "$out/$t.$$" "$here/$t.c" -L "$stub" -Wl,--no-as-needed -lrdkafka -lpthread || die "building $t"
    # Another may run what is there.
    mv "$out/$t.$$" "$out/$t"
done
echo "$out"
