#!/bin/bash
# nightly.sh: prints the name of the nightly compiler, which alone builds for the sanitizers; installs it when it is missing.
# It is the one of a certain day: c/tsan.supp names a function of its standard library, and those move from night to night.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$ROOT/capi-tests/setup/rust.sh"
wanted=nightly-2026-05-20 commit=e50aa6fba
# It may be there without its date, too.
for name in "$wanted" nightly; do
    if rustup toolchain list | grep -q "^$name-[^0-9]" && rustc "+$name" --version | grep -qF "($commit "; then
        echo "$name"
        exit 0
    fi
done
say "installing the nightly compiler"
rustup -q toolchain install "$wanted" --profile minimal >&2 || die "rustup toolchain install $wanted"
echo "$wanted"
