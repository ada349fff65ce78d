#!/bin/bash
# The C programs against a real Kafka.
#
#   run.sh [--lib ours|upstream] [--valgrind|--asan|--tsan|--aarch64 FOLDER] [--jobs N] [--case CASE]... [--dir FOLDER] [PROGRAM...]
#
# The programs mostly wait: --jobs lets that many run at a time.
# Every .c file here (or in FOLDER) is one program (all without names). Each prints its cases and closes with "N passed, M failed";
# what failed is shown, all output is kept below the cache folder. BOOTSTRAP names the Kafka; without it one is started
# on a port of its own and stopped at the end. The sanitizers build the library once more with the nightly compiler.
# --aarch64 takes the library that another machine's processor is to run from FOLDER, and runs it and the programs in qemu.
# A line "no leak check" in a program's comment turns that off for it, a line "upstream" puts librdkafka's folder into T_UPSTREAM,
# a line "without authorizer" the address of a Kafka that has none into T_UNSECURED, a line "kafka-mock" the path of that program
# into T_MOCK.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
here=$ROOT/capi-tests/c sources=$here

lib=ours tool=plain jobs=1 cases=() programs=()
while [ $# -gt 0 ]; do
    case $1 in
        --lib) lib=$2; shift 2 ;;
        --valgrind|--asan|--tsan) tool=${1#--}; shift ;;
        --aarch64) tool=aarch64 libdir=$2; shift 2 ;;
        --dir) sources=$2; shift 2 ;;
        --jobs) jobs=$2; shift 2 ;;
        --case) cases+=("$2"); shift 2 ;;
        --*) die "unknown option $1" ;;
        *) programs+=("${1%.c}"); shift ;;
    esac
done
[ "$lib" = upstream ] && [ "$tool" != plain ] && [ "$tool" != valgrind ] && die "--$tool is for our library"
[ ${#programs[@]} -eq 0 ] && for f in "$sources"/*.c; do p=$(basename "$f" .c); programs+=("$p"); done

bash "$ROOT/capi-tests/setup/c.sh" || exit 1
out=$CACHE/c-tests/$tool log=$CACHE/c-tests/log-$lib-$tool
mkdir -p "$out" "$log"
include=${RDKAFKA_INCLUDE:-$ROOT/include}

# The library: a folder, and how it was built.
cflags=() link=() slow=1 run=() compiler=gcc
target=x86_64-unknown-linux-gnu
sanitized() { # NAME RUNTIME: the library with -Zsanitizer=NAME, its runtime from the compiler's own folder
    local nightly dir=$CACHE/target-$1 rt flags="-Zsanitizer=$1 -Cforce-frame-pointers=yes"
    . "$ROOT/capi-tests/setup/rust.sh"
    nightly=$(bash "$ROOT/capi-tests/setup/nightly.sh") || exit 1
    # The precompiled standard library comes without the sanitizer; the compiler wants to be told that this is known.
    [ "$1" = thread ] && flags+=" -Cunsafe-allow-abi-mismatch=sanitizer"
    (cd "$ROOT" && CARGO_TARGET_DIR=$dir RUSTFLAGS=$flags CARGO_PROFILE_DEV_DEBUG=line-tables-only \
        cargo "+$nightly" build -q --lib --target $target >&2) || die "cargo +nightly build with -Zsanitizer=$1"
    rt=$(rustc "+$nightly" --print sysroot)/lib/rustlib/$target/lib/librustc-nightly_rt.${2}.a
    [ -e "$rt" ] || die "no $rt"
    libdir=$dir/$target/debug/named; mkdir -p "$libdir"
    ln -sf ../librdkafka.so "$libdir/librdkafka.so.1"
    cflags=(-fsanitize="$1")
    link=(-rdynamic -Wl,--whole-archive "$rt" -Wl,--no-whole-archive -ldl -lrt -lm)
}
case $tool in
    asan) sanitized address asan; slow=4
        export LSAN_OPTIONS=suppressions=$here/lsan.supp:print_suppressions=0 ;;
    tsan) sanitized thread tsan; slow=8
        export TSAN_OPTIONS="suppressions=$here/tsan.supp halt_on_error=0 exitcode=98 second_deadlock_stack=1 history_size=4" ;;
    aarch64) slow=10 compiler=aarch64-linux-gnu-gcc
        need $compiler gcc-aarch64-linux-gnu
        apt_install libc6-dev-arm64-cross
        need qemu-aarch64-static qemu-user-static
        run=(qemu-aarch64-static -L /usr/aarch64-linux-gnu) ;;
    *) libdir=$(bash "$ROOT/capi-tests/setup/library.sh" "$lib") || exit 1 ;;
esac
if [ "$tool" = valgrind ]; then
    slow=15
    run=(valgrind -q --error-exitcode=98 --leak-check=full --show-leak-kinds=definite,indirect,possible
         --errors-for-leak-kinds=definite,indirect,possible --suppressions="$here/valgrind.supp" --num-callers=30 --fair-sched=yes)
fi

# The programs are linked against a stand-in that has nothing but the names and the soname, so that the same binary
# runs on either library.
stub=$CACHE/c-tests/stub
[ "$tool" != aarch64 ] || stub+=-aarch64
CC=$compiler bash "$ROOT/capi-tests/setup/names.sh" "$stub" || exit 1

