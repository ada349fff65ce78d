#!/bin/bash
# Client metrics (KIP-714) as a Kafka gets them: producers and consumers with this library and with librdkafka on a broker that has
# a plugin for clients' metrics. What arrives is read with OpenTelemetry's own protobuf (PyPI), and compared.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
here=$ROOT/capi-tests/telemetry kafka=$ROOT/capi-tests/kafka/kafka.sh work=$CACHE/telemetry
export KAFKA_PORT=${TELEMETRY_PORT:-19760}

bash "$ROOT/capi-tests/setup/java.sh" && bash "$ROOT/capi-tests/setup/c.sh" || exit 1
need javac default-jdk-headless
need python3 python3
python3 -c 'import venv, ensurepip' 2>/dev/null || apt_install python3-venv
jars=$(bash "$kafka" jars --version 4.2) || exit 1
ours=$(bash "$ROOT/capi-tests/setup/library.sh" ours) && upstream=$(bash "$ROOT/capi-tests/setup/library.sh" upstream) || exit 1
stub=$(bash "$ROOT/capi-tests/setup/stub.sh") || exit 1

mkdir -p "$work/classes" "$work/got"
rm -f "$work/got"/* "$work/got"/.part-*
[ -x "$work/venv/bin/python" ] || python3 -m venv "$work/venv" || die "venv"
"$work/venv/bin/pip" -q install --disable-pip-version-check 'opentelemetry-proto>=1.20' || die "opentelemetry-proto"
javac -nowarn -XDsuppressNotes -cp "$jars/*" -d "$work/classes" "$here/ToFiles.java" || die "the plugin does not build"
gcc -std=gnu11 -O1 -Wall -Wextra -I "$ROOT/include" -o "$work/busy" "$here/busy.c" -L "$stub" -Wl,--no-as-needed -lrdkafka || die "busy.c"

trap 'bash "$kafka" down' EXIT
bash "$kafka" down
bash "$kafka" up --classes "$work/classes" --set metric.reporters=ToFiles --set "telemetry.folder=$work/got" || exit 1
BOOTSTRAP=$(bash "$kafka" bootstrap)

wants() { # NAME...: what the cluster wants from now on
    java -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$jars/*" \
        org.apache.kafka.tools.ClientMetricsCommand --bootstrap-server "$BOOTSTRAP" --alter --name all --metrics "$1" --interval 1000 \
        >"$work/command.log" 2>&1 || { cat "$work/command.log" >&2; die "no subscription"; }
}

# All of them at once, so that both libraries meet the same.
round() { # WHAT SECONDS
    local library kind pids=() failed=0
    for library in ours upstream; do
        for kind in producer consumer; do
            LD_LIBRARY_PATH=${!library} "$work/busy" "$BOOTSTRAP" telemetry "$library-$kind-$1" $kind "$2" >>"$work/busy.log" 2>&1 &
            pids+=($!)
        done
    done
    for library in "${pids[@]}"; do wait "$library" || failed=1; done
    [ $failed = 0 ] || { tail -20 "$work/busy.log" >&2; die "a client has failed"; }
}

: >"$work/busy.log"
wants '*'
round all 20
# Prefixes that overlap, and one that nobody has.
wants 'org.apache.kafka.producer.connection.,org.apache.kafka.producer.connection.creation,org.apache.kafka.consumer.connection,none.such'
round some 10
wants 'none.such'
round nothing 10
"$work/venv/bin/python" "$here/check.py" "$work/got"
