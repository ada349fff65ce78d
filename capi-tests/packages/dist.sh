#!/bin/bash
# make dist-test: the tarball of `make dist` with the same ARCH and LIBC. For all: its checksums, what it exports, a C program linked with
# its library and one with its archive (gcc alone), and its programs. Then, where it is meant for:
#
# gnu, this machine's architecture: a clean minimal Debian with Debian's kcat, and in it the tarball below /opt and after it `make install`
# below /usr/local: kcat produces and consumes through it on the mock, and nothing is left once it is gone.
# gnu, another architecture: C programs on its kafka-mock, in qemu.
# musl: kcat, built from Debian's source package (or from KCAT_SOURCE, a folder), in a system that has busybox and musl's loader alone;
# once linked with the library, once with the archive.
#
# LIBRARY_DIR has another library for `make install` than that of `make`. Needs root and Debian's archive.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
. "$ROOT/capi-tests/setup/c.sh"
. "$ROOT/capi-tests/packages/common.sh"
. "$ROOT/capi-tests/packages/chroot.sh"
[ "$(id -u)" = 0 ] || exec sudo -n --preserve-env=ARCH,LIBC,CARGO_TARGET_DIR,LRK_CACHE,KCAT_SOURCE,LIBRARY_DIR bash "${BASH_SOURCE[0]}" "$@"
libc=${LIBC:-gnu} arch=${ARCH:-$(uname -m)}
arch=${arch/amd64/x86_64} arch=${arch/arm64/aarch64}
version=$(sed -n 's/^version *= *"\(.*\)"/\1/p' "$ROOT/Cargo.toml" | head -1)
name=librskafka-$version-$arch-linux-$libc
dist=${CARGO_TARGET_DIR:-$ROOT/target}/dist
[ -f "$dist/$name.tar.xz" ] || die "no $dist/$name.tar.xz: make dist"
mkdir -p "$CACHE/packages"
work=$(mktemp -d "$CACHE/packages/dist.XXXXXX") || exit 1
trap 'stop "$MOCK"; rm -rf "$work" "$root"' EXIT
trap 'exit 130' INT TERM

echo "== $name.tar.xz"
cp "$dist/$name.tar.xz" "$work/" && tar -C "$work" -xf "$work/$name.tar.xz" || die "unpacking $name.tar.xz"
prefix=$work/$name
check "checksums" "" "$(cd "$work" && sha256sum --quiet -c "$dist/$name.sha256" 2>&1)"
check "files without a checksum" "" "$(cd "$work" && find . -type f | sed 's|^\./||' | LC_ALL=C sort | comm -23 - <(cut -c67- "$dist/$name.sha256" | LC_ALL=C sort))"
for f in lib/librdkafka.so.1 lib/librdkafka.a bin/kafka-mock bin/kafka-admin bin/kafka-check; do ok "$(basename $f)" "$(($(stat -c %s "$prefix/$f") >> 10)) KB"; done
ok "the tarball" "$(($(stat -c %s "$work/$name.tar.xz") >> 10)) KB"
check "soname" librdkafka.so.1 "$(readelf -d "$prefix/lib/librdkafka.so.1" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p')"
exported() { readelf -W --dyn-syms "$prefix/lib/librdkafka.so.1" | awk '$7 != "UND" && $5 ~ /GLOBAL|WEAK/ && $4 != "NOTYPE" { print $8 }'; }
check "exported beside the interface" "" "$(exported | grep -v '^rd_kafka_' | head -5)"
check "the interface's names" 553 "$(exported | grep -c '^rd_kafka_')"

# Where programs are built, and how they are run.
compiler=(gcc) emulator=() loaded="LD_LIBRARY_PATH=$prefix/lib"
if [ "$arch" != "$(uname -m)" ]; then
    need "$arch-linux-gnu-gcc" "gcc-${arch/_/-}-linux-gnu"
    apt_install "libc6-dev-${arch/aarch64/arm64}-cross"
    need "qemu-$arch-static" qemu-user-static
    compiler=("$arch-linux-gnu-gcc") emulator=("qemu-$arch-static" -L "/usr/$arch-linux-gnu")
fi
if [ "$libc" = musl ]; then
    [ "$arch" = "$(uname -m)" ] || die "programs for musl are tried on their own architecture alone"
    need musl-gcc musl-tools
    compiler=(musl-gcc)
