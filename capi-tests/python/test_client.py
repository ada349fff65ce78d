"""confluent-kafka-python's producer, and its consumer with assigned partitions, on a real Kafka (BOOTSTRAP)."""
import multiprocessing
import os
import subprocess
import sys
import time
import unittest
import uuid

import confluent_kafka
from confluent_kafka import (OFFSET_BEGINNING, OFFSET_END, OFFSET_INVALID, TIMESTAMP_CREATE_TIME, Consumer, KafkaError, KafkaException,
                             Producer, TopicPartition)

BOOTSTRAP = os.environ["BOOTSTRAP"]


def new_topic(partitions=1):
    name = "python-" + uuid.uuid4().hex
    subprocess.run([sys.executable, os.environ["ADMIN"], "--bootstrap-server", BOOTSTRAP, "--create", "--topic", name,
                    "--partitions", str(partitions)], check=True)
    return name


def fill(topic, count, partition=0, first_timestamp=1_700_000_000_000):
    """Messages m0, m1, ...; message n carries the time first_timestamp + 1000 n."""
    errors = []
    producer = Producer({"bootstrap.servers": BOOTSTRAP})
    for n in range(count):
        producer.produce(topic, f"m{n}", key=f"k{n}", partition=partition, timestamp=first_timestamp + 1000 * n,
                         on_delivery=lambda err, msg: errors.append(err) if err else None)
        producer.poll(0)
    assert producer.flush(30) == 0 and not errors, errors


class Produce(unittest.TestCase):
    def test_version(self):
        version, number = confluent_kafka.libversion()
        self.assertTrue(version.startswith("2.16.0"), version)
        self.assertEqual(number, 0x021000FF)

    def test_delivery_reports(self):
        topic = new_topic(3)
        got = []
        producer = Producer({"bootstrap.servers": BOOTSTRAP, "linger.ms": 10})
        for n in range(1000):
            producer.produce(topic, b"value %d" % n, b"key %d" % (n % 10), headers=[("n", str(n)), ("n", b"again"), ("empty", b""), ("null", None)],
                             on_delivery=lambda err, msg: got.append((err, msg)))
        self.assertEqual(len(producer), 1000)
        self.assertEqual(producer.flush(30), 0)
        self.assertEqual([e for e, _ in got if e], [])
        self.assertEqual(len(got), 1000)
        by_partition = {}
        for _, m in got:
            by_partition.setdefault(m.partition(), []).append(m)
            self.assertEqual(m.topic(), topic)
            self.assertIsNotNone(m.latency())
        for messages in by_partition.values():
            self.assertEqual([m.offset() for m in messages], list(range(len(messages))))
        keys = {}
        for _, m in got:
            self.assertEqual(keys.setdefault(m.key(), m.partition()), m.partition())

    def test_timestamp_and_headers_come_back(self):
        topic = new_topic()
        producer = Producer({"bootstrap.servers": BOOTSTRAP})
        producer.produce(topic, b"v", b"k", partition=0, timestamp=1234567890123, headers={"a": "1"})
        producer.produce(topic, None, None, partition=0)
        producer.produce(topic, b"", b"", partition=0)
        self.assertEqual(producer.flush(30), 0)
        consumer = Consumer({"bootstrap.servers": BOOTSTRAP, "group.id": "python"})
        consumer.assign([TopicPartition(topic, 0, 0)])
        first, second, third = consumer.consume(3, 20)
        self.assertEqual(first.timestamp(), (TIMESTAMP_CREATE_TIME, 1234567890123))
        self.assertEqual(first.headers(), [("a", b"1")])
        self.assertEqual((first.key(), first.value()), (b"k", b"v"))
        self.assertEqual((second.key(), second.value(), second.headers()), (None, None, None))
        self.assertEqual((third.key(), third.value()), (b"", b""))
        consumer.close()

    def test_too_large(self):
        producer = Producer({"bootstrap.servers": BOOTSTRAP, "message.max.bytes": 100000})
        with self.assertRaises(KafkaException) as caught:
            producer.produce("any", b"x" * 200000)
        self.assertEqual(caught.exception.args[0].code(), KafkaError.MSG_SIZE_TOO_LARGE)

    def test_queue_full(self):
        producer = Producer({"bootstrap.servers": "127.0.0.1:1", "queue.buffering.max.messages": 10, "message.timeout.ms": 500, "log_level": 0})
        with self.assertRaises(BufferError):
            for _ in range(11):
                producer.produce("any", b"x")
        # What waits for the application, such as an error, counts as well.
        self.assertGreaterEqual(len(producer), 10)
        producer.purge()
        self.assertEqual(producer.flush(10), 0)

    def test_message_timeout(self):
        failed = []
        producer = Producer({"bootstrap.servers": "127.0.0.1:1", "message.timeout.ms": 500, "log_level": 0})
        producer.produce("any", b"x", on_delivery=lambda err, msg: failed.append(err.code()))
        self.assertEqual(producer.flush(20), 0)
        self.assertEqual(failed, [KafkaError._MSG_TIMED_OUT])

    def test_unknown_partition(self):
        topic, failed = new_topic(2), []
        producer = Producer({"bootstrap.servers": BOOTSTRAP})
        producer.produce(topic, b"x", partition=7, on_delivery=lambda err, msg: failed.append(err.code()))
        self.assertEqual(producer.flush(30), 0)
        self.assertEqual(failed, [KafkaError._UNKNOWN_PARTITION])

    def test_list_topics(self):
        topic = new_topic(5)
        producer = Producer({"bootstrap.servers": BOOTSTRAP})
        metadata = producer.list_topics(timeout=60)
        self.assertEqual(sorted(metadata.topics[topic].partitions), [0, 1, 2, 3, 4])
        self.assertEqual([f"{b.host}:{b.port}" for b in metadata.brokers.values()], BOOTSTRAP.split(","))
        self.assertIn(metadata.controller_id, metadata.brokers)
        one = producer.list_topics(topic, timeout=60)
        self.assertEqual(list(one.topics), [topic])

    def test_bad_configuration(self):
        for key, value, code in (("no.such.property", 1, KafkaError._INVALID_ARG), ("linger.ms", "soon", KafkaError._INVALID_ARG),
                                 ("acks", 99999, KafkaError._INVALID_ARG)):
            with self.assertRaises(KafkaException) as caught:
                Producer({"bootstrap.servers": BOOTSTRAP, key: value})
            self.assertEqual(caught.exception.args[0].code(), code, key)
            self.assertIn(key, caught.exception.args[0].str().replace("queue.buffering.max.ms", "linger.ms").replace("request.required.acks", "acks"))

    def test_statistics(self):
        import json
        seen = []
        producer = Producer({"bootstrap.servers": BOOTSTRAP, "statistics.interval.ms": 100, "stats_cb": lambda s: seen.append(json.loads(s))})
        topic = new_topic()
        producer.produce(topic, b"x")
        producer.flush(20)
        deadline = time.monotonic() + 60
        while not any(topic in s["topics"] for s in seen) and time.monotonic() < deadline:
            producer.poll(0.1)
        self.assertTrue(any(topic in s["topics"] for s in seen))
        self.assertEqual(seen[-1]["type"], "producer")


