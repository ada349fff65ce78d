#!/bin/bash
# make dev-test: the Kafkas to develop against as a person starts them: `make kafka-up` with one and three nodes, each twice in a row, on ports
# from KAFKA_PORT, and the compose files by compose.py, which says what is not tried of them. Arguments are files for compose.py, alone.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup/lib.sh"
. "$ROOT/capi-tests/packages/common.sh"
bash "$ROOT/capi-tests/setup/kcat.sh" && need docker-compose docker-compose && need ip iproute2 || exit 1
# The Python that Debian's docker-compose brings its YAML for.
[ $# = 0 ] || exec /usr/bin/python3 "$ROOT/capi-tests/kafka/compose.py" "$@"
export KAFKA_PORT=${KAFKA_PORT:-19320}
unset MAKEFLAGS MFLAGS

in_make() { make -s --no-print-directory -C "$ROOT" "$@" 2>&1; }
trap 'in_make kafka-down KAFKA_PORT="$KAFKA_PORT"' EXIT
for nodes in 1 3; do
    echo "== make kafka-up NODES=$nodes"
    servers=$(for n in $(seq "$nodes"); do echo "127.0.0.1:$((KAFKA_PORT + n - 1))"; done | paste -sd ,)
    for time in first second; do
        said=$(in_make kafka-up NODES="$nodes" KAFKA_PORT="$KAFKA_PORT") || bad "the $time time" "$said"
        check "the $time time: where it is" "bootstrap.servers=$servers" "$(grep '^bootstrap' <<<"$said")"
    done
    next=$(sed -n 's/^ *\(kcat [^#]*\)#.*/\1/p' <<<"$said")
    check "what it says to do next" "$nodes brokers" "$($next | grep -o '[0-9]* brokers')"
    seq 1000 | kcat -b "$servers" -P -t lines -X acks=all || bad "kcat produces" $?
    check "kcat consumes" "$(seq 1000 | md5sum)" "$(kcat -b "$servers" -C -t lines -o beginning -e -q | sort -n | md5sum)"
    check "replicas" "$nodes" "$(kcat -b "$servers" -L -J -t lines | python3 -c 'import json, sys; print(*{len(p["replicas"]) for p in json.load(sys.stdin)["topics"][0]["partitions"]})')"
    down=$(sed -n 's/^ *make \(kafka-down[^#]*\)#.*/\1/p' <<<"$said")
    in_make $down || bad "$down" $?
    check "after make $down" "" "$(kcat -b "${servers%%,*}" -L -m 2 2>/dev/null | grep broker)"
    check "and once more" "" "$(in_make $down || echo "exit $?")"
done
echo "== compose files"
/usr/bin/python3 "$ROOT/capi-tests/kafka/compose.py" || failed=1
[ $failed = 0 ] && echo "all passed" || echo "FAILED"
exit $failed
