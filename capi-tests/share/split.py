#!/usr/bin/env python3
"""Share consumers of this library, of the original and of the Java client in one group: every record is accepted once, by one of
them, and each gets a fair part.

  split.py      BOOTSTRAP, TOOLS, SHARE_TOOLS, OURS, ORIGINAL (library folders), JARS
"""
import os
import subprocess
import sys
import time
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "groups"))
from crew import TOOLS, Process, records
from ledger import Ledger, configure_group

PARTITIONS, RATE, SECONDS = 6, 300, 20


class Split(Ledger):
    def __init__(self):
        super().__init__()
        self.taken = {}

    def on_line(self, process, at, word, rest):
        super().on_line(process, at, word, rest)
        if word == "d":
            self.taken[process.name] = self.taken.get(process.name, 0) + sum(1 for _ in records(rest))

    def run(self):
        bootstrap, run = os.environ["BOOTSTRAP"], uuid.uuid4().hex[:8]
        topic, group = f"split-{run}", f"split-{run}"
        admin = os.path.join(HERE, "..", "kafka", "admin.py")
        subprocess.run([sys.executable, admin, "--bootstrap-server", bootstrap, "--create", "--topic", topic, "--partitions",
                        str(PARTITIONS)], check=True)
        configure_group(bootstrap, group)
        options = {"bootstrap.servers": bootstrap, "group.id": group, "max.poll.records": 50}
        options = [f"{k}={v}" for k, v in options.items()]
        member = [os.environ["SHARE_TOOLS"] + "/share_member", topic, "1"] + options
        java = ["java", "-Xmx96m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp",
                f"{os.environ['SHARE_TOOLS']}:{os.environ['JARS']}/*", "ShareMember", topic] + options
        members = [Process("ours", member, self.on_line, os.environ["OURS"]),
                   Process("original", member, self.on_line, os.environ["ORIGINAL"]), Process("java", java, self.on_line)]
        feeder = Process("feeder", [TOOLS + "/feeder", str(RATE), f"{topic}:{PARTITIONS}", f"bootstrap.servers={bootstrap}"], self.on_line,
                         os.environ["OURS"])
        # The time counts from when all of them consume: a Java process takes its time to start.
        limit = time.monotonic() + 180
        while len(self.taken) < len(members) and time.monotonic() < limit:
            time.sleep(0.1)
        before = dict(self.taken)
        time.sleep(SECONDS)
        shares = {m.name: self.taken.get(m.name, 0) - before.get(m.name, 0) for m in members}
        if feeder.close(60) is None:
            self.problem("the feeder does not end")
        limit = time.monotonic() + 180
        while self.unfinished() and time.monotonic() < limit:
            time.sleep(0.2)
        for m in members:
            if m.close(60) is None or m.child.returncode != 0:
                self.problem(f"{m.name} did not close")
        self.judge(shares)

    def judge(self, shares):
        left, total = self.unfinished(), sum(shares.values())
        if left:
            self.problem(f"{len(left)} of {len(self.records)} records have not ended: {sorted(left)[:5]}")
        for name, n in shares.items():
            if n < total / 10:
                self.problem(f"{name} got {n} of {total} records")
        if self.errors:
            self.problem(f"errors: {self.errors}")
        print(f"share group of three clients: {len(self.records)} records, shares {shares}: "
              + ("FAILED" if self.problems else "ok"), flush=True)


if __name__ == "__main__":
    split = Split()
    split.run()
    sys.exit(bool(split.problems))
