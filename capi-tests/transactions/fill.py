#!/usr/bin/env python3
"""Fills a topic by the original library: fill.py BOOTSTRAP TOPIC MESSAGES SECONDS KEYS SEED

The messages of a key are numbered from 0. Lines are "MICROSECONDS sent N", "MICROSECONDS failed WHY", "MICROSECONDS done N".
"""
import random
import sys
import time

from confluent_kafka import Producer


def say(text):
    sys.stdout.write(f"{time.monotonic_ns() // 1000} {text}\n")
    sys.stdout.flush()


def main():
    bootstrap, topic = sys.argv[1:3]
    messages, seconds, keys, seed = map(int, sys.argv[3:])
    rng = random.Random(seed)
    # It does not give up: what is in the topic then is what the judge goes by.
    producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "message.timeout.ms": 0, "linger.ms": 20,
                         "queue.buffering.max.messages": 1_000_000, "partitioner": "murmur2_random", "reconnect.backoff.max.ms": 1000},
                        logger=None)
    numbers, sent, start, told = [0] * keys, 0, time.monotonic(), 0

    def on_delivery(error, _message):
        if error is not None:
            say(f"failed {error}")
    while sent < messages:
        passed = time.monotonic() - start
        due = min(messages, int(messages * passed / seconds) if seconds else messages) - sent
        for _ in range(min(due, 5000)):
            key = rng.randrange(keys)
            try:
                producer.produce(topic, str(numbers[key]), f"k{key}", on_delivery=on_delivery)
            except BufferError:
                producer.poll(0.1)
                break
            numbers[key] += 1
            sent += 1
        producer.poll(0.02 if due < 5000 else 0)
        if passed - told >= 5:
            told = passed
            say(f"sent {sent}")
    producer.flush()
    say(f"done {sent}")


main()
