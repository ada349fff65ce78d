#!/bin/bash
# Installs below a scratch DESTDIR and builds a program with each of the two pkg-config files, the shared and the static one. The
# first also runs on a system that has nothing but what the library is linked with: no Kerberos, and no OpenSSL beside the one inside
# if LIBRARY_DIR has a build with the feature tls-vendored.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
bash "$ROOT/capi-tests/setup/c.sh" || exit 1
dest=$(mktemp -d "$CACHE/install.XXXXXX") || exit 1
trap 'rm -rf "$dest"' EXIT
make -s -C "$ROOT" install DESTDIR="$dest" PREFIX=/opt/lrk || die "make install"
cat >"$dest/p.c" <<'C'
#include <librdkafka/rdkafka.h>
#include <stdio.h>
int main(int argc, char **argv) {
        char errstr[512]      = "";
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        rd_kafka_t *rk;
        for (; argc > 2; argc -= 2, argv += 2)
                if (rd_kafka_conf_set(conf, argv[1], argv[2], errstr, sizeof(errstr)) != RD_KAFKA_CONF_OK)
                        fprintf(stderr, "%s\n", errstr);
        rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, errstr, sizeof(errstr));
        if (!rk || rd_kafka_version() != RD_KAFKA_VERSION) {
                fprintf(stderr, "%s\n", errstr);
                return 1;
        }
        printf("%s %s\n", rd_kafka_version_str(), rd_kafka_name(rk));
        rd_kafka_destroy(rk);
        return 0;
}
C
export PKG_CONFIG_PATH=$dest/opt/lrk/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$dest
failed=0
[ "$(pkg-config --modversion rdkafka)" = 2.16.0 ] || { say "version of rdkafka.pc"; failed=1; }
so=$dest/opt/lrk/lib/librdkafka.so.1 archive=$dest/opt/lrk/lib/librdkafka.a doc=$dest/opt/lrk/share/doc/librskafka
python3 "$ROOT/capi-tests/install/licences.py" --check || failed=1
for f in LICENSE NOTICE THIRD-PARTY-LICENCES; do [ -s "$doc/$f" ] || { say "no $f"; failed=1; }; done
# Without debug sections: librdkafka's library has 12 MB.
for limit in "$so:12" "$archive:60"; do
    size=$(($(stat -c %s "${limit%:*}") >> 20))
    echo "$(basename "${limit%:*}"): $size MB"
    [ $size -le "${limit#*:}" ] || { say "${limit%:*} has $size MB"; failed=1; }
done
objdump -h "$so" "$archive" | grep -q ' \.debug_info' && { say "debug sections were installed"; failed=1; }
soname=$(objdump -p "$dest/opt/lrk/lib/librdkafka.so.1" | awk '$1 == "SONAME" { print $2 }')
[ "$soname" = librdkafka.so.1 ] || { say "soname is '$soname'"; failed=1; }
# Of what is linked in, OpenSSL with the feature tls-vendored, a program with another one must see nothing.
foreign=$(nm -D --defined-only "$so" | awk '$3 !~ /^rd_kafka_/ { print $3 }')
[ -z "$foreign" ] || { say "exported beside the interface: $(head -5 <<<"$foreign" | tr '\n' ' ')"; failed=1; }
if gcc -Wall -Werror -o "$dest/shared" "$dest/p.c" $(pkg-config --cflags --libs rdkafka) &&
    LD_LIBRARY_PATH=$dest/opt/lrk/lib "$dest/shared" && ldd "$dest/shared" | grep -q librdkafka.so.1
then echo "shared: ok"; else echo "shared: FAILED"; failed=1; fi
# Loaded when it is used, never needed: Kerberos. What is needed beside the C library is OpenSSL, or nothing.
needed=$(readelf -d "$so" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -vE '^(libc|libm|libgcc_s|ld-linux-x86-64|libssl|libcrypto)\.so\.[0-9]+$')
[ -z "$needed" ] || { say "the library needs $needed"; failed=1; }
bare=$dest/bare
mkdir -p "$bare/tmp"
cp "$dest/shared" "$bare/p"
for f in $(LD_LIBRARY_PATH=$dest/opt/lrk/lib ldd "$dest/shared" | grep -oE '/[^ ]+'); do
    if [ "${f#"$dest"}" = "$f" ]; then install -D "$f" "$bare$f"; else install -D "$f" "$bare/lib/$(basename "$f")"; fi
done
on_bare() { as_root env LD_LIBRARY_PATH=/lib chroot "$bare" /p "$@" 2>&1; }
if said=$(on_bare) && said=$(on_bare security.protocol ssl ssl.ca.location probe) &&
    said=$(on_bare security.protocol sasl_ssl sasl.mechanisms SCRAM-SHA-256 sasl.username u sasl.password p) &&
    said=$(on_bare security.protocol sasl_plaintext sasl.mechanisms GSSAPI); [ $? -eq 1 ] && grep -q 'libgssapi_krb5' <<<"$said"
then echo "without Kerberos: ok"; else echo "without Kerberos: FAILED: $said"; failed=1; fi
# pkg-config puts the sysroot before -L and -I, not before the archive's plain path.
if gcc -Wall -Werror -o "$dest/static" "$dest/p.c" $(pkg-config --cflags --libs rdkafka-static | sed "s| /opt/lrk/lib| $dest/opt/lrk/lib|") &&
    "$dest/static" && ! ldd "$dest/static" | grep -q librdkafka
then echo "static: ok"; else echo "static: FAILED"; failed=1; fi
make -s -C "$ROOT" install-debug DESTDIR="$dest" PREFIX=/opt/lrk || { say "make install-debug"; failed=1; }
if objdump -h "$dest/opt/lrk/lib/.debug/librdkafka.so.1.debug" | grep -q ' \.debug_info' && objdump -s -j .gnu_debuglink "$so" | grep -q librdkafka &&
    LD_LIBRARY_PATH=$dest/opt/lrk/lib "$dest/shared" >/dev/null 2>&1
then echo "debug sections: ok"; else echo "debug sections: FAILED"; failed=1; fi
make -s -C "$ROOT" uninstall DESTDIR="$dest" PREFIX=/opt/lrk
left=$(find "$dest/opt" -type f -o -type l); [ -z "$left" ] || { echo "uninstall left $left"; failed=1; }
exit $failed
