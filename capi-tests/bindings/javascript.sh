# @confluentinc/kafka-javascript from npm. Its package has no tests: those in javascript/ use its two interfaces, the one with
# promises and the one with callbacks.
CLIENT="@confluentinc/kafka-javascript (with this project's tests)" VERSION=1.10.1
. "$HERE/node/addon.sh"

build() {
    fresh "$VERSION" "$(cat "$HERE/javascript.sh" "$HERE/node/addon.sh")" || return 0
    unpack_addon "@confluentinc/kafka-javascript@$VERSION" || return 1
    # Of what its developers use only the builder is wanted here.
    python3 - <<'PY' || return 1
import json
with open("package/package.json") as f:
    package = json.load(f)
package["devDependencies"] = {"node-gyp": package["devDependencies"]["node-gyp"]}
del package["workspaces"]
with open("package/package.json", "w") as f:
    json.dump(package, f)
PY
    build_addon && stamp "$VERSION" "$(cat "$HERE/javascript.sh" "$HERE/node/addon.sh")"
}

suite() {
    local logs=$1 file name
    export LD_LIBRARY_PATH=$LD_LIBRARY_PATH:$WORK/cpp TOPIC_TOOL=$ROOT/capi-tests/kafka/admin.py BINDING=$WORK/package
    export BOOTSTRAP=${BOOTSTRAP%%,*}
    for file in "$HERE"/javascript/*.test.js; do
        name=$(basename "$file" .test.js)
        case $name in *${TESTS:-}*) ;; *) continue ;; esac
        timeout "${TIMEOUT:-600}" node --test-reporter=tap "$file" >"$logs/$name" 2>&1
        # A file that does not come to its end has no last line, the plan.
        grep -q '^# pass' "$logs/$name" || printf '%s\tfail\n' "$name"
        sed -nE "s/^not ok [0-9]+ - (.*)/$name: \1\tfail/p; s/^ok [0-9]+ - (.*)/$name: \1\tpass/p" "$logs/$name"
    done
}
