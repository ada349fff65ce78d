#!/usr/bin/env python3
"""Six share consumers of a group on three nodes of Kafka, with explicit acknowledgement, while members and brokers are killed.

  chaos.py --seconds N [--seed N] [--rate N]      MEMBER_LIBRARY, TOOLS, SHARE_TOOLS, JARS

5 % of the records are released, 1 % rejected, some are released always. At the end the lines of all processes are read again:

 - every record that was produced ends accepted or rejected by the broker (the callback said so), or delivered as often as the
   group's limit says, or with an acknowledgement whose outcome nobody knows, since its member was killed or its connection cut;
 - no acknowledgement is confirmed of a record that was accepted or rejected before;
 - none is delivered more often than the limit; what is always released is delivered that often;
 - every member closes in time, and no poll fails.

The seed decides what happens to whom, the clock when.
"""
import argparse
import os
import random
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "groups"))
from chaos import Kafka
from crew import TOOLS, Process, now, parts, records

TOPICS = {"share-a": 8, "share-b": 4}
GROUP = "share-chaos"
LIMIT, LOCK_MS = 5, 5000
ACCEPT, RELEASE, REJECT = "1", "2", "3"
FINAL = (ACCEPT, REJECT)
# The broker has refused the acknowledgement, for sure.
REFUSED = {"INVALID_RECORD_STATE", "_INVALID_ARG", "_STATE"}
MEMBERS = 6


class Record:
    def __init__(self, number):
        self.number = number
        self.count = 0
        # member -> what it said and was not answered yet, in that order
        self.said = {}
        self.final = None
        self.unknown = False


