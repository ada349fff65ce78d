#!/bin/bash
# Compares the built library and the committed headers with the interface in data/:
# names, prototypes, typedefs, constants, layouts, and the dialects of C and C++.
#
# LIB=/path/to/librdkafka.so.1 checks that library; otherwise the debug build is made and checked.
set -eu
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
bash "$ROOT/capi-tests/setup/c.sh"
need python3 python3
. "$ROOT/capi-tests/setup/rust.sh"
cd "$ROOT"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
here=capi-tests/abi
CC=${CC:-cc}
CXX=${CXX:-c++}
failed=0

step() { # step TITLE COMMAND...
    title=$1
    shift
    if "$@" >"$work/output" 2>&1; then
        echo "ok      $title"
    else
        echo "FAILED  $title"
        head -n 40 "$work/output" | sed 's/^/        /'
        failed=1
    fi
}

if [ -z "${LIB:-}" ]; then
    cargo build --quiet --lib
    LIB=${CARGO_TARGET_DIR:-target}/debug/librdkafka.so
fi

names() {
    tail -n +2 $here/data/functions.tsv | cut -f1 | sort >"$work/expected"
    nm -D --defined-only "$LIB" | awk '{ print $3 }' | sort >"$work/exported"
    diff "$work/expected" "$work/exported"
}
step "exports: the $(tail -n +2 $here/data/functions.tsv | wc -l) names and no other" names

soname() { readelf -d "$LIB" | grep -q 'SONAME.*\[librdkafka\.so\.1\]'; }
step "soname librdkafka.so.1" soname

names_of_the_headers() {
    printf '#include "rdkafka.h"\n#include "rdkafka_mock.h"\n' | "$CC" -E -dD -Iinclude -x c - | python3 $here/names.py include
}
step "no name outside of RD_ and rd_" names_of_the_headers

# Programs that bring librdkafka's rd.h along: the macros that both headers define, in either order.
cat >"$work/rd.h" <<'END'
#define RD_UNUSED __attribute__((unused))
#define RD_INLINE inline
#define RD_FORMAT(...) __attribute__((format(__VA_ARGS__)))
END
beside_rd_h() {
    for both in "rd.h rdkafka.h" "rdkafka.h rd.h"; do
        printf '#include "%s"\n' $both >"$work/beside.c"
        echo 'void say(const char *text, ...) RD_FORMAT(printf, 1, 2);' >>"$work/beside.c"
        "$CC" -std=gnu11 -Wall -Wextra -Werror -Iinclude -I"$work" -fsyntax-only "$work/beside.c" || return 1
    done
}
step "beside librdkafka's rd.h" beside_rd_h

not_built_is_called() {
    bash $here/status.sh --names | while read -r name; do
        grep -qw "$name" capi-tests/c/not_built.c || echo "$name is not built, and capi-tests/c/not_built.c does not call it"
    done | { ! grep .; }
}
step "capi-tests/c/not_built.c calls what is not built" not_built_is_called

python3 $here/compare.py >"$work/compare.c"
# The data's declarations are compared with ours, deprecated functions included.
step "prototypes, typedefs, constants, macros, struct layouts" \
    "$CC" -std=gnu11 -Wall -Wextra -Werror -Wno-redundant-decls -Iinclude -fsyntax-only "$work/compare.c"

for std in gnu89 c99 gnu99 c11 c17; do
    step "headers as $std" "$CC" -std=$std -pedantic -Wall -Wextra -Werror -Wstrict-prototypes \
        -Iinclude -x c -fsyntax-only $here/uses.h
done
for std in c++11 c++17 c++20; do
    # An application's own header is not a system header here, so nothing is hidden.
    cp $here/uses.h "$work/uses.cc"
    step "headers as $std" "$CXX" -std=$std -pedantic -Wall -Wextra -Werror -Iinclude -fsyntax-only "$work/uses.cc"
done
if command -v clang >/dev/null; then
    step "headers with clang" clang -std=c11 -pedantic -Wall -Wextra -Werror -Iinclude -x c -fsyntax-only $here/uses.h
fi

step "committed headers are fresh" cargo test --quiet --test header
step "every export has the boundary and a comment" cargo test --quiet --test capi_sources

exit $failed
