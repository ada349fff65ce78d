"""confluent-kafka-python in groups of the consumer protocol (KIP-848): members that come and go, a pattern, a static
member that comes back, an assignor, offsets.

usage: consumers.py BOOTSTRAP
"""

import sys
import time
import uuid

from confluent_kafka import Consumer, ConsumerGroupState, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

BOOTSTRAP = sys.argv[1]
RUN = uuid.uuid4().hex[:8]
TOPIC, PARTITIONS, MESSAGES = f"ck-{RUN}", 6, 60
ALL = set(range(PARTITIONS))


def check(condition, what):
    if not condition:
        print(f"FAIL {what}")
        sys.exit(1)


class Member:
    """A consumer; what it has been assigned and has not lost is in `owned`."""

    def __init__(self, group, topics=(TOPIC,), **conf):
        self.owned, self.seen, self.errors = set(), 0, []
        self.consumer = Consumer({
            "bootstrap.servers": BOOTSTRAP, "group.id": f"{group}-{RUN}", "group.protocol": "consumer",
            "auto.offset.reset": "earliest", "enable.auto.commit": False,
            "error_cb": self.errors.append, **{k.replace("_", "."): v for k, v in conf.items()}})
        self.consumer.subscribe(list(topics), on_assign=self.assigned, on_revoke=self.gone, on_lost=self.gone)

    def assigned(self, consumer, partitions):
        self.owned |= {p.partition for p in partitions}
        consumer.incremental_assign(partitions)

    def gone(self, consumer, partitions):
        self.owned -= {p.partition for p in partitions}
        consumer.incremental_unassign(partitions)

    def poll(self):
        message = self.consumer.poll(0.02)
        if message is not None:
            check(not message.error(), f"message {message.error()}")
            self.seen += 1

    def close(self):
        self.consumer.close()
        self.owned = set()


def until(what, members, condition):
    deadline = time.time() + 60
    while time.time() < deadline:
        for m in members:
            m.poll()
        sets = [m.owned for m in members]
        check(sum(map(len, sets)) == len(set().union(*sets)), f"{what}: owned twice: {sets}")
        if condition():
            return
    check(False, f"{what}: {sets}, errors {[m.errors for m in members]}")


def shared(*members):
    sizes = sorted(len(m.owned) for m in members)
    return set().union(*(m.owned for m in members)) == ALL and sizes[-1] - sizes[0] <= 1


def prepare():
    admin = AdminClient({"bootstrap.servers": BOOTSTRAP})
    for future in admin.create_topics([NewTopic(TOPIC, PARTITIONS, 1)]).values():
        future.result(30)
    producer = Producer({"bootstrap.servers": BOOTSTRAP})
    for i in range(MESSAGES):
        producer.produce(TOPIC, f"v{i}", partition=i % PARTITIONS)
    check(producer.flush(30) == 0, "flush")


def come_and_go(assignor):
    conf = {"group_remote_assignor": assignor}
    a = Member(f"go-{assignor}", **conf)
    until("alone", [a], lambda: shared(a) and a.seen == MESSAGES)
    b, c = Member(f"go-{assignor}", **conf), Member(f"go-{assignor}", **conf)
    until("three", [a, b, c], lambda: shared(a, b, c))
    for m in (a, b, c):
        m.consumer.commit(offsets=[TopicPartition(TOPIC, p, 10) for p in m.owned], asynchronous=False)
    b.close()
    until("two", [a, c], lambda: shared(a, c))
    a.close()
    until("one", [c], lambda: shared(c))
    offsets = c.consumer.committed([TopicPartition(TOPIC, p) for p in ALL], 10)
    check({o.offset for o in offsets} == {10}, f"committed {offsets}")
    check(not any(m.errors for m in (a, b, c)), "errors")
    c.close()
    print(f"ok members come and go: {assignor}")


def described():
    m = Member("described", client_rack="r1")
    until("described", [m], lambda: shared(m))
    admin = AdminClient({"bootstrap.servers": BOOTSTRAP})
    group = f"described-{RUN}"
    d = admin.describe_consumer_groups([group])[group].result(30)
    check(d.state == ConsumerGroupState.STABLE and len(d.members) == 1, f"state {d.state}")
    check({p.partition for p in d.members[0].assignment.topic_partitions} == ALL, "described assignment")
    listed = admin.list_consumer_groups().result(30).valid
    check(any(g.group_id == group for g in listed), "listed")
    m.close()
    admin.delete_consumer_groups([group])[group].result(30)
    print("ok described, listed and deleted")


def pattern():
    m = Member("pattern", topics=[f"^ck-{RUN}.*"])
    until("pattern", [m], lambda: shared(m) and m.seen == MESSAGES)
    m.close()
    print("ok pattern")


def static():
    a = Member("static", group_instance_id="one")
    until("static alone", [a], lambda: shared(a))
    b = Member("static", group_instance_id="two")
    until("static both", [a, b], lambda: shared(a, b))
    had = set(b.owned)
    b.close()
    end = time.time() + 2
    until("static member away", [a], lambda: time.time() > end)
    check(a.owned == ALL - had, f"what it left was given away: {a.owned}")
    b = Member("static", group_instance_id="two")
    until("static member back", [a, b], lambda: b.owned == had)
    for m in (a, b):
        m.close()
    print("ok static member comes back")


prepare()
come_and_go("uniform")
come_and_go("range")
described()
pattern()
static()
print("PASS confluent-kafka-python, consumer protocol")
