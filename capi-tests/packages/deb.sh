#!/bin/bash
# make deb-test: the packages of `make deb` in a clean minimal Debian that has Debian's own librdkafka and clients of it. They
# replace Debian's; Debian's kcat, python3-confluent-kafka, rsyslog-kafka, syslog-ng-mod-rdkafka and librdkafka++1 run on them,
# with the packaged kafka-mock as their cluster; Debian's come back in their place; and nothing is left after a purge.
# Needs root and Debian's archive. The system is made once: .cache/packages/SUITE.tar, with the versions of that day.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
. "$ROOT/capi-tests/packages/common.sh"
. "$ROOT/capi-tests/packages/chroot.sh"
MOST_KB=8192 # of librdkafka1 installed, without debug sections
[ "$(id -u)" = 0 ] || exec sudo -n bash "${BASH_SOURCE[0]}" "$@"
packages=${CARGO_TARGET_DIR:-$ROOT/target}/debian
ls "$packages"/librdkafka1_*.deb >/dev/null 2>&1 || die "no packages: make deb"
need lintian lintian
suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
base=$(debian_base "$suite" "$suite" kcat,python3-confluent-kafka,rsyslog-kafka,librdkafka++1,librdkafka-dev,gcc,libc6-dev,pkg-config \
    --skip=cleanup/apt/lists) || exit 1

