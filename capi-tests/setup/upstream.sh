#!/bin/bash
# The newest librdkafka as a binary, for comparison: the library inside PyPI's confluent-kafka wheel.
# Prints the folder that holds it under the name librdkafka.so.1; put first in the library path it stands in for ours.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
dir=$CACHE/upstream
if [ ! -e "$dir/librdkafka.so.1" ]; then
    need python3 python3
    need unzip unzip
    python3 -m pip --version >/dev/null 2>&1 || apt_install python3-pip
    rm -rf "$dir/wheel"; mkdir -p "$dir/wheel"
    python3 -m pip download -q --no-deps --only-binary=:all: -d "$dir/wheel" confluent-kafka >&2 || die "pip download confluent-kafka"
    unzip -q -o -d "$dir/wheel" "$dir"/wheel/confluent_kafka-*.whl || die "unpacking the wheel"
    so=$(ls "$dir"/wheel/confluent_kafka.libs/librdkafka-*.so* | head -1)
    [ -n "$so" ] || die "no librdkafka in the wheel"
    cp "$so" "$dir/librdkafka.so.1.tmp" && ln -sf librdkafka.so.1 "$dir/librdkafka.so" && mv "$dir/librdkafka.so.1.tmp" "$dir/librdkafka.so.1"
fi
echo "$dir"
