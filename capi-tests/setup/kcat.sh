#!/bin/bash
# kcat as Debian packages it.
. "$(dirname "$0")/lib.sh"
need kcat kcat
