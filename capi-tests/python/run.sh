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
export KAFKA_PORT=${KAFKA_PORT:-19092}
. "$here/venv.sh"

started=
if ! bash "$ROOT/capi-tests/kafka/kafka.sh" status >/dev/null 2>&1; then bash "$ROOT/capi-tests/kafka/kafka.sh" up || exit 1; started=1; fi
BOOTSTRAP=$(bash "$ROOT/capi-tests/kafka/kafka.sh" bootstrap); export BOOTSTRAP
export ADMIN="$ROOT/capi-tests/kafka/admin.py"
(cd "$here" && LD_LIBRARY_PATH=$runtime timeout "${TIMEOUT:-900}" "$venv/bin/python" -X faulthandler -m unittest -v "${@:-test_client}")
code=$?
[ -n "$started" ] && bash "$ROOT/capi-tests/kafka/kafka.sh" down
exit $code
