#!/bin/bash
# make test: everything that must pass, on one Kafka 4.2. PARTS="text unit sim model abi install demo docs peers mock c calls hostile groups sanitize kcat conformance python transactions share secured telemetry" selects.
# PARTS=bindings, tests of bindings on this library alone, is not among them: their packages take minutes to build (rsyslog's are not built: kcat).
# The quick forms of the longer parts run here; `make kcat`, `make conformance`, `make transactions` and `make reauth` have them in full.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/setup/lib.sh"
. "$ROOT/capi-tests/sections.sh"
. "$ROOT/capi-tests/setup/rust.sh"
cd "$ROOT" || exit 1
parts=${PARTS:-text unit sim model abi install demo docs peers mock c calls hostile groups sanitize kcat conformance python transactions share secured telemetry}
unset LIB
export KAFKA_PORT=${KAFKA_PORT:-19092} QUICK=1
# The property tests try the same cases in every run; another seed or PROPTEST_CASES=100000 looks for more.
export PROPTEST_RNG_SEED=${PROPTEST_RNG_SEED:-20260101}
KAFKA=capi-tests/kafka/kafka.sh

# Clusters of their own, one after the other, beside the other parts: these mostly wait as well.
kills() {
    local part failed=0
    for part in $parts; do
        case $part in
            groups) bash capi-tests/admin/chaos.sh --topics 200 ;;
            transactions) bash capi-tests/transactions/chaos.sh --seconds 60 --messages 60000 --transaction-version 1to2 ;;
            share) bash capi-tests/share/chaos.sh --seconds 25 --rate 300 ;;
        esac || failed=1
    done
    return $failed
}

# What is cheap comes first, and ends the run if it fails.
case " $parts " in *" text "*) TEXT_REQUIRED=1 section "no text of librdkafka's" bash capi-tests/text/check.sh
    section "length of functions" python3 capi-tests/lint/functions.py
    section "table of clients" python3 capi-tests/bindings/table.py check ;; esac
case " $parts " in *" unit "*) section "unit tests" cargo test -q ;; esac
sections_stop_early
section "release build" bash capi-tests/setup/library.sh ours
case " $parts " in *" peers "*|*" mock "*|*" c "*|*" calls "*|*" groups "*|*" hostile "*|*" sanitize "*|*" kcat "*|*" conformance "*|*" python "*|*" bindings "*|*" share "*)
    own=1; bash $KAFKA status >/dev/null 2>&1 && own=
    section "Kafka 4.2 on loopback" bash $KAFKA up
    [ -n "$own" ] && trap 'bash $KAFKA down' EXIT
    export BOOTSTRAP; BOOTSTRAP=$(bash $KAFKA bootstrap) ;;
esac
case " $parts " in *" groups "*|*" transactions "*|*" share "*)
    CHAOS_PORT=$((KAFKA_PORT + 628)) aside --equal "topics, transactions and share groups under kills" kills ;;
esac
total=$(wc -w <<<"$parts") at=0
for part in $parts; do
    at=$((at + 1)); SECTION_AT="part $at of $total, after $((SECONDS / 60)) min"
    case $part in
        text|unit|transactions) ;;
        sim) GROUP_SIM_SEEDS=300..10000 aside "10,000 simulated groups" cargo test -q --lib groups_survive
            CONSUMER_GROUP_SIM_SEEDS=300..10000 aside "10,000 simulated groups that their coordinator assigns to" cargo test -q --lib groups_that_are_assigned_to_survive
            TRANSACTION_SIM_SEEDS=200..10000 aside "10,000 simulated transactional producers" cargo test -q --lib transactions_survive
            SHARE_SIM_SEEDS=300..10000 aside "10,000 simulated share consumers" cargo test -q --lib share_consumers_survive ;;
        model) aside "what threads share, under every interleaving" bash capi-tests/model.sh ;;
        abi) section "C interface against its data" bash capi-tests/abi/check.sh ;;
        install) section "make install" bash capi-tests/install/check.sh ;;
        demo) section "demo" bash capi-tests/demo/demo.sh
            section "the examples" bash capi-tests/examples/try.sh
            section "the example, exactly once" bash capi-tests/examples/run.sh ;;
        docs) section "the documents as a site" python3 capi-tests/text/site.py --without-api "$CACHE/site/quick"
            section "commands of README and docs" python3 capi-tests/text/commands.py ;;
        peers) section "other clients on the mock" bash capi-tests/peers/run.sh
            section "clients that fence each other" bash capi-tests/peers/run.sh --bootstrap "$BOOTSTRAP" fencing ;;
        mock) section "the mock against Kafka" bash capi-tests/diff/mock_diff/run.sh --kafka "$BOOTSTRAP" 1
            section "the mock secured, with librdkafka" bash capi-tests/secure/mock.sh --lib upstream
            section "the mock secured" bash capi-tests/secure/mock.sh --lib ours ;;
        c)
            section "C programs" bash capi-tests/c/run.sh --jobs 3
            section "no transaction left open by them" bash capi-tests/kafka/hanging.sh
            section "statistics beside librdkafka" python3 capi-tests/diff/stats_diff.py ;;
        calls)
            section "calls beside librdkafka" bash capi-tests/diff/calls/run.sh
            section "admin calls beside librdkafka" bash capi-tests/diff/admin/run.sh ;;
        groups) section "consumer groups" bash capi-tests/groups/run.sh ;;
        # It has clusters of its own, and mostly waits, as the groups after it do.
        hostile) HOSTILE_ROUNDS=1 aside --equal "hostile peer" bash capi-tests/hostile/run.sh ;;
        sanitize) section "valgrind, ThreadSanitizer" bash capi-tests/sanitize.sh --quick ;;
        kcat) section "kcat" bash capi-tests/kcat/acceptance.sh
            section "rsyslog's omkafka and imkafka" bash capi-tests/bindings/run.sh --lib ours rsyslog ;;
        conformance) TESTS=expected JOBS=${JOBS:-5} section "librdkafka's own suite" bash capi-tests/conformance/run.sh --gate
            section "librdkafka's own suite, secured" bash capi-tests/conformance/secure.sh --gate ;;
        python) section "confluent-kafka-python" bash capi-tests/python/run.sh ;;
        bindings) section "bindings' own tests" bash capi-tests/bindings/run.sh --lib ours javascript php
            section "the queue in PHP" bash capi-tests/php/run.sh ours ;;
        share) section "share groups of three clients" bash capi-tests/share/split.sh ;;
        secured) SECURE_PORT=$((KAFKA_PORT + 708)) section "Kafka with TLS and logins" bash capi-tests/secure/test.sh ;;
        telemetry) section "statistics for Prometheus" bash capi-tests/telemetry/prometheus.sh
            TELEMETRY_PORT=$((KAFKA_PORT + 668)) section "clients' metrics as Kafka gets them" bash capi-tests/telemetry/run.sh ;;
        *) die "no part $part" ;;
    esac
done
SECTION_AT=
sections_end
