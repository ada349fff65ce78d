#!/bin/bash
# kcat as Debian packages it.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need kcat kcat
