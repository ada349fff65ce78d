#!/bin/bash
# make transactions: chaos.sh with 2,000,000 messages, with transaction version 1, then 2, or with that of --transaction-version. The
# other options are chaos.py's.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
. "$ROOT/capi-tests/sections.sh"
versions="1 2" args=()
while [ $# -gt 0 ]; do
    case $1 in
        --transaction-version) versions=$2; shift 2 ;;
        *) args+=("$1"); shift ;;
    esac
done
for v in $versions; do
    section "transaction version $v" bash "$ROOT/capi-tests/transactions/chaos.sh" --transaction-version "$v" --messages 2000000 --seconds 600 \
        ${args[@]+"${args[@]}"}
done
sections_end
