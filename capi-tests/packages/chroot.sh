# Sourced after common.sh: a system in the folder $root, unpacked from a tarball, and programs in it.
root=''

# root_from TARBALL: a new folder.
root_from() {
    root=$(mktemp -d "$CACHE/packages/root.XXXXXX") || exit 1
    chmod 755 "$root"
    tar -xf "$1" -C "$root" --exclude='./dev/*' || die "unpacking $1"
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    # Daemons are not started by their packages.
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" && chmod 755 "$root/usr/sbin/policy-rc.d"
}
# inside COMMAND...: in that system, with mounts that end with the command; the process id is the command's. What is at $project is seen
# as /project there, and cannot be written.
project=''
inside() {
    exec env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive HOME=/root \
        ${http_proxy:+http_proxy="$http_proxy"} unshare --mount sh -c '
        r=$1 project=$2; shift 2
        mount -t proc proc "$r/proc" && mount --rbind /dev "$r/dev" || exit
        [ -z "$project" ] || { mount --bind "$project" "$r/project" && mount -o remount,bind,ro "$r/project"; } || exit
        exec chroot "$r" "$@"' sh "$root" "$project" "$@"
}
run() { (inside "$@"); }
apt() { run apt-get -q -y --no-install-recommends "$@" >>"$root/apt.log" 2>&1 || { tail -30 "$root/apt.log"; die "apt-get $*"; }; }
# All files but those that any use of apt and dpkg changes.
files() { (cd "$root" && find etc usr var opt srv -not -path 'var/cache/*' -not -path 'var/lib/apt/*' -not -path 'var/lib/dpkg/*' -not -path 'var/log/*' | LC_ALL=C sort); }
# wait_for TEXT FILE: until the file has the line.
wait_for() { local n; for n in $(seq 200); do grep -q "$1" "$2" 2>/dev/null && return; sleep 0.1; done; return 1; }
# stop PROCESS: and returns how it ended.
stop() { [ -n "$1" ] && kill "$1" 2>/dev/null && wait "$1"; }

# mock_inside PROGRAM ARGUMENT...: kafka-mock in that system; servers says where it answers.
MOCK='' servers=''
mock_inside() {
    (inside "$@" --port 0) >"$root/mock" 2>&1 &
    MOCK=$!
    wait_for '^bootstrap.servers=' "$root/mock" || die "kafka-mock: $(cat "$root/mock")"
    servers=$(sed -n 's/^bootstrap.servers=//p' "$root/mock")
}
mock_stops() {
    stop "$MOCK"; MOCK=
    check "kafka-mock stops" stopped "$(tail -1 "$root/mock")"
}
consume() { run timeout 60 kcat -b "$servers" -C -t "$1" -o beginning -c "$2" -q 2>&1; }
# kcat_both_ways: 10,000 lines to the topic `lines` and back.
kcat_both_ways() {
    seq 10000 | run timeout 60 kcat -b "$servers" -P -t lines -z lz4 || bad "kcat produces" "$?"
    if [ "$(consume lines 10000 | md5sum)" = "$(seq 10000 | md5sum)" ]; then ok "kcat produces and consumes" "10,000 lines"; else bad "kcat consumes" "other lines than those it produced"; fi
}
