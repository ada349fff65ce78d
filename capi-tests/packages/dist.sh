#!/bin/bash
# The tarball of `make dist`, unpacked somewhere: its checksums, and a C program built with each of its pkg-config files.
set -eu
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
. "$ROOT/capi-tests/setup/c.sh"
dist=${CARGO_TARGET_DIR:-$ROOT/target}/dist
work=$(mktemp -d "$CACHE/dist.XXXXXX")
trap 'rm -rf "$work"' EXIT
tar -C "$work" -xf "$dist"/librskafka-*.tar.xz
cp "$dist"/librskafka-*.tar.xz "$work/"
(cd "$work" && sha256sum --quiet -c "$dist/SHA256SUMS" && echo "checksums: ok")
prefix=$(echo "$work"/librskafka-*/)
version=$(sed -n 's/^version *= *"\(.*\)"/\1/p' "$ROOT/Cargo.toml" | head -1)
printf '#include <librdkafka/rdkafka.h>\n#include <stdio.h>\nint main(void) { puts(rd_kafka_version_str()); return 0; }\n' >"$work/p.c"
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
for pc in rdkafka rdkafka-static; do
    gcc -Wall -Werror -o "$work/$pc" "$work/p.c" $(pkg-config --cflags --libs $pc)
    said=$(LD_LIBRARY_PATH=$prefix/lib "$work/$pc")
    [ "$said" = "$version" ] || die "$pc: $said"
    echo "$pc: ok"
done
for program in kafka-mock kafka-admin kafka-check; do "$prefix/bin/$program" --help >/dev/null || die "$program"; done
echo "programs: ok"
