"""Transactional producers of several clients fence each other by one transactional.id: whichever is initialised last works, the
other one gets to know that it is fenced, and nothing of its open transaction is seen.

usage: fence.py BOOTSTRAP NAME=COMMAND...      COMMAND BOOTSTRAP TOPIC is an agent: see agent.py. All pairs are tried, in both orders.
"""
import shlex
import subprocess
import sys
import time
import uuid

from confluent_kafka import Consumer, KafkaError, OFFSET_BEGINNING, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

RUN = uuid.uuid4().hex[:8]
TOPIC = f"fencing-{RUN}"
failures = []


class Agent:
    def __init__(self, name, command, bootstrap):
        self.name = name
        self.process = subprocess.Popen([*shlex.split(command), bootstrap, TOPIC], text=True, bufsize=1,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def call(self, slot, command, argument=""):
        self.process.stdin.write(f"{slot} {command} {argument}\n")
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit(f"the agent {self.name} ended with {self.process.wait()}")
        return answer.strip()

    def close(self):
        self.process.stdin.close()
        return self.process.wait(60)


# What the old one does when the new one is there: calls that it makes until it is fenced.
WAYS = {
    # Its transaction was open.
    "open": ["commit"],
    "open, aborts": ["abort", "begin", "produce", "commit"],
    # It was between two.
    "idle": ["begin", "produce", "commit"],
    # An abort while the message is still on its way. To a coordinator that has just aborted a transaction of the next epoch it
    # looks like the same abort once more, which is answered with that epoch: the new one's (KIP-890). The Java client of Kafka 4.2
    # takes it, and goes on as the new one.
    "idle, aborts": ["begin", "send", "abort", "begin", "produce", "commit"],
}


class Case:
    def __init__(self, old, new, way):
        self.old, self.new, self.way = old, new, way
        self.name = f"{new.name} after {old.name}, {way}"
        self.id = f"{RUN}-{old.name}-{new.name}-{way.replace(', ', '-')}"
        self.ok = True

    def expect(self, agent, slot, wanted, command, argument=""):
        answer = agent.call(slot, command, argument)
        if answer not in wanted:
            self.fail(f"{slot}'s {command}: {answer}, not {' or '.join(wanted)}")

    def fail(self, why):
        self.ok = False
        failures.append(f"{self.name}: {why}")

    def transaction(self, agent, slot, value, end="commit"):
        self.expect(agent, slot, ["ok"], "begin")
        self.expect(agent, slot, ["ok"], "produce", value)
        self.expect(agent, slot, ["ok"], end)

    def get_fenced(self):
        """Whichever call it is that learns of it; one that must abort learns of it by that.

        Kafka takes an abort of the epoch before the last one, after a commit that has not raised it (transaction version 1), for one
        that is sent again, and not for a fenced producer's. The Java client then ends with InvalidTxnStateException.
        """
        ends = ["fenced"] + ["abort InvalidTxnStateException"] * (self.old.name == "java" and self.new.name == "python")
        for command in WAYS[self.way]:
            answer = self.old.call("old", command, f"{self.id}-fenced")
            if answer.startswith("abort") and answer not in ends:
                answer = self.old.call("old", "abort")
            if answer in ends:
                break
            if answer != "ok":
                return self.fail(f"{command}: {answer}")
        else:
            return self.fail("it was not fenced")
        # It stays so.
        answer = self.old.call("old", "begin")
        if answer not in ends:
            self.fail(f"begin after it was fenced: {answer}")

    def run(self):
        """Returns what must be seen."""
        seen = [f"{self.id}-first", f"{self.id}-new", f"{self.id}-again"]
        self.expect(self.old, "old", ["ok"], "new", self.id)
        self.transaction(self.old, "old", seen[0])
        if self.way.startswith("open"):
            self.expect(self.old, "old", ["ok"], "begin")
            self.expect(self.old, "old", ["ok"], "produce", f"{self.id}-open")
        self.expect(self.new, "new", ["ok"], "new", self.id)
        self.transaction(self.new, "new", seen[1])
        if self.way.endswith("aborts"):
            self.transaction(self.new, "new", f"{self.id}-aborted", "abort")
        self.get_fenced()
        # The new one has not noticed anything.
        self.transaction(self.new, "new", seen[2])
        return seen


def committed(bootstrap, wanted):
    """What a reader of committed messages gets, until the end of the topic."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": RUN, "isolation.level": "read_committed",
                         "enable.auto.commit": False, "enable.partition.eof": True})
    consumer.assign([TopicPartition(TOPIC, 0, OFFSET_BEGINNING)])
    values, deadline = [], time.monotonic() + 60
    while time.monotonic() < deadline:
        message = consumer.poll(1)
        if message is None:
            continue
        if not message.error():
            values.append(message.value().decode())
        elif message.error().code() == KafkaError._PARTITION_EOF and len(values) >= len(wanted):
            break
    consumer.close()
    return values


def main():
    bootstrap = sys.argv[1]
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic(TOPIC, 1, 1)])[TOPIC].result(60)
    agents = [Agent(*pair.split("=", 1), bootstrap) for pair in sys.argv[2:]]
    wanted, count = [], 0
    for old in agents:
        for new in agents:
            for way in WAYS:
                if old.name == "java" and way == "idle, aborts":
                    continue
                case = Case(old, new, way)
                wanted += case.run()
                count += 1
                if not case.ok:
                    print(f"not ok {case.name}")
    values = committed(bootstrap, wanted)
    if values != wanted:
        extra = [v for v in values if v not in wanted]
        failures.append(f"{len(values)} messages are seen, not {len(wanted)}; that must not be: {extra}; "
                        f"missing: {[v for v in wanted if v not in values]}")
    for agent in agents:
        code = agent.close()
        if code:
            failures.append(f"the agent {agent.name} ended with {code}")
    for failure in failures:
        print(f"FAIL {failure}")
    print(f"fencing: {count} cases of {', '.join(a.name for a in agents)}, {len(failures)} failures")
    return 1 if failures else 0


sys.exit(main())
