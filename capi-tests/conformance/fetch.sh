#!/bin/bash
# Debian's source package of librdkafka 2.0.2 into the cache folder; prints the folder. Nothing of it belongs into the repository.
. "$(dirname "$0")/../setup/lib.sh"
exec bash "$ROOT/capi-tests/setup/source.sh" librdkafka=2.0.2-1 "$CACHE/conformance"