fi
cat >"$work/p.c" <<'C'
#include <librdkafka/rdkafka.h>
#include <stdio.h>
int main(void) {
        char errstr[512];
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        rd_kafka_t *rk;
        rd_kafka_conf_set(conf, "security.protocol", "ssl", errstr, sizeof(errstr));
        rd_kafka_conf_set(conf, "log_level", "2", errstr, sizeof(errstr));
        rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, errstr, sizeof(errstr));
        if (!rk) {
                puts(errstr);
                return 1;
        }
        rd_kafka_destroy(rk);
        puts(rd_kafka_version_str());
        return 0;
}
C
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
for pc in rdkafka rdkafka-static; do
    arguments=--libs; [ $pc = rdkafka ] || arguments="--static --libs"
    said=$("${compiler[@]}" -Wall -Werror -o "$work/$pc" "$work/p.c" $(pkg-config --cflags $arguments $pc) 2>&1 &&
        env "$loaded" ${emulator[@]+"${emulator[@]}"} "$work/$pc" 2>&1)
    check "a program with $pc.pc" "$version" "$said"
done
check "libraries that the archive asks for" "" "$(readelf -d "$work/rdkafka-static" | grep -E 'NEEDED.*(rdkafka|ssl|crypto)')"
for program in kafka-mock kafka-admin kafka-check; do
    check "$program" 0 "$(${emulator[@]+"${emulator[@]}"} "$prefix/bin/$program" --help >/dev/null 2>"$work/said"; echo $?)"
done

in_qemu() {
    echo "== C programs in qemu"
    "${emulator[@]}" "$prefix/bin/kafka-mock" --port 0 >"$work/mock" 2>&1 &
    MOCK=$!
    wait_for '^bootstrap.servers=' "$work/mock" || die "kafka-mock: $(cat "$work/mock")"
    BOOTSTRAP=$(sed -n 's/^bootstrap.servers=//p' "$work/mock") bash "$ROOT/capi-tests/c/run.sh" --aarch64 "$prefix/lib" values producer consumer lifecycle || failed=1
    stop "$MOCK"; MOCK=
    check "kafka-mock stops" stopped "$(tail -1 "$work/mock")"
}

# which LIBRARY: the one that kcat runs on, and its version.
which_library() { run sh -c 'ldd /usr/bin/kcat | sed -n "s/.*librdkafka.so.1 => \([^ ]*\).*/\1/p"; kcat -V | sed -n "s/.*librdkafka \([0-9.]*\).*/\1/p"' | tr '\n' ' '; }

in_debian() {
    local suite debians before
    suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    local base; base=$(debian_base "$suite" "$suite" kcat,python3-confluent-kafka,rsyslog-kafka,librdkafka++1,librdkafka-dev,gcc,libc6-dev,pkg-config \
        --skip=cleanup/apt/lists) || exit 1
    root_from "$base"
    apt update
    apt install make xz-utils
    mkdir "$root/project" && cp "$work/$name.tar.xz" "$work/p.c" "$root/tmp/"
    files >"$work/before"
    debians=$(which_library)

    echo "== the tarball in a clean Debian"
    run sh -ec 'mkdir /opt/librskafka && tar -C /opt/librskafka --strip-components=1 -xf /tmp/librskafka-*.tar.xz
        echo /opt/librskafka/lib >/etc/ld.so.conf.d/00-librskafka.conf && ldconfig' || bad "unpacking" $?
    check "kcat's library" "/opt/librskafka/lib/librdkafka.so.1 $version " "$(which_library)"
    mock_inside /opt/librskafka/bin/kafka-mock --topic lines:1
    kcat_both_ways
    check "kafka-check" 0 "$(run timeout 60 /opt/librskafka/bin/kafka-check -b "$servers" >"$root/check.log" 2>&1; echo $?)"
    for pc in rdkafka rdkafka-static; do
        check "a program with $pc.pc" "$version" \
            "$(run sh -ec "export PKG_CONFIG_PATH=/opt/librskafka/lib/pkgconfig; gcc -o /tmp/p /tmp/p.c \$(pkg-config --cflags --static --libs $pc); /tmp/p" 2>&1)"
    done
    mock_stops
    run sh -ec 'rm -r /opt/librskafka /etc/ld.so.conf.d/00-librskafka.conf && ldconfig' || bad "removing" $?
    check "kcat's library once it is gone" "$debians" "$(which_library)"
    check "files left or missing" "" "$(files | diff "$work/before" - | head -5)"

    echo "== make install in a clean Debian"
    local built=${LIBRARY_DIR:-${CARGO_TARGET_DIR:-$ROOT/target}/release}
    [ -n "${LIBRARY_DIR:-}" ] || make -s -C "$ROOT" all || die "make"
    mkdir "$root/library" && cp "$built"/librdkafka.{so,a} "$root/library/"
    project=$ROOT
    local install=(make -s -C /project LIBRARY_DIR=/library PREFIX=/usr/local)
    run "${install[@]}" install >"$work/log" 2>&1 && run ldconfig || bad "make install" "$(tail -3 "$work/log")"
    ok "the installed library" "$(($(stat -c %s "$root/usr/local/lib/librdkafka.so.1") >> 10)) KB"
    check "kcat's library" "/usr/local/lib/librdkafka.so.1 $version " "$(which_library)"
    # The mock that it came with needs no library: it is that of the tarball.
    cp "$prefix/bin/kafka-mock" "$root/tmp/"
    mock_inside /tmp/kafka-mock --topic lines:1
    kcat_both_ways
    mock_stops
    check "a program with rdkafka.pc" "$version" "$(run sh -ec 'gcc -o /tmp/p /tmp/p.c $(pkg-config --cflags --libs rdkafka); /tmp/p' 2>&1)"
    run "${install[@]}" uninstall >"$work/log" 2>&1 && run ldconfig || bad "make uninstall" "$(tail -3 "$work/log")"
    check "kcat's library once it is gone" "$debians" "$(which_library)"
    check "files left or missing" "" "$(files | diff "$work/before" - | head -5)"
}