class Consume(unittest.TestCase):
    COUNT = 200
    START = 1_700_000_000_000

    @classmethod
    def setUpClass(cls):
        cls.topic = new_topic(2)
        fill(cls.topic, cls.COUNT, first_timestamp=cls.START)

    def setUp(self):
        self.consumer = Consumer({"bootstrap.servers": BOOTSTRAP, "group.id": "python-" + uuid.uuid4().hex, "enable.auto.commit": False,
                                  "enable.partition.eof": True, "auto.offset.reset": "error"})
        self.addCleanup(self.consumer.close)

    def take(self, count, timeout=60):
        """The next messages by poll(); an end of partition counts as the string "eof"."""
        out, deadline = [], time.monotonic() + timeout
        while len(out) < count and time.monotonic() < deadline:
            m = self.consumer.poll(0.5)
            if m is None:
                continue
            if m.error():
                self.assertEqual(m.error().code(), KafkaError._PARTITION_EOF, m.error())
                out.append("eof")
            else:
                out.append(m.value().decode())
        return out

    def names(self, first, last):
        return [f"m{n}" for n in range(first, last)]

    def test_assign_and_poll(self):
        self.consumer.assign([TopicPartition(self.topic, 0, OFFSET_BEGINNING)])
        self.assertEqual(self.take(self.COUNT + 1), self.names(0, self.COUNT) + ["eof"])
        self.assertEqual(self.consumer.assignment(), [TopicPartition(self.topic, 0)])
        self.consumer.unassign()
        self.assertEqual(self.consumer.assignment(), [])

    def test_assign_end_and_offset(self):
        self.consumer.assign([TopicPartition(self.topic, 0, OFFSET_END)])
        self.assertEqual(self.take(1), ["eof"])
        self.consumer.assign([TopicPartition(self.topic, 0, 190)])
        self.assertEqual(self.take(11), self.names(190, 200) + ["eof"])

    def test_consume(self):
        self.consumer.assign([TopicPartition(self.topic, 0, 0)])
        got = []
        deadline = time.monotonic() + 60
        while len(got) < 150 and time.monotonic() < deadline:
            got += [m.value().decode() for m in self.consumer.consume(150 - len(got), 1.0)]
        self.assertEqual(got, self.names(0, 150))
        self.assertEqual(self.take(1), ["m150"])

    def test_seek(self):
        self.consumer.assign([TopicPartition(self.topic, 0, 0)])
        self.assertEqual(self.take(5), self.names(0, 5))
        self.consumer.seek(TopicPartition(self.topic, 0, 100))
        self.assertEqual(self.take(5), self.names(100, 105))
        self.consumer.seek(TopicPartition(self.topic, 0, 3))
        self.assertEqual(self.take(3), self.names(3, 6))

    def test_seek_not_assigned(self):
        with self.assertRaises(KafkaException) as caught:
            self.consumer.seek(TopicPartition(self.topic, 0, 1))
        self.assertEqual(caught.exception.args[0].code(), KafkaError._UNKNOWN_PARTITION)

    def test_pause_resume(self):
        here = [TopicPartition(self.topic, 0, 0)]
        self.consumer.assign(here)
        self.assertEqual(self.take(10), self.names(0, 10))
        self.consumer.pause(here)
        self.assertIsNone(self.consumer.poll(1.0))
        self.consumer.resume(here)
        self.assertEqual(self.take(10), self.names(10, 20))

    def test_position(self):
        here = [TopicPartition(self.topic, 0, 20)]
        self.consumer.assign(here)
        self.assertEqual(self.consumer.position(here)[0].offset, OFFSET_INVALID)
        self.assertEqual(self.take(5), self.names(20, 25))
        self.assertEqual(self.consumer.position(here)[0].offset, 25)

    def test_watermarks(self):
        part = TopicPartition(self.topic, 0)
        self.assertEqual(self.consumer.get_watermark_offsets(part, timeout=60), (0, self.COUNT))
        self.assertEqual(self.consumer.get_watermark_offsets(TopicPartition(self.topic, 1), timeout=60), (0, 0))
        self.consumer.assign([TopicPartition(self.topic, 0, 0)])
        self.take(1)
        self.assertEqual(self.consumer.get_watermark_offsets(part, cached=True), (0, self.COUNT))

    def test_watermarks_unknown(self):
        with self.assertRaises(KafkaException) as caught:
            self.consumer.get_watermark_offsets(TopicPartition(self.topic, 9), timeout=60)
        self.assertIn(caught.exception.args[0].code(), (KafkaError._UNKNOWN_PARTITION, KafkaError.UNKNOWN_TOPIC_OR_PART))

    def test_offsets_for_times(self):
        at = [TopicPartition(self.topic, 0, self.START + 50 * 1000), TopicPartition(self.topic, 1, self.START)]
        found = self.consumer.offsets_for_times(at, timeout=60)
        self.assertEqual([(p.partition, p.offset, p.error) for p in found], [(0, 50, None), (1, OFFSET_END, None)])
        between = self.consumer.offsets_for_times([TopicPartition(self.topic, 0, self.START + 50 * 1000 + 1)], timeout=60)
        self.assertEqual(between[0].offset, 51)
        late = self.consumer.offsets_for_times([TopicPartition(self.topic, 0, self.START + 10 ** 9)], timeout=60)
        self.assertEqual(late[0].offset, OFFSET_END)

    def test_commit_without_membership(self):
        part = TopicPartition(self.topic, 0, 42)
        self.consumer.assign([TopicPartition(self.topic, 0, 0)])
        self.assertEqual(self.consumer.commit(offsets=[part], asynchronous=False)[0].offset, 42)
        self.assertEqual(self.consumer.committed([TopicPartition(self.topic, 0)], timeout=60)[0].offset, 42)
        self.assertEqual(self.consumer.committed([TopicPartition(self.topic, 1)], timeout=60)[0].offset, OFFSET_INVALID)

    def test_out_of_range(self):
        self.consumer.assign([TopicPartition(self.topic, 0, 100000)])
        deadline = time.monotonic() + 60
        m = None
        while m is None and time.monotonic() < deadline:
            m = self.consumer.poll(1)
        self.assertEqual(m.error().code(), KafkaError._AUTO_OFFSET_RESET)

    def test_two_partitions_in_order(self):
        topic = new_topic(2)
        fill(topic, 300, 0)
        fill(topic, 300, 1)
        self.consumer.assign([TopicPartition(topic, 0, 0), TopicPartition(topic, 1, 0)])
        got, deadline = {0: [], 1: []}, time.monotonic() + 60
        while sum(map(len, got.values())) < 600 and time.monotonic() < deadline:
            for m in self.consumer.consume(100, 0.5):
                if not m.error():
                    got[m.partition()].append(m.value().decode())
        self.assertEqual(got, {0: self.names(0, 300), 1: self.names(0, 300)})

    def test_incremental_assign(self):
        self.consumer.incremental_assign([TopicPartition(self.topic, 0, 195)])
        self.assertEqual(self.take(6), self.names(195, 200) + ["eof"])
        self.consumer.incremental_assign([TopicPartition(self.topic, 1, 0)])
        self.assertEqual(self.take(1), ["eof"])
        self.consumer.incremental_unassign([TopicPartition(self.topic, 0)])
        self.assertEqual(self.consumer.assignment(), [TopicPartition(self.topic, 1)])

    def test_closed(self):
        self.consumer.close()
        with self.assertRaises(RuntimeError):
            self.consumer.poll(1)


