#!/usr/bin/env python3
"""Compares what was consumed with what was produced, by the original library.

The messages of a key in the input are numbered from 0; one in the output has the number, and the partition and offset of the message
it was made from. The output is right if each key has the messages of the input, each once, in order, in one partition.
Started as a program it shows that it finds what is wrong: judge.py --self-test
"""
import sys
import time
from array import array
from collections import Counter

SHOWN = 8


class Log:
    """A topic: for each key the numbers in their order, where each stands and where it came from, as partition * 2^40 + offset."""

    def __init__(self):
        self.numbers, self.places, self.sources = {}, {}, {}
        self.count = 0
        self.strange = []

    def add(self, key, value, partition, offset):
        numbers = self.numbers.get(key)
        if numbers is None:
            numbers = self.numbers[key] = array("i")
            self.places[key], self.sources[key] = array("q"), array("q")
        words = value.split()
        try:
            number = int(words[0])
            source = (int(words[1]) << 40) + int(words[2]) if len(words) > 1 else -1
        except (ValueError, IndexError):
            self.strange.append(f"partition {partition} offset {offset}: key {key!r}, value {value!r}")
            return
        numbers.append(number)
        self.places[key].append((partition << 40) + offset)
        self.sources[key].append(source)
        self.count += 1


def place(number):
    return f"{number >> 40}:{number & ((1 << 40) - 1)}"


def judge(given, made, everything=None):
    """What is missing is looked for in `everything`, the output with what was aborted.

    Returns (the kinds of problems with how many there are, sentences about the first of each, sentences about the others)."""
    kinds, first, others = Counter(), [], []

    def problem(kind, sentence):
        kinds[kind] += 1
        (first if kinds[kind] <= SHOWN else others).append(sentence)
    for text in given.strange + made.strange:
        problem("unreadable", text)
    for key in sorted(set(given.numbers) | set(made.numbers)):
        wanted, got = given.numbers.get(key, array("i")), made.numbers.get(key, array("i"))
        if list(dict.fromkeys(wanted)) != list(range(len(set(wanted)))):
            problem("wrong in the input", f"{key}: the input itself is not in order")
        if wanted == got and given.places[key] == made.sources[key] and len({p >> 40 for p in made.places[key]}) == 1:
            continue
        aborted = (everything.numbers.get(key, ()), everything.places[key]) if everything and key in everything.numbers else ((), ())
        judge_key(key, (wanted, given.places.get(key, ())), (got, made.places.get(key, ()), made.sources.get(key, ())), aborted, problem)
    return kinds, first, others


def judge_key(key, given, made, aborted, problem):
    # A message is known by its place in the input: who has filled that may have written a number twice.
    number_at = dict(zip(given[1], given[0]))
    turn = {place_: n for n, place_ in enumerate(given[1])}
    places_of = {}
    for number, source in zip(*given):
        places_of.setdefault(number, []).append(source)
    at, highest = {}, -1
    for number, where, source in zip(*made):
        text = f"{key}: {number} at {place(where)} of the output, made from {place(source)}"
        if number not in places_of:
            problem("foreign", text + ", is not in the input")
            continue
        if number_at.get(source) != number:
            problem("wrong source", text + f", is at {place(places_of[number][0])} of the input")
            source = next((p for p in places_of[number] if p not in at), places_of[number][0])
        elif source in at:
            problem("twice", text + f", is there already at {place(at[source])}")
        elif turn[source] < highest:
            problem("out of order", text + f", comes after what is made from {place(given[1][highest])}")
        at.setdefault(source, where)
        highest = max(highest, turn[source])
    for number, source in zip(*given):
        if source not in at:
            where = [place(p) for n, p in zip(*aborted) if n == number]
            problem("missing", f"{key}: {number}, at {place(source)} of the input, is missing, "
                    + (f"and was aborted at {', '.join(where)} of the output" if where else "and was never in the output"))
    if len({where >> 40 for where in made[1]}) > 1:
        problem("several partitions", f"{key}: is in several partitions of the output")


