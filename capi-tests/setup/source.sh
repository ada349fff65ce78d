#!/bin/bash
# source.sh [--original] PACKAGE=VERSION FOLDER: Debian's source package, unpacked below FOLDER (in the cache); prints where.
# --original: what its authors released, without Debian's changes.
# apt works on lists and a source entry of its own there, so that the machine's configuration stays as it is.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
original=; [ "$1" != --original ] || { original=1; shift; }
package=${1%%=*} version=${1#*=} dir=$2
src=$dir/$package-${version%-*}

get() {
    apt-get "${opts[@]}" update && cd "$dir" && rm -rf "$src" || return 1
    [ -n "$original" ] || { apt-get "${opts[@]}" source "$package=$version"; return; }
    apt-get "${opts[@]}" --tar-only source "$package=$version" && mkdir "$src" && tar xf "${package}_${version%-*}".orig.tar.* -C "$src" --strip-components 1
}

if [ ! -f "$src/.complete" ]; then
    apt_install dpkg-dev
    mkdir -p "$dir/apt/lists/partial"
    uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -E '/debian/?$' | head -1)
    [ -n "$uri" ] || die "no Debian archive in the configuration of apt"
    echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri bookworm main" >"$dir/apt/sources.list"
    opts=(-q -o Dir::Etc::SourceList="$dir/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$dir/apt/lists"
        -o APT::Sandbox::User=root -o Dir::Cache::srcpkgcache= -o Dir::Cache::pkgcache=)
    get >"$dir/apt.log" 2>&1 </dev/null || { tail -20 "$dir/apt.log" >&2; die "apt-get source $package"; }
    touch "$src/.complete"
fi
echo "$src"
