#!/bin/bash
# The client against a peer that breaks the protocol: run.sh takes the options of capi-tests/c/run.sh.
# HOSTILE_SEED and HOSTILE_ROUNDS choose the random numbers and how many.
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
need python3 python3
export HOSTILE_PEER=$ROOT/capi-tests/hostile/peer.py
exec bash "$ROOT/capi-tests/c/run.sh" --dir "$ROOT/capi-tests/hostile" "$@"
