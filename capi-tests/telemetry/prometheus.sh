#!/bin/bash
# What `statistics.prometheus.listen` serves, read with the parsers of prometheus_client (PyPI). No Kafka is needed.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
here=$ROOT/capi-tests/telemetry work=$CACHE/telemetry
need python3 python3
python3 -c 'import venv, ensurepip' 2>/dev/null || apt_install python3-venv
lib=$(bash "$ROOT/capi-tests/setup/library.sh" ours) || exit 1
mkdir -p "$work"
[ -x "$work/prometheus/bin/python" ] || python3 -m venv "$work/prometheus" || die "venv"
"$work/prometheus/bin/pip" -q install --disable-pip-version-check 'prometheus-client>=0.20' || die "prometheus-client"
timeout 600 "$work/prometheus/bin/python" "$here/prometheus.py" "$lib/librdkafka.so.1"
