"""kafka-python against a cluster: produce, a group of two, commits, transactions.

usage: peer.py BOOTSTRAP
"""

import sys
import threading
import time
import uuid

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic

BOOTSTRAP = sys.argv[1]
RUN = uuid.uuid4().hex[:8]
TOPIC, TXN_TOPIC, GROUP = f"py-{RUN}", f"py-txn-{RUN}", f"py-group-{RUN}"
PARTITIONS, MESSAGES = 4, 400


def check(condition, what):
    if not condition:
        print(f"FAIL {what}")
        sys.exit(1)


def create_topics():
    admin = KafkaAdminClient(bootstrap_servers=BOOTSTRAP)
    admin.create_topics([NewTopic(TOPIC, PARTITIONS, 1), NewTopic(TXN_TOPIC, 1, 1)])
    admin.close()
    print("ok create topics")


def produce():
    producer = KafkaProducer(bootstrap_servers=BOOTSTRAP, acks="all", linger_ms=5, compression_type="gzip")
    sent = [
        producer.send(TOPIC, key=b"k%d" % i, value=b"v%d" % i, partition=i % PARTITIONS,
                      headers=[("h", b"%d" % i)])
        for i in range(MESSAGES)
    ]
    producer.flush()
    for i, future in enumerate(sent):
        metadata = future.get(timeout=10)
        check((metadata.partition, metadata.offset) == (i % PARTITIONS, i // PARTITIONS), f"position of {i}")
    producer.close()
    print("ok produce")


def member(seen, assigned, stop, index):
    consumer = KafkaConsumer(TOPIC, bootstrap_servers=BOOTSTRAP, group_id=GROUP, auto_offset_reset="earliest",
                             enable_auto_commit=False, session_timeout_ms=10000, heartbeat_interval_ms=500)
    while not stop.is_set():
        for records in consumer.poll(timeout_ms=200).values():
            for record in records:
                seen[(record.partition, record.offset)] = (record.key, record.value, list(record.headers))
        assigned[index] = {tp.partition for tp in consumer.assignment()}
    consumer.commit()
    consumer.close(autocommit=False)


def group_of_two():
    seen, assigned, stop = {}, {}, threading.Event()
    threads = [threading.Thread(target=member, args=(seen, assigned, stop, i)) for i in range(2)]
    for t in threads:
        t.start()
    deadline = time.time() + 60
    while time.time() < deadline:
        shares = [assigned.get(i, set()) for i in range(2)]
        if len(seen) == MESSAGES and all(shares) and not shares[0] & shares[1] \
                and shares[0] | shares[1] == set(range(PARTITIONS)):
            break
        time.sleep(0.1)
    stop.set()
    for t in threads:
        t.join(30)
    check(len(seen) == MESSAGES, f"{len(seen)} of {MESSAGES} consumed")
    check(all(shares) and not shares[0] & shares[1], f"the group shares: {shares}")
    for (partition, offset), (key, value, headers) in seen.items():
        i = offset * PARTITIONS + partition
        check((key, value, headers) == (b"k%d" % i, b"v%d" % i, [("h", b"%d" % i)]), f"content of {i}")
    print("ok group of two")


def committed():
    consumer = KafkaConsumer(bootstrap_servers=BOOTSTRAP, group_id=GROUP, enable_auto_commit=False)
    for p in range(PARTITIONS):
        offset = consumer.committed(TopicPartition(TOPIC, p))
        check(offset == MESSAGES // PARTITIONS, f"committed of {p}: {offset}")
    ends = consumer.end_offsets([TopicPartition(TOPIC, p) for p in range(PARTITIONS)])
    check(set(ends.values()) == {MESSAGES // PARTITIONS}, f"end offsets {ends}")
    consumer.close()
    print("ok committed offsets")


def transactions():
    producer = KafkaProducer(bootstrap_servers=BOOTSTRAP, transactional_id=f"py-tx-{RUN}", enable_idempotence=True)
    producer.init_transactions()
    for name, commit in (("first", True), ("aborted", False), ("second", True)):
        producer.begin_transaction()
        for i in range(10):
            producer.send(TXN_TOPIC, value=f"{name}{i}".encode(), partition=0)
        producer.flush()
        producer.commit_transaction() if commit else producer.abort_transaction()
    producer.close()
    for isolation, expected in (("read_committed", 20), ("read_uncommitted", 30)):
        consumer = KafkaConsumer(bootstrap_servers=BOOTSTRAP, isolation_level=isolation,
                                 auto_offset_reset="earliest", enable_auto_commit=False)
        consumer.assign([TopicPartition(TXN_TOPIC, 0)])
        values, deadline = [], time.time() + 20
        # Three markers stand behind the messages.
        while consumer.position(TopicPartition(TXN_TOPIC, 0)) < 33 and time.time() < deadline:
            for records in consumer.poll(timeout_ms=500).values():
                values += [r.value.decode() for r in records]
        consumer.close()
        names = ("first", "aborted", "second") if expected == 30 else ("first", "second")
        check(values == [f"{n}{i}" for n in names for i in range(10)], f"{isolation}: {values}")
    print("ok transactions")


create_topics()
produce()
group_of_two()
committed()
transactions()
print("PASS kafka-python")
