# node-rdkafka from npm with BUILD_LIBRDKAFKA=0: mocha's unit tests and e2e. The C++ interface that it wants besides is built from
# the sources that its package brings, as a library of its own on top of librdkafka.so.1.
VERSION=3.6.1

build() {
    need npm npm
    fresh "$VERSION" "$(cat "$HERE/node.sh")" || return 0
    rm -rf package cpp && npm pack --silent "node-rdkafka@$VERSION" && tar xzf "node-rdkafka-$VERSION.tgz" && mkdir cpp || return 1
    cp -r package/deps/librdkafka/src-cpp cpp/ && mkdir cpp/src && touch cpp/config.h && cp "$PREFIX"/include/librdkafka/*.h cpp/src/ || return 1
    g++ -std=c++17 -O1 -w -fPIC -shared -Icpp/src -Wl,-soname,librdkafka++.so.1 -o cpp/librdkafka++.so.1 cpp/src-cpp/*.cpp -L"$PREFIX/lib" -lrdkafka || return 1
    ln -sf librdkafka++.so.1 cpp/librdkafka++.so
    mkdir -p cpp/include/librdkafka && cp "$PREFIX"/include/librdkafka/*.h cpp/src-cpp/rdkafkacpp.h cpp/include/librdkafka/ || return 1
    local node; node=$(readlink -f "$(command -v node)"); node=${node%/bin/*}
    [ -e "$node/include/node/node.h" ] || apt_install libnode-dev
    # Nothing of node's is fetched: the headers of the node that is here are taken.
    export npm_config_nodedir=$node BUILD_LIBRDKAFKA=0 CKJS_LINKING=dynamic
    export CXXFLAGS="-I$PWD/cpp/include -I$PWD/cpp/include/librdkafka -w" LDFLAGS="-L$PWD/cpp -L$PREFIX/lib" JOBS=2
    # The folder with the original's sources must not be found before ours.
    rm -rf package/deps/librdkafka
    cd package && npm install --no-audit --no-fund --ignore-scripts && nice npx --no-install node-gyp rebuild -j 2 && cd "$WORK" &&
        stamp "$VERSION" "$(cat "$HERE/node.sh")"
}

suite() {
    local logs=$1 file
    cd "$WORK/package" || return 1
    # What e2e uses, with the partitions that its tests name; two more are made by the tests.
    for topic in test test2 test4; do create_topic "$topic" 1 2>/dev/null; done
    export LD_LIBRARY_PATH=$LD_LIBRARY_PATH:$WORK/cpp KAFKA_HOST=${BOOTSTRAP%%,*}
    for file in $(find test e2e -name '*.js' ! -name mock.js ! -name listener.js | sort); do
        case $file in *${TESTS:-}*) ;; *) continue ;; esac
        local log=$logs/$(echo "$file" | tr / _)
        local ui=exports; case $file in e2e/*) ui=bdd ;; esac
        # One line of JSON for each event, so that what ran before a crash is known.
        timeout "${TIMEOUT:-600}" node_modules/.bin/mocha --exit --timeout 120000 --ui $ui --reporter json-stream "$file" >"$log" 2>&1
        mocha_results "$file" "$log"
    done
}

mocha_results() {
    python3 - "$1" "$2" <<'END'
import json, sys
seen, ended = {}, False
for line in open(sys.argv[2], errors="replace"):
    if line.startswith('["end"'):
        ended = True
    if line.startswith(('["pass"', '["fail"')):
        word, test = json.loads(line)
        name = f"{sys.argv[1]}: {' '.join(test['fullTitle'].split())}"
        seen[name] = "fail" if "fail" in (seen.get(name), word) else word
if not ended:
    seen[sys.argv[1]] = "fail"
for name, word in seen.items():
    print(f"{name}\t{word}")
END
}
