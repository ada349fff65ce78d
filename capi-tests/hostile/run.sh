#!/bin/bash
# The client against a peer that breaks the protocol: run.sh takes the options of capi-tests/c/run.sh.
# HOSTILE_SEED and HOSTILE_ROUNDS choose the random numbers and how many.
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
need python3 python3
export HOSTILE_PEER=$ROOT/capi-tests/hostile/peer.py
# Addresses are scarce, as under RLIMIT_AS or vm.overcommit_memory=2: nothing is allocated on the word of a peer.
case " $* " in *" --asan "*|*" --tsan "*|*" --valgrind "*) ;; *) export HOSTILE_GIGABYTES=${HOSTILE_GIGABYTES:-8} ;; esac
exec bash "$ROOT/capi-tests/c/run.sh" --dir "$ROOT/capi-tests/hostile" "$@"
