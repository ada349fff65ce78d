#!/bin/bash
# make deb: Debian packages of what `make packaged` has built, in target/debian.
#
# The version is that of the interface in Cargo.toml and +rsN, the Nth release for that interface: 2.16.0+rs1-1 sorts after
# Debian 12's 2.0.2-1, and after a 2.16.0-1 of Debian's. A later librdkafka of Debian's, which has functions that are not here,
# sorts after ours and replaces it.
set -eu
. "$(dirname "${BASH_SOURCE[0]}")/../../capi-tests/setup/lib.sh"
here=$ROOT/docker/debian
target=${CARGO_TARGET_DIR:-$ROOT/target}
export PROJECT=$ROOT LIBRARY_DIR
LIBRARY_DIR=$(realpath "${LIBRARY_DIR:-$target/packaged}")
need dh debhelper
need dpkg-buildpackage dpkg-dev
need fakeroot fakeroot

INTERFACE=$(sed -n 's/^version *= *"\(.*\)"/\1/p' "$ROOT/Cargo.toml" | head -1)
export INTERFACE
version=$(dpkg-parsechangelog -l "$here/changelog" -S Version)
case $version in "$INTERFACE"+rs*-*) ;; *) die "docker/debian/changelog has $version, Cargo.toml $INTERFACE" ;; esac

# Debian has this licence's text once for all packages, and lintian refuses another. Names of holders stay.
without_apache() {
    awk '
        /^ *Apache License *$/ && !skip { print "  [The Apache License 2.0: /usr/share/common-licenses/Apache-2.0]"; skip = "END OF TERMS AND CONDITIONS" }
        /APPENDIX: How to apply the Apache License/ { skip = "limitations under the License" }
        !skip || (/^ *Copyright/ && !/\[yyyy\]/) { print }
        skip && $0 ~ skip { skip = "" }
        /^==========/ { if (skip) print; skip = "" }'
}

out=$target/debian work=$target/debian/work
rm -rf "$out"
mkdir -p "$work"
cp -r "$here" "$work/debian"
rm "$work/debian/build.sh"
cp "$ROOT/CONFIGURATION.md" "$work/"
{
    echo "librskafka, a replacement for librdkafka in Rust, contains no text of librdkafka."
    echo "Its own licence comes first, then its notices, then the licences of what is linked into it."
    echo "Where the text of the Apache License 2.0 stood, it is that of /usr/share/common-licenses/Apache-2.0."
    for f in LICENSE NOTICE THIRD-PARTY-LICENCES; do printf '\n======== %s\n\n' "$f"; cat "$ROOT/$f"; done | without_apache
} >"$work/debian/copyright"
# Every name is of this version: what is built with this header asks for this library.
{
    echo "librdkafka.so.1 librdkafka1 #MINVER#"
    echo "* Build-Depends-Package: librdkafka-dev"
    awk -F'\t' -v v="$INTERFACE" 'NR > 1 { print " " $1 "@Base " v }' "$ROOT/capi-tests/abi/data/functions.tsv" | LC_ALL=C sort
} >"$work/debian/librdkafka1.symbols"

cd "$work"
SOURCE_DATE_EPOCH=$(dpkg-parsechangelog -S Timestamp) dpkg-buildpackage -b -uc -us -d -rfakeroot >"$out/log" 2>&1 ||
    { tail -40 "$out/log" >&2; die "the packages were not built: $out/log"; }
cd "$out"
rm -rf "$work" ./*.buildinfo ./*.changes
for p in *.deb; do printf '%-52s %7s KB installed\n' "$p" "$(dpkg-deb -f "$p" Installed-Size)"; done