class Chaos:
    def __init__(self, args, cluster):
        self.args, self.cluster = args, cluster
        self.rng = random.Random(args.seed)
        self.events, self.problems, self.members = [], [], {}
        self.incarnation = [0] * MEMBERS
        self.start = now()
        self.records = {}
        self.errors = {}

    def note(self, text):
        if os.environ.get("VERBOSE"):
            print(f"{(now() - self.start) / 1e6:7.2f} {text}", flush=True)

    def problem(self, text):
        self.problems.append(text)
        if len(self.problems) < 30:
            print("  FAILED: " + text, flush=True)

    def on_line(self, process, at, word, rest):
        self.events.append((at, process.name, word, rest))
        if word == "acked":
            for place, offset, number in records(rest):
                self.record(place, offset).number = number
        elif word == "d":
            for place, offset, value in records(rest):
                self.delivered(process.name, place, offset, *value.split("/"))
        elif word == "c":
            self.answered(process.name, *rest.split(" "))
        elif word == "error":
            name = rest.split(" ")[0]
            self.errors[name] = self.errors.get(name, 0) + 1
        elif word == "undelivered":
            self.problem(f"{process.name}: {rest}")

    def record(self, place, offset):
        return self.records.setdefault((place, offset), Record(None))

    def delivered(self, member, place, offset, count, kind):
        r = self.record(place, offset)
        r.count = max(r.count, int(count))
        r.said.setdefault(member, []).append(kind)
        if int(count) > LIMIT:
            self.problem(f"{place}:{offset} was delivered for the {count}th time")
        if int(count) < 1:
            self.problem(f"{place}:{offset} has the delivery count {count}")

    def answered(self, member, code, text):
        place, offsets = text.rsplit(":", 1)
        place = parts(place)[0]
        for offset in map(int, filter(None, offsets.split(","))):
            r = self.record(place, offset)
            waiting = r.said.get(member)
            kind = waiting.pop(0) if waiting else None
            if kind is None:
                self.problem(f"{member}: {code} for {place}:{offset}, which it did not acknowledge")
            elif code == "ok":
                if r.final:
                    self.problem(f"{place}:{offset}: {kind} by {member} is confirmed after {r.final}")
                if kind in FINAL:
                    r.final = f"{kind} by {member}"
            elif code not in REFUSED and kind in FINAL:
                r.unknown = True

    def run_member(self, slot):
        self.incarnation[slot] += 1
        name = f"m{slot}.{self.incarnation[slot]}"
        options = {"bootstrap.servers": self.cluster.bootstrap, "group.id": GROUP, "client.id": name, "max.poll.records": 200,
                   "reconnect.backoff.max.ms": 1000}
        seed = str(self.args.seed * 1000 + slot * 100 + self.incarnation[slot])
        self.members[slot] = Process(name, [os.environ["SHARE_TOOLS"] + "/share_member", ",".join(TOPICS), seed]
                                     + [f"{k}={v}" for k, v in options.items()], self.on_line, self.args.library)

    def gone(self, slot):
        """What it said and had no answer to may have been heard or not."""
        name = self.members[slot].name
        with Process.lock:
            for r in self.records.values():
                if any(kind in FINAL for kind in r.said.pop(name, ())):
                    r.unknown = True

    def close(self, slot):
        took = self.members[slot].close(60)
        if took is None or self.members[slot].child.returncode != 0:
            self.problem(f"{self.members[slot].name}: closing took more than 60 s, or failed ({self.members[slot].child.returncode})")
        self.gone(slot)

    def disturb_member(self):
        slot = self.rng.randrange(MEMBERS)
        if self.rng.random() < 0.6:
            self.note(f"{self.members[slot].name} is killed")
            self.members[slot].kill()
            self.gone(slot)
        else:
            self.note(f"{self.members[slot].name} closes")
            self.close(slot)
        self.run_member(slot)

    def watch(self):
        for slot, m in self.members.items():
            if m.child.poll() is not None:
                self.problem(f"{m.name} has ended with {m.child.returncode}")
                self.gone(slot)
                self.run_member(slot)

    def run(self):
        feeder = Process("feeder", [TOOLS + "/feeder", str(self.args.rate), ",".join(f"{t}:{n}" for t, n in TOPICS.items()),
                                    f"bootstrap.servers={self.cluster.bootstrap}", "reconnect.backoff.max.ms=1000"], self.on_line,
                         self.args.library)
        for slot in range(MEMBERS):
            self.run_member(slot)
        end = time.monotonic() + self.args.seconds
        next_broker, broker = time.monotonic() + 10, None
        while time.monotonic() < end:
            time.sleep(self.rng.uniform(1, 6))
            self.watch()
            if time.monotonic() >= next_broker and not (broker and broker.is_alive()):
                seconds, undo = self.cluster.disturb(self.rng, self.note)
                broker = threading.Thread(target=lambda: (time.sleep(seconds), undo(), self.note("the broker is back")), daemon=True)
                broker.start()
                next_broker = time.monotonic() + seconds + self.rng.uniform(5, 15)
            self.disturb_member()
        self.note("calm from here on")
        if broker:
            broker.join(120)
        if feeder.close(120) is None:
            self.problem("the feeder did not come to its end")
        limit = time.monotonic() + self.args.patience
        while time.monotonic() < limit and self.unfinished():
            self.watch()
            time.sleep(0.5)
        for slot in self.members:
            self.close(slot)
        self.judge()

    def unfinished(self):
        with Process.lock:
            return [at for at, r in self.records.items() if r.number is not None and not self.ended(r)]

    @staticmethod
    def ended(r):
        return r.final or r.count >= LIMIT or r.unknown

    def judge(self):
        produced = {at: r for at, r in self.records.items() if r.number is not None}
        left = self.unfinished()
        if left:
            never = [at for at in left if not produced[at].count]
            self.problem(f"{len(left)} of {len(produced)} records have not ended, {len(never)} were never delivered: {sorted(left)[:5]}")
        if not produced:
            self.problem("nothing was produced")
        for at, r in produced.items():
            if r.number.endswith("500") and r.count < LIMIT and not r.unknown:
                self.problem(f"{at} was always released, and delivered {r.count} times")
        final = sum(1 for r in produced.values() if r.final)
        again = sum(1 for r in produced.values() if r.count > 1)
        unknown = sum(1 for r in produced.values() if not r.final and r.unknown)
        if final < len(produced) / 2:
            self.problem(f"only {final} of {len(produced)} are known to have ended")
        print(f"  {len(produced)} records: {final} accepted or rejected, {unknown} by nobody knows, "
              f"{again} delivered more than once; errors: {self.errors}", flush=True)


def configure_group(bootstrap):
    java = ["java", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp",
            os.environ["JARS"] + "/*", "kafka.admin.ConfigCommand"]
    settings = {"share.auto.offset.reset": "earliest", "share.record.lock.duration.ms": LOCK_MS, "share.session.timeout.ms": 6000,
                "share.heartbeat.interval.ms": 1000}
    subprocess.run(java + ["--bootstrap-server", bootstrap, "--alter", "--entity-type", "groups", "--entity-name", GROUP, "--add-config",
                           ",".join(f"{k}={v}" for k, v in settings.items())], check=True, stdout=subprocess.DEVNULL)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--patience", type=int, default=300, help="how long it may take until all records have ended")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=int, default=600)
    parser.add_argument("--library", default=os.environ.get("MEMBER_LIBRARY"))
    args = parser.parse_args()
    cluster = Kafka(TOPICS)
    configure_group(cluster.bootstrap)
    chaos = Chaos(args, cluster)
    try:
        chaos.run()
    finally:
        for m in chaos.members.values():
            m.signal(9)
    if chaos.problems and os.environ.get("EVENTS"):
        with open(os.environ["EVENTS"], "w") as out:
            for at, name, word, rest in sorted(chaos.events):
                print(f"{(at - chaos.start) / 1e6:9.3f} {name:8} {word} {rest[:3000]}", file=out)
    print(f"share chaos: seed {args.seed}, {args.seconds} s: " + (f"{len(chaos.problems)} problems" if chaos.problems else "passed"))
    sys.exit(bool(chaos.problems))


if __name__ == "__main__":
    main()
