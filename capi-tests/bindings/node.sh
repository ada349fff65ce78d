# node-rdkafka from npm: mocha's unit tests and e2e.
VERSION=3.6.1
. "$HERE/node/addon.sh"

build() {
    fresh "$VERSION" "$(cat "$HERE/node.sh" "$HERE/node/addon.sh")" || return 0
    unpack_addon "node-rdkafka@$VERSION" && build_addon && stamp "$VERSION" "$(cat "$HERE/node.sh" "$HERE/node/addon.sh")"
}

suite() {
    local logs=$1 file
    cd "$WORK/package" || return 1
    # What e2e uses, with the partitions that its tests name; two more are made by the tests.
    for topic in test test2 test4; do create_topic "$topic" 1 2>/dev/null; done
    export LD_LIBRARY_PATH=$LD_LIBRARY_PATH:$WORK/cpp KAFKA_HOST=${BOOTSTRAP%%,*}
    for file in $(find test e2e -name '*.js' ! -name mock.js ! -name listener.js | sort); do
        case $file in *${TESTS:-}*) ;; *) continue ;; esac
        local log=$logs/$(echo "$file" | tr / _)
        local ui=exports; case $file in e2e/*) ui=bdd ;; esac
        # One line of JSON for each event, so that what ran before a crash is known.
        timeout "${TIMEOUT:-600}" node_modules/.bin/mocha --exit --timeout 120000 --ui $ui --reporter json-stream "$file" >"$log" 2>&1
        mocha_results "$file" "$log"
    done
}

mocha_results() {
    python3 - "$1" "$2" <<'END'
import json, sys
seen, ended = {}, False
for line in open(sys.argv[2], errors="replace"):
    if line.startswith('["end"'):
        ended = True
    if line.startswith(('["pass"', '["fail"')):
        word, test = json.loads(line)
        name = f"{sys.argv[1]}: {' '.join(test['fullTitle'].split())}"
        seen[name] = "fail" if "fail" in (seen.get(name), word) else word
if not ended:
    seen[sys.argv[1]] = "fail"
for name, word in seen.items():
    print(f"{name}\t{word}")
END
}
