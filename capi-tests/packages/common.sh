# Sourced after lib.sh by the tests of packages and images: minimal Debian systems, and lines that say what holds.
failed=0
ok() { printf '%-34s %s\n' "$1" "${2:-ok}"; }
bad() { printf '%-34s FAILED: %s\n' "$1" "$2"; failed=1; }
# check NAME EXPECTED ACTUAL
check() { if [ "$2" = "$3" ]; then ok "$1" "$3"; else bad "$1" "expected '$2', got '$3'"; fi; }

# debian_base NAME SUITE PACKAGES [OPTION...]: prints the tarball of a minimal Debian with these packages, separated by commas. It is made
# once, .cache/packages/NAME.tar, with the versions of that day. Needs root and Debian's archive.
debian_base() {
    local name=$1 suite=$2 packages=$3; shift 3
    local tar=$CACHE/packages/$name.tar log=$CACHE/packages/$name.log
    [ ! -f "$tar" ] || { echo "$tar"; return; }
    need mmdebstrap mmdebstrap
    say "making a minimal Debian $suite${packages:+ with $packages} (some minutes)"
    mkdir -p "$CACHE/packages"
    mmdebstrap --format=tar --variant=minbase "$@" ${packages:+--include="$packages"} "$suite" "$tar.new" >"$log" 2>&1 ||
        { tail -20 "$log" >&2; die "mmdebstrap"; }
    mv "$tar.new" "$tar"
    echo "$tar"
}
