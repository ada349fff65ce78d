#!/usr/bin/env python3
"""Members of the Java client, of the original librdkafka and of this library in one group, with each assignor.

  mixed.py [--strategy NAME]... [--rounds N]      BOOTSTRAP, TOOLS, OURS, ORIGINAL (library folders), JARS

A strategy is an assignor of the classic protocol, `consumer` (all are members by the consumer protocol, KIP-848), or `migrating`:
the group goes from the one protocol to the other and back while it is consumed. Members join and leave one after the other; each
client begins a group once, and so leads a classic one. After each step every
partition has one owner and the shares are even; at no time is a partition given to a member while another one holds it; all
messages that are produced meanwhile are consumed, and no offset is skipped.
"""
import argparse
import os
import subprocess
import sys
import time
import uuid

from crew import TOOLS, Process, membership, parts, records

HERE = os.path.dirname(os.path.abspath(__file__))
SIZES = (7, 4)
# Which of the three clients joins (+) or leaves (-, the one that has been there longest).
STEPS = ["+0", "+1", "+2", "+0", "-0", "+1", "-1", "-2", "+2", "-0", "-1"]
# The same; c: by the consumer protocol.
MIGRATION = ["+0", "+1", "+0c", "+2c", "-0", "+1c", "-1", "+2", "-0", "+0", "-2", "-1", "-2", "+1"]
CLASSIC = "cooperative-sticky"


