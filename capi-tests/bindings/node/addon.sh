# Sourced by the scripts of bindings for Node.js: a native addon from npm, built with BUILD_LIBRDKAFKA=0. The C++ interface that
# such addons want besides is built from the sources that their package brings, as a library of its own on top of librdkafka.so.1.

# unpack_addon PACKAGE@VERSION: into package/, its C++ interface into cpp/.
unpack_addon() {
    need npm npm
    rm -rf package cpp ./*.tgz && npm pack --silent "$1" && tar xzf ./*.tgz && mkdir cpp || return 1
    cp -r package/deps/librdkafka/src-cpp cpp/ && mkdir cpp/src && touch cpp/config.h && cp "$PREFIX"/include/librdkafka/*.h cpp/src/ || return 1
    nice g++ -std=c++17 -O1 -w -fPIC -shared -Icpp/src -Wl,-soname,librdkafka++.so.1 -o cpp/librdkafka++.so.1 cpp/src-cpp/*.cpp -L"$PREFIX/lib" -lrdkafka || return 1
    ln -sf librdkafka++.so.1 cpp/librdkafka++.so
    mkdir -p cpp/include/librdkafka && cp "$PREFIX"/include/librdkafka/*.h cpp/src-cpp/rdkafkacpp.h cpp/include/librdkafka/ || return 1
    # The folder with the original's sources must not be found before ours.
    rm -rf package/deps/librdkafka
}

# build_addon: in package/, with the packages that it names and the headers of the node that is here.
build_addon() {
    local node; node=$(readlink -f "$(command -v node)"); node=${node%/bin/*}
    [ -e "$node/include/node/node.h" ] || apt_install libnode-dev
    export npm_config_nodedir=$node BUILD_LIBRDKAFKA=0 CKJS_LINKING=dynamic JOBS=2
    export CXXFLAGS="-I$WORK/cpp/include -I$WORK/cpp/include/librdkafka -w" LDFLAGS="-L$WORK/cpp -L$PREFIX/lib"
    (cd package && npm install --no-audit --no-fund --ignore-scripts && nice npx --no-install node-gyp rebuild -j 2)
}
