"""Publishes a batch of which a part may fail: the lines of standard input go to TOPIC, and the program tells which of them have
not arrived, and why. A line is VALUE, or KEY, a tab and VALUE.

    pip install confluent-kafka
    python3 partial_publish.py BOOTSTRAP TOPIC <LINES

It ends with 0 if all lines have been delivered, with 2 if some have not. unit_test.py tests publish() against a mock cluster.
"""
import sys

from confluent_kafka import KafkaError, KafkaException, Producer

ATTEMPTS = 3

# The library itself sends again, until message.timeout.ms, what a broker refuses for a passing reason. What is left for the
# application: the time was over, or another message spoilt the batch that this one was in. All else would be refused again.
WORTH_ANOTHER_ATTEMPT = (KafkaError._MSG_TIMED_OUT, KafkaError._INVALID_DIFFERENT_RECORD)


class Item:
    def __init__(self, value, key=None):
        self.key, self.value, self.error = key, value, None

    def on_delivery(self, error, message):
        self.error = error


def open_publisher(bootstrap, **more):
    return Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "message.timeout.ms": 10000, **more})


def produce(producer, topic, item):
    while True:
        try:
            return producer.produce(topic, key=item.key, value=item.value, on_delivery=item.on_delivery)
        except BufferError:
            # The local queue is full: poll serves reports, which make room.
            producer.poll(0.1)
        except KafkaException as why:
            # One that is not taken at all, such as one that is too large, gets no report.
            item.error = why.args[0]
            return


def publish(producer, topic, items):
    """Publishes all items, and returns those that have failed: their `error` says the reason."""
    left = items
    for _ in range(ATTEMPTS):
        for item in left:
            item.error = None
            produce(producer, topic, item)
        # Every message is reported in the end, at the latest after message.timeout.ms.
        producer.flush()
        left = [item for item in left if item.error and item.error.code() in WORTH_ANOTHER_ATTEMPT]
    return [item for item in items if item.error]


def main():
    if len(sys.argv) != 3:
        sys.exit(f"usage: {sys.argv[0]} BOOTSTRAP TOPIC <LINES")
    items = []
    for line in sys.stdin:
        key, tab, value = line.rstrip("\n").partition("\t")
        items.append(Item(value, key) if tab else Item(key))
    failed = publish(open_publisher(sys.argv[1]), sys.argv[2], items)
    for number, item in enumerate(items, 1):
        if item.error:
            print(f"line {number} not delivered: {item.error.name()}: {item.error.str()}")
    print(f"{len(items) - len(failed)} of {len(items)} delivered")
    sys.exit(2 if failed else 0)


if __name__ == "__main__":
    main()
