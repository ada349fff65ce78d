#!/bin/bash
# The programs of docs/index.md in Go, Node and PHP, on this library and a kafka-mock, with the bindings as `make bindings` builds
# them; `make test` leaves them to this script, since they take minutes to build. Those in C and Python are run by commands.py.
#
#   languages.sh [go] [node] [php]
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
. "$ROOT/capi-tests/setup/mock.sh"
[ $# -gt 0 ] || set -- go node php
PAGE=$ROOT/docs/index.md
runtime=$(bash "$ROOT/capi-tests/setup/library.sh" ours) || exit 1
work=$(mktemp -d "$CACHE/languages.XXXXXX")
trap 'mock_stop; rm -rf "$work"' EXIT
mock_start

# block LANGUAGE: that block of the page, for this cluster.
block() { sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/p" "$PAGE" | sed "/^\`\`\`/d; s/localhost:9092/$MOCK_BOOTSTRAP/"; }

run() { # LANGUAGE: prints what its program prints
    local binding=$CACHE/bindings/$1
    case $1 in
        go)
            mkdir -p "$work/go" && block go >"$work/go/hello.go" && cd "$binding/src/kafka" && mkdir -p "hello-$$" && cp "$work/go/hello.go" "hello-$$/" || return 1
            local code=0
            PKG_CONFIG_PATH=$CACHE/bindings/prefix/lib/pkgconfig GOFLAGS=-mod=mod GOTOOLCHAIN=local go build -tags dynamic -o "$work/go/hello" "./hello-$$" || code=1
            rm -rf "hello-$$"
            [ $code = 0 ] && LD_LIBRARY_PATH=$runtime timeout 60 "$work/go/hello" ;;
        node)
            mkdir -p "$work/node_modules" && ln -sfn "$binding/package" "$work/node_modules/node-rdkafka" && block javascript >"$work/hello.js" || return 1
            LD_LIBRARY_PATH=$runtime:$binding/cpp timeout 60 node "$work/hello.js" ;;
        php)
            block php >"$work/hello.php"
            LD_LIBRARY_PATH=$runtime timeout 60 php -n -d extension="$binding/src/modules/rdkafka.so" "$work/hello.php" ;;
        *) die "no language $1" ;;
    esac
}

failed=0
for language in "$@"; do
    (. "$ROOT/capi-tests/bindings/lib.sh" && prepare "$language")
    case $? in
        0) ;;
        77) say "$language: not run, since its binding is not to be had here"; continue ;;
        *) failed=1; continue ;;
    esac
    printed=$(cd "$work" && run "$language")
    case $printed in
        "hello from "*) echo "ok: $language: $printed" ;;
        *) echo "FAILED: $language: $printed"; failed=1 ;;
    esac
done
exit $failed