def write_from_child(topic, inherited, names, out):
    """What a child process gets from its parent's producer, and whether its own works."""
    try:
        inherited.produce(topic, b"inherited")
        refused = None
    except KafkaException as e:
        refused = e.args[0].code()
    left = inherited.flush(5)
    errors = []
    own = Producer({"bootstrap.servers": BOOTSTRAP, "linger.ms": 0})
    for name in names:
        own.produce(topic, name, on_delivery=lambda err, msg: errors.append(str(err)) if err else None)
    out.put((refused, inherited.poll(0), left, own.flush(30), errors))


class Fork(unittest.TestCase):
    """multiprocessing with its "fork" method, as pools and web servers use it."""

    def run_children(self, count, **conf):
        context = multiprocessing.get_context("fork")
        topic = new_topic()
        producer = Producer({"bootstrap.servers": BOOTSTRAP, **conf})
        failed = []
        for n in range(10):
            producer.produce(topic, f"before{n}", on_delivery=lambda err, msg: failed.append(str(err)) if err else None)
        out = context.Queue()
        names = [[f"child{c}-{n}" for n in range(5)] for c in range(count)]
        children = [context.Process(target=write_from_child, args=(topic, producer, names[c], out)) for c in range(count)]
        for child in children:
            child.start()
        for n in range(10):
            producer.produce(topic, f"after{n}", on_delivery=lambda err, msg: failed.append(str(err)) if err else None)
        self.assertEqual(producer.flush(30), 0)
        answers = [out.get(timeout=120) for _ in children]
        for child in children:
            child.join(120)
            self.assertEqual(child.exitcode, 0)
        self.assertEqual(answers, [(KafkaError._STATE, 0, 0, 0, [])] * count)
        self.assertEqual(failed, [])
        return topic, names

    def read(self, topic):
        consumer = Consumer({"bootstrap.servers": BOOTSTRAP, "group.id": "fork-" + uuid.uuid4().hex, "enable.partition.eof": True})
        consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
        values, deadline = [], time.monotonic() + 60
        while time.monotonic() < deadline:
            m = consumer.poll(1)
            if m is not None and m.error():
                self.assertEqual(m.error().code(), KafkaError._PARTITION_EOF)
                break
            if m is not None:
                values.append(m.value().decode())
        consumer.close()
        return values

    def check(self, **conf):
        topic, names = self.run_children(3, **conf)
        values = self.read(topic)
        mine = [f"before{n}" for n in range(10)] + [f"after{n}" for n in range(10)]
        self.assertEqual([v for v in values if not v.startswith("child")], mine)
        for expected in names:
            self.assertEqual([v for v in values if v in expected], expected)
        self.assertEqual(len(values), 35)

    def test_multiprocessing(self):
        self.check(**{"linger.ms": 0})

    def test_multiprocessing_idempotent(self):
        self.check(**{"linger.ms": 5, "enable.idempotence": True})

    def test_a_consumer_stays_in_its_group(self):
        topic = new_topic()
        fill(topic, 20)
        consumer = Consumer({"bootstrap.servers": BOOTSTRAP, "group.id": "fork-" + uuid.uuid4().hex, "auto.offset.reset": "earliest"})
        rebalances = []
        consumer.subscribe([topic], on_assign=lambda c, p: rebalances.append(p), on_revoke=lambda c, p: rebalances.append(p))
        first, deadline = None, time.monotonic() + 60
        while first is None and time.monotonic() < deadline:
            first = consumer.poll(1)
        self.assertEqual(first.value(), b"m0")

        def child():
            try:
                assert consumer.poll(0.5) is None
                consumer.close()
            except (RuntimeError, KafkaException):
                pass

        process = multiprocessing.get_context("fork").Process(target=child)
        process.start()
        process.join(120)
        self.assertEqual(process.exitcode, 0)
        values = []
        while len(values) < 19 and time.monotonic() < deadline:
            m = consumer.poll(1)
            if m is not None:
                self.assertIsNone(m.error())
                values.append(m.value().decode())
        self.assertEqual(values, [f"m{n}" for n in range(1, 20)])
        consumer.commit(asynchronous=False)
        self.assertEqual(len(rebalances), 1)
        consumer.close()


if __name__ == "__main__":
    unittest.main()
