#!/bin/bash
# make dist: target/dist/librskafka-VERSION-ARCH-linux-LIBC.tar.xz, to be unpacked below any prefix, and beside it a file .sha256 with
# its checksum and those of its files.
#
# ARCH is x86_64 or aarch64 (unset: this machine's), LIBC is gnu or musl. What is built runs on every Linux of that architecture with
# that C library, from glibc 2.28 on: it needs no other library. OpenSSL is inside, for no version of it is on all of them, and none
# of its names is exported. The system's certificates are looked for where distributions have them. The programs are built without
# debug sections, and the library is that of `make packaged`.
set -eu
. "$(dirname "${BASH_SOURCE[0]}")/../capi-tests/setup/zig.sh"
OLDEST_GLIBC=2.28
libc=${LIBC:-gnu}
case ${ARCH:-$(uname -m)} in
    x86_64|amd64) arch=x86_64 ;;
    aarch64|arm64) arch=aarch64 ;;
    *) die "ARCH is x86_64 or aarch64, not $ARCH" ;;
esac
# The C library is that of the system, and the archive brings none. It takes its unwinder from gcc; one for musl that is linked without
# glibc is Rust's, which the tarball has beside it.
case $libc in
    gnu) triple=$arch-unknown-linux-gnu built_for=$triple.$OLDEST_GLIBC flags='' unwinder=-lgcc_s c_library='^(libc|libm|libdl|libpthread|librt|libutil|ld-linux-.*)\.so\.[0-9]$' ;;
    musl) triple=$arch-unknown-linux-musl built_for=$triple flags='-C target-feature=-crt-static' unwinder=@unwinder@ c_library='^libc\.so$' ;;
    *) die "LIBC is gnu or musl, not $libc" ;;
esac
strip=strip
if [ "$arch" != "$(uname -m)" ]; then
    strip=$arch-linux-gnu-strip
    need "$strip" "binutils-${arch/_/-}-linux-gnu"
fi
need readelf binutils
need xz xz-utils
rust_target "$triple"

target=${CARGO_TARGET_DIR:-$ROOT/target}
library=$target/$triple/packaged
version=$(sed -n 's/^version *= *"\(.*\)"/\1/p' "$ROOT/Cargo.toml" | head -1)
name=librskafka-$version-$arch-linux-$libc out=$target/dist
export CARGO_PROFILE_PACKAGED_DEBUG=false
export "CARGO_TARGET_$(tr a-z- A-Z_ <<<"$triple")_RUSTFLAGS=$flags"
cd "$ROOT"
build() { cargo-zigbuild "$1" --profile packaged --target "$built_for" --no-default-features "${@:2}"; }
# The library last: what is built first leaves another one in its place.
CARGO_PROFILE_PACKAGED_LTO=false CARGO_PROFILE_PACKAGED_CODEGEN_UNITS=8 build zigbuild --features tls-vendored,programs --lib --bins
build rustc --features tls-vendored --lib --crate-type cdylib

rm -rf "${out:?}/$name"* && mkdir -p "$out/$name/bin"
make -s install DESTDIR="$out" PREFIX="/$name" LIBRARY_DIR="$library" STRIP="$strip" STATIC_LIBS="-lpthread -ldl -lm -lrt -lutil $unwinder -lc" >/dev/null
for program in kafka-mock kafka-admin kafka-check; do "$strip" -o "$out/$name/bin/$program" "$library/$program"; done
# pkg-config finds the prefix from where the file lies.
sed -i "s|^prefix=.*|prefix=\${pcfiledir}/../..|; s|=/$name/|=\${prefix}/|; s|@unwinder@|\${libdir}/librdkafka-unwind.a|" "$out/$name"/lib/pkgconfig/*.pc
[ "$libc" != musl ] || install -m 644 "$(rustc --print sysroot)/lib/rustlib/$triple/lib/self-contained/libunwind.a" "$out/$name/lib/librdkafka-unwind.a"

failed=0
for file in "$out/$name/lib/librdkafka.so.1" "$out/$name"/bin/*; do
    needed=$(readelf -d "$file" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
    newest=$(readelf -V "$file" | grep -oE 'Name: GLIBC_[0-9.]+' | cut -d_ -f2 | sort -Vu | tail -1)
    printf '%-18s %6d KB, needs %s\n' "$(basename "$file")" $(($(stat -c %s "$file") >> 10)) "$(echo ${needed:-no library})${newest:+, symbols up to GLIBC_$newest}"
    others=$(grep . <<<"$needed" | grep -vE "$c_library") && { say "$file needs $others"; failed=1; }
    [ "$(printf '%s\n' "${newest:-0}" $OLDEST_GLIBC | sort -V | tail -1)" = $OLDEST_GLIBC ] || { say "$file needs GLIBC_$newest, newer than $OLDEST_GLIBC"; failed=1; }
done
printf '%-18s %6d KB\n' librdkafka.a $(($(stat -c %s "$out/$name/lib/librdkafka.a") >> 10))
[ $failed = 0 ] || exit 1
(cd "$out" && find "$name" -type f | LC_ALL=C sort | xargs sha256sum >"$name.files")
tar -C "$out" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$(git log -1 --format=%ct)" -cf - "$name" | xz -T0 -3 >"$out/$name.tar.xz.new"
mv "$out/$name.tar.xz.new" "$out/$name.tar.xz"
(cd "$out" && sha256sum "$name.tar.xz" | cat - "$name.files" >"$name.sha256")
rm -rf "${out:?}/$name" "$out/$name.files"
echo "$out/$name.tar.xz: $(($(stat -c %s "$out/$name.tar.xz") >> 10)) KB"
