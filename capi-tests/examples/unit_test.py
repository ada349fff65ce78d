"""A unit test of an application that uses Kafka, without a Kafka: publish() of partial_publish.py against the mock cluster that is
a part of the library.

    pip install confluent-kafka
    python3 unit_test.py

It prints a line for each test, and ends with 0 if all of them have passed. C programs can also tell the mock cluster what to
refuse: see unit_test.c.
"""
import sys

from confluent_kafka import KafkaError, Producer, TopicPartition, Consumer

from partial_publish import Item, open_publisher, publish

TOPIC = "orders"


class World:
    """A mock cluster, which lives as long as the instance that has made it, and what the application has."""

    def __init__(self):
        self.owner = Producer({"test.mock.num.brokers": 3})
        brokers = self.owner.list_topics(timeout=10).brokers.values()
        self.bootstrap = ",".join(f"{broker.host}:{broker.port}" for broker in brokers)
        # A time-out that a test can wait for.
        self.publisher = open_publisher(self.bootstrap, **{"message.timeout.ms": 1000})

    def arrived(self):
        """How many messages the topic has: what the application believes is one thing, what has arrived another."""
        reader = Consumer({"bootstrap.servers": self.bootstrap, "group.id": "test"})
        total = 0
        for partition in reader.list_topics(TOPIC, timeout=10).topics[TOPIC].partitions:
            low, high = reader.get_watermark_offsets(TopicPartition(TOPIC, partition), timeout=10)
            total += high - low
        reader.close()
        return total


def all_arrive(world):
    assert publish(world.publisher, TOPIC, [Item("tea"), Item("ink"), Item("yarn", "k")]) == []
    assert world.arrived() == 3


def a_part_that_is_too_large(world):
    items = [Item("tea"), Item("x" * 2000000), Item("ink")]
    assert publish(world.publisher, TOPIC, items) == [items[1]]
    assert items[1].error.code() == KafkaError.MSG_SIZE_TOO_LARGE
    assert world.arrived() == 2


def a_cluster_that_goes_away(world):
    assert publish(world.publisher, TOPIC, [Item("tea")]) == []
    del world.owner
    items = [Item("ink"), Item("yarn")]
    assert publish(world.publisher, TOPIC, items) == items
    assert {item.error.code() for item in items} == {KafkaError._MSG_TIMED_OUT}


def main():
    failed = 0
    for test in (all_arrive, a_part_that_is_too_large, a_cluster_that_goes_away):
        try:
            test(World())
            print(f"ok: {test.__name__}")
        except AssertionError as why:
            failed += 1
            print(f"FAILED: {test.__name__}, line {why.__traceback__.tb_next.tb_lineno}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
