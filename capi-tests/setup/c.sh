#!/bin/bash
# The C and C++ tool chain, and valgrind, for the programs that use the library.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need gcc gcc
need g++ g++
need make make
need pkg-config pkg-config
need valgrind valgrind
# What a locale with a decimal comma is made of.
[ -d /usr/share/i18n/locales ] || apt_install locales
