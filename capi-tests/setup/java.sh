#!/bin/bash
# Java and Maven, for running an Apache Kafka broker.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need java openjdk-17-jre-headless
need mvn maven
