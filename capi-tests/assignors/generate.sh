#!/bin/bash
# Writes cases.txt: random groups and what the assignors of the Java client make
# of them. The unit tests of src/group/assignor compare with it. Needs Java and
# Maven; run it after a change to Cases.java.
set -euo pipefail
cd "$(dirname "$0")"
version=${KAFKA_CLIENTS:-4.2.0}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for artifact in org.apache.kafka:kafka-clients:"$version" org.slf4j:slf4j-api:1.7.36 org.slf4j:slf4j-nop:1.7.36; do
  mvn -q -B dependency:copy -Dartifact="$artifact" -DoutputDirectory="$work/jars" >&2
done
javac -cp "$work/jars/*" -d "$work" Cases.java
java -cp "$work:$work/jars/*" Cases >cases.txt
echo "$(grep -c '^case' cases.txt) cases"