# kcat_source: prints the folder of its unpacked source.
kcat_source() {
    local dir=$CACHE/packages/kcat-source
    [ -z "${KCAT_SOURCE:-}" ] || { echo "$KCAT_SOURCE"; return; }
    if [ ! -f "$dir/ready" ]; then
        rm -rf "$dir" && mkdir -p "$dir/lists/partial" "$dir/cache"
        # Lists of sources that this machine does not use otherwise.
        apt-get indextargets --format 'deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' | sort -u >"$dir/sources.list"
        local options=(-q -o "Dir::Etc::sourcelist=$dir/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$dir/lists" -o "Dir::Cache=$dir/cache")
        (cd "$dir" && apt-get "${options[@]}" update && apt-get "${options[@]}" --tar-only --download-only source kcat && tar -xf kafkacat_*.orig.tar.gz) \
            >"$dir/log" 2>&1 && touch "$dir/ready" || { tail -5 "$dir/log" >&2; die "no source of kcat"; }
        rm -rf "$dir/lists" "$dir/cache"
    fi
    echo "$dir"/kafkacat-*/
}

on_musl() {
    local source pc
    source=$(kcat_source) || exit 1
    need busybox busybox-static
    root=$(mktemp -d "$CACHE/packages/root.XXXXXX") || exit 1
    chmod 755 "$root"
    mkdir -p "$root"/{bin,lib,usr/bin,usr/lib,etc,proc,dev,tmp}
    local busybox; busybox=$(command -v busybox)
    readelf -d "$busybox" | grep -q NEEDED && die "$busybox is not linked statically"
    cp "$busybox" "$root/bin/busybox" && chroot "$root" /bin/busybox --install -s /bin
    cp -L "/lib/ld-musl-$arch.so.1" "$root/lib/"
    echo '127.0.0.1 localhost' >"$root/etc/hosts"

    echo "== kcat on musl, in a system without glibc"
    tar -C "$root/usr" --strip-components=1 -xf "$work/$name.tar.xz"
    for pc in rdkafka rdkafka-static; do
        rm -rf "$work/kcat" && cp -r "$source" "$work/kcat" && mkdir -p "$work/pc"
        rm -f "$work"/pc/* && sed "s|^prefix=.*|prefix=$prefix|" "$prefix/lib/pkgconfig/$pc.pc" >"$work/pc/$pc.pc"
        # kcat's configure takes the archive where it finds rdkafka-static.pc.
        (cd "$work/kcat" && export PKG_CONFIG_LIBDIR="$work/pc" PKG_CONFIG_PATH='' CC=musl-gcc && ./configure --disable-json --disable-avro && make kcat) \
            >"$work/log" 2>&1 || { bad "kcat with $pc.pc" "$(tail -5 "$work/log")"; continue; }
        ok "kcat with $pc.pc needs" "$(readelf -d "$work/kcat/kcat" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | tr '\n' ' ')"
        cp "$work/kcat/kcat" "$root/usr/bin/kcat"
        [ $pc = rdkafka ] || rm "$root"/usr/lib/librdkafka.so*
        run kcat -V >"$work/said" 2>&1
        if grep -q "librdkafka ${version//./\\.} " "$work/said"; then ok "its library" "$version"; else bad "its library" "$(cat "$work/said")"; fi
        mock_inside kafka-mock --topic lines:1
        kcat_both_ways
        check "kafka-check" 0 "$(run timeout 60 kafka-check -b "$servers" >"$root/check.log" 2>&1; echo $?)"
        mock_stops
    done
}

if [ "$libc" = musl ]; then on_musl
elif [ "$arch" = "$(uname -m)" ]; then in_debian
elif [ "$arch" = aarch64 ]; then in_qemu
else die "C programs are tried in qemu for aarch64 alone"; fi
[ $failed = 0 ] && echo "all passed" || echo "FAILED"
exit $failed