RSYSLOG='' SYSLOGNG=''
trap 'stop "$SYSLOGNG"; stop "$RSYSLOG"; stop "$MOCK"; rm -rf "$root"' EXIT
trap 'exit 130' INT TERM
root_from "$base"
mkdir -p "$root/packages" && cp "$packages"/*.deb "$root/packages/"
version_of() { run dpkg-query -W -f '${Version}' "$1" 2>/dev/null; }

echo "== packages"
if lintian --fail-on error "$packages"/librdkafka1_*.deb "$packages"/librdkafka-dev_*.deb "$packages"/librskafka-tools_*.deb >"$root/lintian" 2>&1
then ok lintian "no error"; else bad lintian "$(grep '^E' "$root/lintian")"; fi
for p in "$packages"/*.deb; do ok "$(dpkg-deb -f "$p" Package)" "$(dpkg-deb -f "$p" Installed-Size) KB installed, $(($(stat -c %s "$p") / 1024)) KB packed"; done
size=$(dpkg-deb -f "$packages"/librdkafka1_*.deb Installed-Size)
[ "$size" -le $MOST_KB ] || bad "size of librdkafka1" "$size KB, at most $MOST_KB"
ours=$(dpkg-deb -f "$packages"/librdkafka1_*.deb Version)
debian=$(version_of librdkafka1)
interface=${ours%%+*}
number=$(awk -F. '{ printf "%x", $1 * 16777216 + $2 * 65536 + $3 * 256 + 255 }' <<<"$interface")
dpkg --compare-versions "$ours" gt "$debian" && ok "$ours is after $debian" || bad version "$ours is not after $debian"
check "names in the symbols file" 553 "$(dpkg-deb -I "$packages"/librdkafka1_*.deb symbols | grep -c '^ rd_kafka_')"
apt update
files >"$root/before"
libversion() { run python3 -c 'import confluent_kafka as c; print(c.libversion()[0])'; }
debian_says=$(libversion)

echo "== in Debian's place"
apt install --only-upgrade $(cd "$root" && ls packages/librdkafka1_*.deb | sed 's|^|/|')
check "Debian's -dev goes or follows" "" "$(version_of librdkafka-dev | grep "^$debian")"
apt install $(cd "$root" && ls packages/librdkafka1*.deb packages/librdkafka-dev*.deb packages/librskafka-tools*.deb | sed 's|^|/|')
for p in librdkafka1 librdkafka-dev librskafka-tools; do check "$p" "$ours" "$(version_of $p)"; done
for p in kcat python3-confluent-kafka rsyslog-kafka librdkafka++1; do
    [ -n "$(version_of $p)" ] && ok "$p stays" "$(version_of $p)" || bad "$p stays" "it was removed"
done
check "the library" "$interface" "$(libversion)"
check "files as packaged" "" "$(run dpkg -V librdkafka1 librdkafka-dev librskafka-tools)"

mock_inside kafka-mock --topic lines:1 --topic rsyslog:1 --topic syslogng:1 --topic python:1
kcat_both_ways
cat >"$root/p.py" <<'PY'
import sys, confluent_kafka as c
p = c.Producer({"bootstrap.servers": sys.argv[1]})
for i in range(1000):
    p.produce("python", str(i), on_delivery=lambda e, m: e and sys.exit(str(e)))
assert p.flush(60) == 0
k = c.Consumer({"bootstrap.servers": sys.argv[1], "group.id": "g", "auto.offset.reset": "earliest"})
k.subscribe(["python"])
got = []
while len(got) < 1000:
    m = k.poll(30)
    assert m is not None and not m.error(), m and m.error()
    got.append(m.value().decode())
k.close()
print(len(got), got == [str(i) for i in range(1000)])
PY
check "Python produces, a group consumes" "1000 True" "$(run timeout 120 python3 /p.py "$servers" 2>&1)"
check "librdkafka++1" "0x$number" "$(run python3 -c 'import ctypes, os; print(hex(ctypes.CDLL("librdkafka++.so.1", os.RTLD_NOW)._ZN7RdKafka7versionEv()))' 2>&1)"

cat >"$root/p.c" <<'C'
#include <librdkafka/rdkafka.h>
#include <stdio.h>
int main(void) { printf("%s %x\n", rd_kafka_version_str(), RD_KAFKA_VERSION); return 0; }
C
check "a program with librdkafka-dev" "$interface $number" "$(run sh -c 'gcc -o /p /p.c $(pkg-config --cflags --libs rdkafka) && /p' 2>&1)"
check "kafka-check" 0 "$(run timeout 60 kafka-check -b "$servers" >"$root/check.log" 2>&1; echo $?)"
check "kafka-admin" 1 "$(run timeout 60 kafka-admin -b "$servers" topics list 2>&1 | grep -c '^python')"

cat >"$root/rsyslog.conf" <<'R'
module(load="imuxsock" SysSock.Use="off")
module(load="omkafka")
input(type="imuxsock" Socket="/run/test.log")
template(name="plain" type="string" string="%msg%")
R
echo "action(type=\"omkafka\" broker=[\"$servers\"] topic=\"rsyslog\" partitions.auto=\"on\" template=\"plain\" errorFile=\"/run/omkafka.err\")" >>"$root/rsyslog.conf"
(inside rsyslogd -n -f /rsyslog.conf -i /run/test-rsyslog.pid) >"$root/rsyslog.log" 2>&1 &
RSYSLOG=$!
for n in $(seq 100); do [ -S "$root/run/test.log" ] && break; sleep 0.1; done
run logger -u /run/test.log -t app "from rsyslog"
check "rsyslog's omkafka" " from rsyslog" "$(consume rsyslog 1)"
stop "$RSYSLOG"; RSYSLOG=

# It cannot be installed beside rsyslog.
apt install syslog-ng-core syslog-ng-mod-rdkafka
cat >"$root/ng.conf" <<'N'
@version: 3.38
source s { unix-dgram("/run/ng.log"); };
N
echo "destination d { kafka-c(bootstrap-servers(\"$servers\") topic(\"syslogng\") message(\"\$MSG\")); }; log { source(s); destination(d); };" >>"$root/ng.conf"
(inside syslog-ng -F --no-caps -f /ng.conf -R /run/ng.persist -p /run/ng.pid -c /run/ng.ctl) >"$root/ng.log" 2>&1 &
SYSLOGNG=$!
for n in $(seq 100); do [ -S "$root/run/ng.log" ] && break; sleep 0.1; done
run logger -u /run/ng.log -t app "from syslog-ng"
check "syslog-ng's kafka destination" "from syslog-ng" "$(consume syslogng 1)"
[ $failed = 0 ] || tail -n 5 "$root/ng.log" "$root/rsyslog.log"
stop "$SYSLOGNG"; SYSLOGNG=
mock_stops

echo "== and back"
apt purge syslog-ng-core syslog-ng-mod-rdkafka librskafka-tools
apt install --allow-downgrades "librdkafka1=$debian" "librdkafka-dev=$debian" rsyslog-kafka
check "librdkafka1" "$debian" "$(version_of librdkafka1)"
check "the library" "$debian_says" "$(libversion)"
run dpkg --list | grep '^rc' | awk '{ print $2 }' | while read -r p; do run dpkg --purge "$p" >/dev/null 2>&1; done
apt autoremove --purge
files >"$root/after"
more=$(comm -13 "$root/before" "$root/after" | grep -E 'kafka|skafka' | head -5)
check "files beside Debian's" "" "$more"
less=$(comm -23 "$root/before" "$root/after" | grep -E 'kafka' | head -5)
check "files that Debian's lacks" "" "$less"
apt install --no-remove $(cd "$root" && ls packages/librdkafka1*.deb packages/librdkafka-dev*.deb packages/librskafka-tools*.deb | sed 's|^|/|')
run dpkg -L librdkafka1 librdkafka-dev librskafka-tools librdkafka1-dbgsym | LC_ALL=C sort -u >"$root/owned"
apt purge librdkafka1 librdkafka-dev librskafka-tools librdkafka1-dbgsym
left=$(while read -r f; do { [ -f "$root$f" ] || [ -L "$root$f" ]; } && ! run dpkg -S "$f" >/dev/null 2>&1 && echo "$f"; done <"$root/owned")
check "files left after a purge" "" "$left$(find "$root/usr" "$root/etc" "$root/var/lib/dpkg/info" -name '*librdkafka1*' -o -name 'librdkafka.*' -o -name '*librskafka*' | head -5)"
[ $failed = 0 ] && echo "all passed" || echo "FAILED"
exit $failed
