#!/bin/bash
# Builds librdkafka's test-runner from Debian's source package (fetch.sh) against this project's header; prints its folder.
#
# What of the source goes into the binary: tests/, src-cpp/ (the C++ wrapper, statically), and the few helpers that the tests
# use without the library exporting them: tinycthread, tinycthread_extra and rdlist, as upstream's own Makefile does, too.
# Everything else is resolved from librdkafka.so.1 at run time, so that one binary serves this library and the original.
# The tests also read upstream's internal headers (rd.h, rdkafka_proto.h, ... for macros and API numbers); its rdkafka.h and
# rdkafka_mock.h are replaced by ours in the build's copy, so that each include finds ours.
#
# One line of the copied test.c is changed: with TOPIC_TOOL set in the environment, topics are created and deleted by the
# command line tool instead of the library's admin functions, as the suite itself does on old brokers.
set -u
. "$(dirname "$0")/../setup/lib.sh"
here=$ROOT/capi-tests/conformance
bash "$ROOT/capi-tests/setup/c.sh" || exit 1
apt_install rapidjson-dev zlib1g-dev python3 >&2
src=$(bash "$here/fetch.sh") || exit 1

# The binary depends on the headers and on this script.
headers=$ROOT/include; [ -f "$headers/rdkafka.h" ] && [ -f "$headers/rdkafka_mock.h" ] || headers=$src/src
key=$(cat "$headers/rdkafka.h" "$headers/rdkafka_mock.h" "$here/build.sh" | sha256sum | cut -c 1-12)
out=$CACHE/conformance/build-$key
log=$out.log
[ -x "$out/tests/test-runner" ] && { echo "$out"; exit 0; }
[ "$headers" = "$src/src" ] && say "note: include/ has no headers yet, upstream's are used"

# At link time a library of empty functions stands in, one for each name that may be exported: what the suite uses beyond these
# names fails to link.
rm -rf "$out"; cp -a "$src" "$out.tmp.$$" || exit 1
cd "$out.tmp.$$" || exit 1
build() {
    ./configure --disable-ssl --disable-gssapi --disable-zstd --disable-curl --disable-lz4-ext || return 1
    # What the tests may expect of the library, whatever happens to be installed here.
    sed -i 's/^#endif .*_CONFIG_H_.*//' config.h
    for d in WITH_SSL WITH_SASL WITH_SASL_SCRAM WITH_SASL_OAUTHBEARER WITH_ZSTD; do printf '#define %s 1\n' $d; done >>config.h
    echo '#endif' >>config.h
    cp "$headers/rdkafka.h" "$headers/rdkafka_mock.h" src/ || return 1
    sed -i 's/if (test_broker_version < TEST_BRKVER(0, 10, 2, 0))/if (getenv("TOPIC_TOOL") || test_broker_version < TEST_BRKVER(0, 10, 2, 0))/' tests/test.c
    local flags="-O1 -g -fPIC -w -I$PWD/src -I$PWD/src-cpp -DLIBRDKAFKA_STATICLIB" f
    # From inside its folder each: tests make topic names of __FILE__.
    {
        for f in tests/[08]*-*.c tests/test.c tests/rusage.c tests/sockem.c tests/sockem_ctrl.c src/tinycthread.c src/tinycthread_extra.c src/rdlist.c; do
            echo "cd ${f%/*} && cc $flags -c ${f#*/} -o ${f#*/}.o"; done
        for f in tests/[08]*-*.cpp tests/testcpp.cpp src-cpp/*.cpp; do
            echo "cd ${f%/*} && c++ -std=c++11 $flags -c ${f#*/} -o ${f#*/}.o"; done
    } | xargs -P 2 -d '\n' -n 1 sh -c 'echo "$0"; eval "$0"' || return 1
    mkdir -p stub && awk -F '\t' '$1 ~ /^rd_kafka/ { print "void " $1 "(void) {}" }' "$ROOT/capi-tests/abi/data/functions.tsv" >stub/stub.c || return 1
    cc -shared -w -fPIC -fno-builtin -Wl,-soname,librdkafka.so.1 -o stub/librdkafka.so.1 stub/stub.c || return 1
    local lib=stub
    c++ -rdynamic -o tests/test-runner tests/*.o src/*.o src-cpp/*.o -L"$lib" -l:librdkafka.so.1 -lpthread -lz -ldl -lm || return 1
    cc $flags -shared -o tests/interceptor_test/interceptor_test.so tests/interceptor_test/interceptor_test.c -L"$lib" -l:librdkafka.so.1
}
build >"$log" 2>&1 </dev/null || { tail -40 "$log" >&2; die "building the suite (all of it: $log)"; }
rm -f tests/*.o src/*.o src-cpp/*.o
mv "$out.tmp.$$" "$out"
echo "$out"
