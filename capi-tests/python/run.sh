#!/bin/bash
# confluent-kafka-python, built from its source package against this project's header, on a real Kafka.
#
#   LIB=ours|upstream KAFKA_PORT=19092 run.sh [unittest arguments, e.g. test_client.Consume.test_seek]
#
# LIB=ours builds it against what `make install` puts into a scratch prefix (header, library, pkg-config file); LIB=upstream
# links the same sources with the same header against a stand-in and runs on the original.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
here=$ROOT/capi-tests/python
lib_name=${LIB:-ours}
include=${RDKAFKA_INCLUDE:-$ROOT/include}
export KAFKA_PORT=${KAFKA_PORT:-19092}
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
key=$(cat "$prefix"/include/librdkafka/*.h "$here/run.sh" | sha256sum)
if [ "$(cat "$venv/.key" 2>/dev/null)" != "$key" ]; then
    say "building confluent-kafka from its source package"
    rm -rf "$venv"; python3 -m venv "$venv" || die "venv"
    CFLAGS="-I$prefix/include" LDFLAGS="-L$link" "$venv/bin/python" -m pip install -q --no-cache-dir --no-binary confluent-kafka confluent-kafka \
        >"$work/build-$lib_name.log" 2>&1 </dev/null || { tail -40 "$work/build-$lib_name.log" >&2; die "building confluent-kafka"; }
    echo "$key" >"$venv/.key"
fi

started=
if ! bash "$ROOT/capi-tests/kafka/kafka.sh" status >/dev/null 2>&1; then bash "$ROOT/capi-tests/kafka/kafka.sh" up || exit 1; started=1; fi
BOOTSTRAP=$(bash "$ROOT/capi-tests/kafka/kafka.sh" bootstrap); export BOOTSTRAP
export ADMIN="$ROOT/capi-tests/kafka/admin.py"
(cd "$here" && LD_LIBRARY_PATH=$runtime timeout "${TIMEOUT:-900}" "$venv/bin/python" -X faulthandler -m unittest -v "${@:-test_client}")
code=$?
[ -n "$started" ] && bash "$ROOT/capi-tests/kafka/kafka.sh" down
exit $code
