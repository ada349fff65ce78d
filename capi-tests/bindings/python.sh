# confluent-kafka-python with its own tests. PyPI's source package has none: CONFLUENT_KAFKA_PYTHON_SOURCE names a clone of its
# repository, of which the release's tag is taken, or its sources, unpacked.
#
# Left out: tests/integration, system, soak and ducktape start their servers with docker or trivup; schema_registry and avro are about a
# schema registry, oauthbearer/aws about a cloud's tokens, all in Python alone.
CLIENT='confluent-kafka-python' VERSION=2.15.0
. "$HERE/python/pytest.sh"

build() {
    fresh "$VERSION" "$(cat "$HERE/python.sh" "$HERE"/python/*)" || return 0
    local from=${CONFLUENT_KAFKA_PYTHON_SOURCE:-}
    [ -n "$from" ] || { echo "CONFLUENT_KAFKA_PYTHON_SOURCE is not set"; return "$UNAVAILABLE"; }
    rm -rf src && mkdir src || return 1
    if git -C "$from" rev-parse -q --verify "refs/tags/v$VERSION" >/dev/null; then git -C "$from" archive "v$VERSION" | tar x -C src || return 1
    else cp -r "$from/." src || return 1
    fi
    grep -q "^version = \"$VERSION\"" src/pyproject.toml || { say "not confluent-kafka-python $VERSION"; return 1; }
    # A newer pluggy fails what raises a KafkaError by itself; its own requirements say so.
    build_client -r src/requirements/requirements-schemaregistry.txt -r src/requirements/requirements-avro.txt pytest-asyncio 'pluggy<1.6.0' &&
        stamp "$VERSION" "$(cat "$HERE/python.sh" "$HERE"/python/*)"
}

suite() {
    cd "$WORK/src" && run_pytest "$1" tests/test_*.py tests/_util/test_*.py
}
