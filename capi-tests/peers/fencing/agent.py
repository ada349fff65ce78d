"""The producers of fence.py, by confluent-kafka-python.

A line from stdin is SLOT COMMAND [ARGUMENT], the answer a line: ok, fenced, abort CODE (the transaction must be aborted), or
error TEXT. `new ID` puts a producer into the slot and initialises its transactions, `produce VALUE` waits for the report, `send VALUE`
does not.
"""
import logging
import sys

from confluent_kafka import KafkaError, KafkaException, Producer

BOOTSTRAP, TOPIC = sys.argv[1:3]
producers = {}
logger = logging.getLogger("agent")
logger.addHandler(logging.NullHandler())
logger.propagate = False
failures = []


def on_delivery(error, _message):
    if error:
        failures.append(error)


def judge(error):
    if error.fatal():
        return "fenced" if error.code() == KafkaError._FENCED else f"error fatal {error}"
    if error.txn_requires_abort():
        return f"abort {error.name()}"
    return f"error {error}"


def fatal(producer, text):
    """A call without flags: the reason may be a fatal error, which the next call of the transaction tells."""
    try:
        producer.begin_transaction()
    except KafkaException as e:
        if e.args[0].fatal():
            return judge(e.args[0])
    return text


def run(slot, command, argument):
    if command == "new":
        producers.pop(slot, None)
        producers[slot] = Producer({"bootstrap.servers": BOOTSTRAP, "transactional.id": argument, "linger.ms": 0}, logger=logger)
        producers[slot].init_transactions(30)
        return "ok"
    producer = producers[slot]
    if command == "begin":
        producer.begin_transaction()
    elif command in ("produce", "send"):
        failures.clear()
        try:
            producer.produce(TOPIC, argument, on_delivery=on_delivery)
        except KafkaException as e:
            return fatal(producer, f"abort {e.args[0].name()}")
        if command == "send":
            return "ok"
        if producer.flush(30):
            return "error not flushed"
        if failures:
            return fatal(producer, f"abort {failures[0].name()}")
    elif command == "commit":
        producer.commit_transaction(30)
    elif command == "abort":
        producer.abort_transaction(30)
    else:
        return f"error no command {command}"
    return "ok"


for line in sys.stdin:
    words = line.split() + [""]
    try:
        answer = run(*words[:3])
    except KafkaException as e:
        answer = judge(e.args[0])
    print(answer, flush=True)
