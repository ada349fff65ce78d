#!/bin/bash
# Debian's source package of librdkafka 2.0.2 into the cache folder; prints the folder. Nothing of it belongs into the repository.
# apt works on lists and a source entry of its own there, so that the machine's configuration stays as it is.
. "$(dirname "$0")/../setup/lib.sh"
dir=$CACHE/conformance
src=$dir/librdkafka-2.0.2
if [ ! -f "$src/.complete" ]; then
    apt_install dpkg-dev
    mkdir -p "$dir/apt/lists/partial"
    uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -E '/debian/?$' | head -1)
    [ -n "$uri" ] || die "no Debian archive in the configuration of apt"
    echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri bookworm main" >"$dir/apt/sources.list"
    opts=(-q -o Dir::Etc::SourceList="$dir/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$dir/apt/lists"
        -o APT::Sandbox::User=root -o Dir::Cache::srcpkgcache= -o Dir::Cache::pkgcache=)
    { apt-get "${opts[@]}" update && cd "$dir" && rm -rf "$src" && apt-get "${opts[@]}" source librdkafka=2.0.2-1; } >"$dir/apt.log" 2>&1 </dev/null \
        || { tail -20 "$dir/apt.log" >&2; die "apt-get source librdkafka"; }
    touch "$src/.complete"
fi
echo "$src"
