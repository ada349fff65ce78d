#!/bin/bash
# make dist: a tarball of what `make packaged` has built, to be unpacked below any prefix, with checksums of its files beside it, and the
# newest version of each system library's symbols that it asks for. Only for the machine that it is made on.
set -eu
. "$(dirname "${BASH_SOURCE[0]}")/../capi-tests/setup/lib.sh"
target=${CARGO_TARGET_DIR:-$ROOT/target}
library=$(realpath "${LIBRARY_DIR:-$target/packaged}")
version=$(sed -n 's/^version *= *"\(.*\)"/\1/p' "$ROOT/Cargo.toml" | head -1)
name=librskafka-$version-$(uname -m)-linux-gnu out=$target/dist
rm -rf "${out:?}" && mkdir -p "$out/$name/bin"
make -s -C "$ROOT" install DESTDIR="$out" PREFIX="/$name" LIBRARY_DIR="$library" >/dev/null
for program in kafka-mock kafka-admin kafka-check; do strip -o "$out/$name/bin/$program" "$library/$program"; done
# pkg-config finds the prefix from where the file lies.
sed -i "s|^prefix=.*|prefix=\${pcfiledir}/../..|; s|=/$name/|=\${prefix}/|" "$out/$name"/lib/pkgconfig/*.pc
(cd "$out" && find "$name" -type f | LC_ALL=C sort | xargs sha256sum >SHA256SUMS)
tar -C "$out" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$(git -C "$ROOT" log -1 --format=%ct)" -cf - "$name" | xz -T0 -1 >"$out/$name.tar.xz"
(cd "$out" && sha256sum "$name.tar.xz" >>SHA256SUMS)
objdump -T "$out/$name/lib/librdkafka.so.1" "$out/$name"/bin/* | grep -oE '(GLIBC|GCC|OPENSSL)_[0-9.]+' | LC_ALL=C sort -Vu |
    awk -F_ '{ newest[$1] = $2 } END { for (l in newest) print "needs " l "_" newest[l] }'
rm -rf "${out:?}/$name"
echo "$out/$name.tar.xz: $(($(stat -c %s "$out/$name.tar.xz") >> 10)) KB"
