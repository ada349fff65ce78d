# Sourced, with lib_name (ours or upstream) set: confluent-kafka-python, built from its source package against this project's header,
# in the virtual environment $venv. It runs on the library in the folder $runtime.
here=$ROOT/capi-tests/python
include=${RDKAFKA_INCLUDE:-$ROOT/include}
bash "$ROOT/capi-tests/setup/c.sh" || exit 1
need python3 python3
python3 -c 'import venv, ensurepip' 2>/dev/null || apt_install python3-venv
python3 -c 'import os, sysconfig, sys; sys.exit(not os.path.exists(os.path.join(sysconfig.get_paths()["include"], "Python.h")))' || apt_install python3-dev

work=$CACHE/python
runtime=$(bash "$ROOT/capi-tests/setup/library.sh" "$lib_name") || exit 1
if [ "$lib_name" = ours ]; then
    prefix=$work/prefix-ours link=$work/prefix-ours/lib
    make -s -C "$ROOT" install PREFIX="$prefix" LIBRARY_DIR="$runtime/.." >&2 || die "make install"
    runtime=$link
else
    prefix=$work/prefix-upstream; mkdir -p "$prefix/include/librdkafka"
    cp "$include/rdkafka.h" "$include/rdkafka_mock.h" "$prefix/include/librdkafka/" || die "no header in $include"
    link=$(bash "$ROOT/capi-tests/setup/stub.sh") || exit 1
fi

venv=$work/venv-$lib_name
key=$(cat "$prefix"/include/librdkafka/*.h "$here/venv.sh" | sha256sum)
if [ "$(cat "$venv/.key" 2>/dev/null)" != "$key" ]; then
    say "building confluent-kafka from its source package"
    rm -rf "$venv"; python3 -m venv "$venv" || die "venv"
    CFLAGS="-I$prefix/include" LDFLAGS="-L$link" "$venv/bin/python" -m pip install -q --no-cache-dir --no-binary confluent-kafka confluent-kafka \
        >"$work/build-$lib_name.log" 2>&1 </dev/null || { tail -40 "$work/build-$lib_name.log" >&2; die "building confluent-kafka"; }
    echo "$key" >"$venv/.key"
fi