def repeated(log):
    """How many messages are in a log of numbers for each key that are there already."""
    return sum(len(numbers) - len(set(numbers)) for numbers in log.numbers.values())


def read(bootstrap, topic, isolation, patience=120):
    """All of the topic, and for each partition the offset of its end as this isolation level sees it."""
    from confluent_kafka import Consumer, KafkaError, TopicPartition
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "judge", "isolation.level": isolation, "enable.auto.commit": False,
                         "enable.partition.eof": True, "auto.offset.reset": "error", "check.crcs": True}, logger=None)
    log, ends = Log(), {}
    try:
        partitions = sorted(consumer.list_topics(topic, timeout=patience).topics[topic].partitions)
        consumer.assign([TopicPartition(topic, p, 0) for p in partitions])
        last = time.monotonic()
        while len(ends) < len(partitions) and time.monotonic() - last < patience:
            for message in consumer.consume(10000, 0.5):
                last = time.monotonic()
                if message.error() is None:
                    log.add(message.key().decode(errors="replace"), message.value().decode(errors="replace"), message.partition(),
                            message.offset())
                elif message.error().code() == KafkaError._PARTITION_EOF:
                    ends[message.partition()] = message.offset()
                elif not message.error().retriable():
                    raise SystemExit(f"reading {topic}: {message.error()}")
        if len(ends) < len(partitions):
            raise SystemExit(f"reading {topic}: no end of partitions {sorted(set(partitions) - set(ends))} within {patience} s")
    finally:
        consumer.close()
    return log, ends


def self_test():
    def log(rows):
        out = Log()
        for row in rows:
            out.add(*row)
        return out

    given = log([("a", "0", 0, 0), ("b", "0", 0, 1), ("a", "1", 0, 2), ("a", "2", 0, 3)])
    right = [("a", "0 0 0", 1, 0), ("b", "0 0 1", 2, 0), ("a", "1 0 2", 1, 1), ("a", "2 0 3", 1, 3)]
    cases = {
        "": right,
        "missing": right[:2] + right[3:],
        "twice": right + [("a", "1 0 2", 1, 4)],
        "out of order": [right[0], right[1], right[3], right[2]],
        "foreign": right + [("c", "0 0 9", 1, 4)],
        "wrong source": right[:3] + [("a", "2 0 2", 1, 3)],
        "several partitions": right[:3] + [("a", "2 0 3", 2, 3)],
        "unreadable": right + [("a", "?", 1, 4)],
    }
    for kind, rows in cases.items():
        kinds, *_ = judge(given, log(rows))
        if dict(kinds) != ({kind: 1} if kind else {}):
            sys.exit(f"FAILED: the judge finds {dict(kinds)} where there is {kind or 'nothing'!r}")
    # One is twice in the input: it has to be twice in the output.
    doubled = log([("a", "0", 0, 0), ("a", "1", 0, 1), ("a", "1", 0, 2), ("a", "2", 0, 3)])
    right = [("a", "0 0 0", 1, 0), ("a", "1 0 1", 1, 1), ("a", "1 0 2", 1, 2), ("a", "2 0 3", 1, 3)]
    cases = {"": right, "missing": right[:2] + right[3:], "twice": right + [("a", "1 0 2", 1, 4)], "out of order": right[:1] + [right[2], right[1], right[3]]}
    for kind, rows in cases.items():
        kinds, *_ = judge(doubled, log(rows))
        if dict(kinds) != ({kind: 1} if kind else {}):
            sys.exit(f"FAILED: the judge finds {dict(kinds)} where there is {kind or 'nothing'!r} and one is twice in the input")
    if repeated(doubled) != 1:
        sys.exit("FAILED: the judge does not see what is twice in the input")
    kinds, *_ = judge(log([("a", "0", 0, 0), ("a", "2", 0, 1)]), log([("a", "0 0 0", 1, 0), ("a", "2 0 1", 1, 1)]))
    if not kinds["wrong in the input"]:
        sys.exit("FAILED: the judge does not see a gap in the input")


if __name__ == "__main__":
    self_test()
