#!/bin/bash
# Java and Maven, for running an Apache Kafka broker.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need java default-jre-headless
need mvn maven
