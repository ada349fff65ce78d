#!/usr/bin/env python3
"""confluent-kafka-python, as run.sh uses each client: client.py produce|consume TOPIC COUNT FILE name=value...

produce sends each line of FILE to partition 0; consume writes COUNT messages from its beginning to FILE, a line each.
"""
import sys
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

SECONDS = 60


def produce(topic, file, conf):
    failed = []
    producer = Producer(conf)

    def delivered(error, _):
        if error:
            failed.append(error)

    with open(file, "rb") as f:
        for line in f:
            producer.produce(topic, line.rstrip(b"\n"), partition=0, on_delivery=delivered)
            producer.poll(0)
    left = producer.flush(SECONDS)
    if failed or left:
        sys.exit(f"{left} messages not sent, {len(failed)} failed: {failed[:1]}")


def consume(topic, count, file, conf):
    consumer = Consumer({"group.id": "python", "enable.auto.commit": False, **conf})
    consumer.assign([TopicPartition(topic, 0, 0)])
    until, got = time.monotonic() + SECONDS, 0
    with open(file, "wb") as f:
        while got < count and time.monotonic() < until:
            for message in consumer.consume(min(500, count - got), 1):
                if message.error():
                    raise KafkaException(message.error())
                f.write(message.value() + b"\n")
                got += 1
    consumer.close()
    if got < count:
        sys.exit(f"{got} of {count} messages")


what, topic, count, file, *properties = sys.argv[1:]
conf = dict(p.split("=", 1) for p in properties)
produce(topic, file, conf) if what == "produce" else consume(topic, int(count), file, conf)
