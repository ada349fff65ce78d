# Sourced by python.sh.
# build_client PIP-ARGUMENT...: src/ into the virtual environment venv/, with pytest and what else its tests import.
build_client() {
    python3 -c 'import venv, ensurepip' 2>/dev/null || apt_install python3-venv
    python3 -c 'import os, sysconfig, sys; sys.exit(not os.path.exists(os.path.join(sysconfig.get_paths()["include"], "Python.h")))' || apt_install python3-dev
    rm -rf venv && python3 -m venv venv || return 1
    CFLAGS="-I$PREFIX/include -w" LDFLAGS="-L$PREFIX/lib" nice venv/bin/python -m pip install -q --no-cache-dir ./src pytest pytest-timeout "$@"
}

# run_pytest LOGS FILE...: each file in a process of its own, since a crash takes all behind it along; the tests that the process
# did not get to have failed.
run_pytest() {
    local logs=$1 file log; shift
    export PYTHONPATH=$HERE/python PYTHONDONTWRITEBYTECODE=1
    for file; do
        case $file in *${TESTS:-}*) ;; *) continue ;; esac
        log=$logs/$(echo "$file" | tr / _)
        REPORT=$log.tsv timeout "${TIMEOUT:-600}" "$WORK/venv/bin/python" -X faulthandler -m pytest -p report -p no:cacheprovider --timeout 120 "$file" >"$log" 2>&1
        python3 "$HERE/python/report.py" "$file" "$log.tsv"
    done
}
