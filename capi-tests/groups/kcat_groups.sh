#!/bin/bash
# kcat_groups.sh [ASSIGNOR...]: kcat -G on LIB=ours|upstream, on the Kafka at BOOTSTRAP or on one started for it.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
KAFKA=$ROOT/capi-tests/kafka/kafka.sh
need python3 python3
bash "$ROOT/capi-tests/setup/kcat.sh" || exit 1
KCAT_LIBRARY=$(bash "$ROOT/capi-tests/setup/library.sh" "${LIB:-ours}") || exit 1
if [ -z "${BOOTSTRAP:-}" ]; then
    bash "$KAFKA" status >/dev/null 2>&1 || trap 'bash "$KAFKA" down' EXIT
    bash "$KAFKA" up || exit 1
    BOOTSTRAP=$(bash "$KAFKA" bootstrap)
fi
export KCAT_LIBRARY BOOTSTRAP
python3 "$ROOT/capi-tests/groups/kcat_groups.py" "$@"