class Mixed:
    def __init__(self, bootstrap, strategy, first):
        self.bootstrap, self.strategy = bootstrap, strategy
        self.steps = MIGRATION if strategy == "migrating" else STEPS
        kinds = ["ours", "java", "original"]
        self.kinds = kinds[first:] + kinds[:first]
        run = uuid.uuid4().hex[:8]
        self.group = "mixed-" + run
        self.topics = {f"mixed-{run}-{i}": n for i, n in enumerate(SIZES)}
        self.all = [(t, p) for t, n in self.topics.items() for p in range(n)]
        self.events, self.problems, self.members = [], [], []
        self.seen, self.acked = {}, {}
        admin = os.path.join(HERE, "..", "kafka", "admin.py")
        for topic, n in self.topics.items():
            subprocess.run([sys.executable, admin, "--bootstrap-server", bootstrap, "--create", "--topic", topic, "--partitions", str(n)],
                           check=True)

    def on_line(self, process, at, word, rest):
        self.events.append((at, process.name, word, rest))
        if word == "m":
            for p, offset, _ in records(rest):
                self.seen.setdefault(p, set()).add(offset)
        elif word == "acked":
            for p, offset, _ in records(rest):
                self.acked.setdefault(p, set()).add(offset)
        elif word == "failed":
            self.problems.append(f"{process.name}: {rest}")

    def configure_group(self):
        """With the consumer protocol the times are the group's."""
        java = ["java", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp",
                os.environ["JARS"] + "/*", "kafka.admin.ConfigCommand"]
        subprocess.run(java + ["--bootstrap-server", self.bootstrap, "--alter", "--entity-type", "groups", "--entity-name", self.group,
                               "--add-config", "consumer.heartbeat.interval.ms=300,consumer.session.timeout.ms=20000"],
                       check=True, stdout=subprocess.DEVNULL)

    def join(self, kind, number, protocol):
        name = f"{kind}{number}{protocol[:2]}"
        strategy = CLASSIC if self.strategy == "migrating" else self.strategy
        options = {"bootstrap.servers": self.bootstrap, "group.id": self.group, "client.id": name, "auto.commit.interval.ms": 500,
                   **membership(protocol, strategy, 20000, 300)}
        if kind == "java":
            argv = ["java", "-Xmx96m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp", f"{TOOLS}:{os.environ['JARS']}/*", "Member"]
        else:
            argv = [TOOLS + "/member"]
        library = {"ours": os.environ["OURS"], "original": os.environ["ORIGINAL"]}.get(kind)
        argv += [",".join(self.topics)] + [f"{k}={v}" for k, v in options.items()]
        process = Process(name, argv, self.on_line, library)
        process.kind = kind
        self.members.append(process)
        return name

    def held(self):
        held = {}
        with Process.lock:
            events = sorted(self.events)
        for _, name, word, rest in events:
            mine = held.setdefault(name, set())
            if word == "assign":
                mine.update(parts(rest))
            elif word in ("revoke", "lost"):
                mine.difference_update(parts(rest))
        return held

    def even(self):
        """Every partition has one owner, every member its share; what is not so otherwise."""
        held = self.held()
        mine = [held.get(m.name, set()) for m in self.members]
        if sorted(p for one in mine for p in one) != sorted(self.all):
            return f"owners: { {m.name: sorted(one) for m, one in zip(self.members, mine)} }"
        counted = [[sum(1 for p in one if p[0] == t) for one in mine] for t in self.topics] if self.strategy == "range" else \
                  [[len(one) for one in mine]]
        for counts in counted:
            if max(counts) - min(counts) > 1:
                return f"shares: {counts}"
        return None

    def calm(self, what):
        """Waits until it is even and stays so for longer than a heartbeat takes to bring news."""
        deadline, since, why = time.monotonic() + 60, None, None
        while time.monotonic() < deadline:
            why = self.even()
            since = None if why else since or time.monotonic()
            if since and time.monotonic() - since > 1.2:
                return
            time.sleep(0.05)
        self.problems.append(f"after {what}: {why or 'it does not stay as it is'}")

    def run(self):
        feeder = Process("feeder", [TOOLS + "/feeder", "110", ",".join(f"{t}:{n}" for t, n in self.topics.items()),
                                    f"bootstrap.servers={self.bootstrap}"], self.on_line, os.environ["OURS"])
        number = 0
        if self.strategy in ("consumer", "migrating"):
            self.configure_group()
        for step in self.steps:
            kind = self.kinds[int(step[1])]
            if step[0] == "+":
                number += 1
                protocol = "consumer" if step[2:] == "c" or self.strategy == "consumer" else "classic"
                what = f"{self.join(kind, number, protocol)} joined"
            else:
                leaving = next(m for m in self.members if m.kind == kind)
                self.members.remove(leaving)
                what = f"{leaving.name} left"
                if leaving.close(30) is None or leaving.child.returncode != 0:
                    self.problems.append(f"{leaving.name} did not close")
            self.calm(what)
        if feeder.close(30) is None:
            self.problems.append("the feeder does not end")
        deadline = time.monotonic() + 90
        while self.missing() and time.monotonic() < deadline:
            time.sleep(0.1)
        for m in self.members:
            if m.close(90) is None or m.child.returncode != 0:
                self.problems.append(f"{m.name} did not close")
        self.judge()

    def missing(self):
        with Process.lock:
            return sum(len(offsets - self.seen.get(p, set())) for p, offsets in self.acked.items())

    def judge(self):
        owner, following, reached, counts = {}, {}, {}, {}
        for _, name, word, rest in sorted(self.events):
            counts[word] = counts.get(word, 0) + 1
            if word == "assign":
                for p in parts(rest):
                    if p in owner:
                        self.problems.append(f"{p} is given to {name} while {owner[p]} has it")
                    owner[p] = name
                    following[p] = None
            elif word in ("revoke", "lost"):
                if word == "lost":
                    self.problems.append(f"{name} has lost {rest}")
                for p in parts(rest):
                    if owner.pop(p, None) != name:
                        self.problems.append(f"{p} is taken from {name}, which does not have it")
            elif word == "m":
                for p, offset, _ in records(rest):
                    if owner.get(p) != name:
                        self.problems.append(f"{name} consumes {p}, which it does not have")
                    expected = following.get(p)
                    if offset != expected if expected is not None else offset > reached.get(p, 0):
                        self.problems.append(f"{name}: {p}: offset {offset}, expected {expected}, {reached.get(p, 0)} were consumed")
                    following[p] = offset + 1
                    reached[p] = max(reached.get(p, 0), offset + 1)
        if self.missing():
            self.problems.append(f"{self.missing()} messages were not consumed")
        total = sum(map(len, self.acked.values()))
        if not total:
            self.problems.append("nothing was produced")
        print(f"{self.strategy}, begun by {self.kinds[0]}: {len(self.steps)} steps, {counts.get('assign', 0)} assignments, "
              f"{total} messages: " + ("ok" if not self.problems else "FAILED"), flush=True)
        for p in self.problems[:10]:
            print("  FAILED: " + p, flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--strategy", action="append")
    parser.add_argument("--rounds", type=int, default=3, help="how many clients begin a group")
    args = parser.parse_args()
    failed = 0
    for strategy in args.strategy or ["range", "roundrobin", "cooperative-sticky", "consumer", "migrating"]:
        for first in range(args.rounds):
            mixed = Mixed(os.environ["BOOTSTRAP"], strategy, first)
            try:
                mixed.run()
            finally:
                for m in mixed.members:
                    m.signal(9)
            failed += bool(mixed.problems)
            if mixed.problems and os.environ.get("EVENTS"):
                with open(os.environ["EVENTS"], "w") as out:
                    for at, name, word, rest in sorted(mixed.events):
                        print(f"{at / 1e6:.3f} {name:10} {word} {rest[:300]}", file=out)
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
