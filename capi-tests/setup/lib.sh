# Sourced by the test scripts: where things are, and how a missing tool is installed.
# ROOT is the repository, CACHE the folder (ignored by git) for all that is downloaded or built for the tests.
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CACHE=${LRK_CACHE:-$ROOT/.cache}
mkdir -p "$CACHE"

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo >/dev/null; then sudo -n "$@"
    else die "need root to run: $*"; fi
}

# apt_install PACKAGE...: installs Debian packages; the package lists are fetched only when they do not know one of them.
apt_install() {
    local missing=() p
    for p in "$@"; do
        dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    command -v apt-get >/dev/null || die "missing, and there is no apt-get to install them: ${missing[*]}"
    say "installing ${missing[*]}"
    local log=$CACHE/apt.log
    apt_get_install "${missing[@]}" >"$log" 2>&1 </dev/null && return 0
    as_root apt-get -q update >>"$log" 2>&1 </dev/null
    apt_get_install "${missing[@]}" >>"$log" 2>&1 </dev/null || { tail -20 "$log" >&2; die "apt-get install ${missing[*]}"; }
}

apt_get_install() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends \
        -o DPkg::Lock::Timeout=300 install "$@"
}

# need COMMAND PACKAGE: installs PACKAGE when COMMAND is not there.
need() { command -v "$1" >/dev/null || apt_install "$2"; }
