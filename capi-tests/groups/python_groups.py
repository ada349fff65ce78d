"""confluent-kafka-python: two processes share a group, with each assignor. Run by capi-tests/python/run.sh with this folder in
PYTHONPATH; called with arguments this file is one of the processes, as tools/member.c is one."""
import os
import subprocess
import sys
import time
import unittest
import uuid

from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from crew import Process, now, parts, records  # noqa: E402


def member(servers, group, topic, strategy):
    """Consumes until its standard input ends; commits by itself, synchronously, after each message that ends with 7."""
    def line(text):
        sys.stdout.write(f"{now()} {text}\n")
        sys.stdout.flush()

    def names(partitions):
        return ",".join(f"{p.topic}:{p.partition}" for p in partitions)

    committed = []
    consumer = Consumer({"bootstrap.servers": servers, "group.id": group, "partition.assignment.strategy": strategy,
                         "auto.offset.reset": "earliest", "heartbeat.interval.ms": 300, "enable.auto.offset.store": False,
                         "on_commit": lambda err, offsets: committed.append(err)})
    consumer.subscribe([topic], on_assign=lambda c, p: line("assign " + names(p)), on_revoke=lambda c, p: line("revoke " + names(p)),
                       on_lost=lambda c, p: line("lost " + names(p)))
    os.set_blocking(0, False)
    while not sys.stdin.buffer.read(1):
        m = consumer.poll(0.1)
        if m is None:
            continue
        if m.error():
            line(f"error {m.error()}")
            continue
        line(f"m {m.topic()}:{m.partition()}:{m.offset()}:{m.value().decode()}")
        consumer.store_offsets(m)
        if m.value().endswith(b"7"):
            try:
                if any(p.error for p in consumer.commit(asynchronous=False)):
                    line("failed commit of a partition")
            except Exception as e:  # noqa: BLE001
                # A rebalance may be under way: the offset is committed when the partition is given up.
                if e.args[0].code() not in (KafkaError.REBALANCE_IN_PROGRESS, KafkaError.ILLEGAL_GENERATION, KafkaError._NO_OFFSET):
                    line(f"failed commit: {e}")
    consumer.close()
    line(f"committed {len(committed)} {sum(1 for e in committed if e)}")
    line("closed")


class Group(unittest.TestCase):
    PARTITIONS = 4

    def setUp(self):
        self.servers = os.environ["BOOTSTRAP"]
        self.topic, self.group = "python-group-" + uuid.uuid4().hex, "python-" + uuid.uuid4().hex
        subprocess.run([sys.executable, os.environ["ADMIN"], "--bootstrap-server", self.servers, "--create", "--topic", self.topic,
                        "--partitions", str(self.PARTITIONS)], check=True)
        self.held, self.got, self.bad, self.events, self.members = {}, [], [], [], []

    def tearDown(self):
        for m in self.members:
            m.kill()

    def on_line(self, process, at, word, rest):
        mine = self.held.setdefault(process.name, set())
        if word == "assign":
            mine.update(parts(rest))
        elif word == "revoke":
            mine.difference_update(parts(rest))
        elif word == "m":
            self.got += [(process.name, p[1], offset, value) for p, offset, value in records(rest)]
        elif word in ("lost", "failed", "error"):
            self.bad.append(f"{process.name}: {word} {rest}")
        elif word == "committed":
            self.events.append(rest)

    def start(self, name, strategy):
        m = Process(name, [sys.executable, os.path.abspath(__file__), self.servers, self.group, self.topic, strategy], self.on_line)
        self.members.append(m)
        return m

    def fill(self, first, count):
        producer = Producer({"bootstrap.servers": self.servers})
        for n in range(first, first + count):
            for p in range(self.PARTITIONS):
                producer.produce(self.topic, f"m{n}", partition=p)
        self.assertEqual(producer.flush(30), 0)

    def until(self, condition, what):
        deadline = time.monotonic() + 60
        while not condition():
            if time.monotonic() > deadline:
                self.fail(f"{what}: {self.held}, {len(self.got)} messages, {self.bad}")
            time.sleep(0.02)

    def sizes(self):
        return {name: len(mine) for name, mine in self.held.items()}

    def two_processes(self, strategy):
        self.fill(0, 100)
        a = self.start("a", strategy)
        self.until(lambda: self.sizes() == {"a": 4} and len(self.got) == 400, "the first has all")
        b = self.start("b", strategy)
        self.until(lambda: self.sizes() == {"a": 2, "b": 2} and not self.held["a"] & self.held["b"], "they share")
        self.fill(100, 50)
        self.until(lambda: len(self.got) >= 600, "both consume")
        self.assertEqual({name for name, *_ in self.got if name == "b"}, {"b"})
        self.assertIsNotNone(b.close(30))
        self.until(lambda: self.sizes() == {"a": 4, "b": 0}, "the first has all again")
        self.fill(150, 10)
        self.until(lambda: len(self.got) >= 640, "the first goes on")
        self.assertIsNotNone(a.close(30))
        self.assertEqual([m.child.returncode for m in self.members], [0, 0])
        self.assertEqual(self.bad, [])
        self.assertEqual(sorted((p, o, v) for _, p, o, v in self.got),
                         sorted((p, n, f"m{n}") for p in range(self.PARTITIONS) for n in range(160)))
        self.assertEqual(len(self.events), 2)
        for line in self.events:
            self.assertGreater(int(line.split()[0]), 0, "no commit was reported")
        consumer = Consumer({"bootstrap.servers": self.servers, "group.id": self.group})
        at = consumer.committed([TopicPartition(self.topic, p) for p in range(self.PARTITIONS)], timeout=60)
        consumer.close()
        self.assertEqual([p.offset for p in at], [160] * self.PARTITIONS)

    def test_range(self):
        self.two_processes("range")

    def test_roundrobin(self):
        self.two_processes("roundrobin")

    def test_cooperative_sticky(self):
        self.two_processes("cooperative-sticky")


if __name__ == "__main__":
    member(*sys.argv[1:])