build() { # PROGRAM
    $compiler -std=c11 -D_GNU_SOURCE -g -O1 -Wall -Wextra -Wno-ignored-qualifiers ${cflags[@]+"${cflags[@]}"} -I "$include" -I "$here" \
        -c -o "$out/$1.o" "$sources/$1.c" &&
        $compiler -o "$out/$1" "$out/$1.o" -L "$stub" -Wl,--no-as-needed -lrdkafka ${link[@]+"${link[@]}"} -lpthread -lm
}

# A Kafka without an authorizer, for the programs that need one.
unsecured() { KAFKA_PORT=19650 bash "$ROOT/capi-tests/kafka/kafka.sh" "$@"; }

started=() T_UNSECURED=
stop_started() { local s; for s in ${started[@]+"${started[@]}"}; do "$s" down; done; }
own_kafka() { bash "$ROOT/capi-tests/kafka/kafka.sh" "$@"; }
trap stop_started EXIT
if [ -z "${BOOTSTRAP:-}" ]; then
    export KAFKA_PORT=${KAFKA_PORT:-19600}
    own_kafka status >/dev/null 2>&1 || started+=(own_kafka)
    own_kafka up || die "no Kafka"
    BOOTSTRAP=$(own_kafka bootstrap)
fi
export BOOTSTRAP T_LIB=$lib T_SLOW=${T_SLOW:-$slow} T_DATA=$ROOT/capi-tests/abi/data

# The mock cluster as a program of its own, which no tool slows down.
mock_program() { . "$ROOT/capi-tests/setup/mock.sh"; need openssl openssl; mock_build; }

needs() { # LINE: is it in the comment of one of the programs?
    local p
    for p in "${programs[@]}"; do grep -qsx " \* $1" "$sources/$p.c" && return; done
    return 1
}
if needs "without authorizer"; then
    unsecured status >/dev/null 2>&1 || started+=(unsecured)
    unsecured up --set authorizer.class.name= || die "no Kafka without an authorizer"
    T_UNSECURED=$(unsecured bootstrap)
fi
if needs kafka-mock; then T_MOCK=$(mock_program) && export T_MOCK || die "no kafka-mock"; fi
export T_UNSECURED

# Runs one program, and writes down how many cases passed, failed and were skipped, and with what else it failed.
run_program() { # PROGRAM
    local p=$1 own=() leaks=1 code line ok ko sk
    build "$p" || { echo "0 1 0 $p: does not build" >"$results/$p"; return; }
    export T_UPSTREAM=
    grep -qx ' \* upstream' "$sources/$p.c" && T_UPSTREAM=$(bash "$ROOT/capi-tests/setup/upstream.sh")
    grep -qx ' \* no leak check' "$sources/$p.c" && leaks=0
    [ $leaks = 0 ] && [ "$tool" = valgrind ] && own=(--leak-check=no)
    [ "$tool" = asan ] && export ASAN_OPTIONS=detect_leaks=$leaks:abort_on_error=0:exitcode=98
    LD_LIBRARY_PATH=$libdir timeout $((3000 * T_SLOW)) ${run[@]+"${run[@]}"} ${own[@]+"${own[@]}"} "$out/$p" ${cases[@]+"${cases[@]}"} >"$log/$p.log" 2>&1 </dev/null
    code=$?
    line=$(grep -aE "^$p: [0-9]+ passed, [0-9]+ failed" "$log/$p.log" | tail -1)
    if [ -n "$line" ]; then
        echo "$line"
        read -r ok ko sk <<<"$(sed -E 's/^[^:]*: ([0-9]+) passed, ([0-9]+) failed, ([0-9]+) skipped.*/\1 \2 \3/' <<<"$line")"
        # A clean closing line with a bad exit code: a tool found something, or the process died after it.
        if [ $code -ne 0 ] && [ "$ko" -eq 0 ]; then
            echo "$ok 1 $sk $p: exit code $code" >"$results/$p"
        else
            echo "$ok $ko $sk" >"$results/$p"
        fi
    else
        echo "0 1 0 $p: ended with code $code before its last case" >"$results/$p"
        echo "$p: no closing line, exit code $code; last case: $(grep -aE '^(ok|not ok|skipped) ' "$log/$p.log" | tail -1)"
    fi
    if [ $code -ne 0 ]; then
        grep -aE -A 25 '^==[0-9]+==|^WARNING: ThreadSanitizer|ERROR: (Address|Leak)Sanitizer' "$log/$p.log" | head -80
        grep -aE '^  FAILED|^not ok|FAILED: time limit|panicked' "$log/$p.log" | head -40
    fi
}

results=$(mktemp -d)
running=0
for p in "${programs[@]}"; do
    [ $running -lt "$jobs" ] || { wait -n; running=$((running - 1)); }
    # What it says is said at its end: programs beside it do not come between.
    { trap - EXIT; said=$(run_program "$p" 2>&1); printf '%s\n' "$said"; } &
    running=$((running + 1))
done
wait

passed=0 failed=0 skipped=0 bad=()
for p in "${programs[@]}"; do
    read -r ok ko sk why <"$results/$p" || { ok=0 ko=1 sk=0 why="$p: was not run to its end"; }
    passed=$((passed + ok)) failed=$((failed + ko)) skipped=$((skipped + sk))
    [ -z "$why" ] || bad+=("$why")
done
rm -r "$results"
for b in ${bad[@]+"${bad[@]}"}; do echo "$b"; done
echo "$(basename "$sources") ($lib, $tool): $passed passed, $failed failed, $skipped skipped; logs in $log"
[ $failed -eq 0 ]
