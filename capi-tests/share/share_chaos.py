#!/usr/bin/env python3
"""Six share consumers of a group on three nodes of Kafka, with explicit acknowledgement, while members and brokers are killed.

  share_chaos.py --seconds N [--seed N] [--rate N]      MEMBER_LIBRARY, TOOLS, SHARE_TOOLS, JARS

5 % of the records are released, 1 % rejected, some are released always. At the end the lines of all processes are read again:

 - every record that was produced ends accepted or rejected by the broker (the callback said so), or delivered as often as the
   group's limit says, or with an acknowledgement whose outcome nobody knows, since its member was killed or its connection cut;
 - a delivery may be lost, with the member or the connection that it was for. If the last one of a record is, the cluster alone
   knows that it has ended: the group's start offset has gone past it. That is rare;
 - no later delivery of a record is accepted or rejected once one was;
 - none is delivered more often than the limit; what is always released is delivered that often, but for deliveries that were lost;
 - every member closes in time.

The seed decides what happens to whom, the clock when.
"""
import argparse
import os
import random
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "groups"))
from chaos import Kafka
from crew import TOOLS, Process, now
from ledger import LIMIT, Ledger, configure_group, start_offsets

TOPICS = {"share-a": 8, "share-b": 4}
GROUP = "share-chaos"
MEMBERS = 6


class Chaos(Ledger):
    def __init__(self, args, cluster):
        super().__init__()
        self.args, self.cluster = args, cluster
        self.rng = random.Random(args.seed)
        self.events, self.members = [], {}
        self.incarnation = [0] * MEMBERS
        # Records whose last delivery was lost.
        self.lost = set()
        self.start = now()

    def note(self, text):
        if os.environ.get("VERBOSE"):
            print(f"{(now() - self.start) / 1e6:7.2f} {text}", flush=True)

    def on_line(self, process, at, word, rest):
        self.events.append((at, process.name, word, rest))
        super().on_line(process, at, word, rest)

    def run_member(self, slot):
        self.incarnation[slot] += 1
        name = f"m{slot}.{self.incarnation[slot]}"
        options = {"bootstrap.servers": self.cluster.bootstrap, "group.id": GROUP, "client.id": name, "max.poll.records": 200,
                   "reconnect.backoff.max.ms": 1000}
        seed = str(self.args.seed * 1000 + slot * 100 + self.incarnation[slot])
        self.members[slot] = Process(name, [os.environ["SHARE_TOOLS"] + "/share_member", ",".join(TOPICS), seed]
                                     + [f"{k}={v}" for k, v in options.items()], self.on_line, self.args.library)

    def close(self, slot):
        took = self.members[slot].close(60)
        if took is None or self.members[slot].child.returncode != 0:
            self.problem(f"{self.members[slot].name}: closing took more than 60 s, or failed ({self.members[slot].child.returncode})")
        self.gone(self.members[slot].name)

    def disturb_member(self):
        slot = self.rng.randrange(MEMBERS)
        if self.rng.random() < 0.6:
            self.note(f"{self.members[slot].name} is killed")
            self.members[slot].kill()
            self.gone(self.members[slot].name)
        else:
            self.note(f"{self.members[slot].name} closes")
            self.close(slot)
        self.run_member(slot)

    def watch(self):
        for slot, m in self.members.items():
            if m.child.poll() is not None:
                self.problem(f"{m.name} has ended with {m.child.returncode}")
                self.gone(m.name)
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
        ask = time.monotonic() + 30
        while time.monotonic() < limit and self.unfinished():
            self.watch()
            time.sleep(0.5)
            if time.monotonic() > ask:
                self.ask_the_cluster()
                ask = time.monotonic() + 30
        self.ask_the_cluster()
        for slot in self.members:
            self.close(slot)
        self.judge()

    def ask_the_cluster(self):
        starts = start_offsets(self.cluster.bootstrap, GROUP)
        if len(starts) < sum(TOPICS.values()):
            self.problem(f"the cluster tells the start offsets of {len(starts)} partitions")
        for at in self.unfinished():
            place, offset = at
            if offset < starts.get(place, 0) and self.records[at].count >= LIMIT - 2:
                self.note(f"{at} has ended in a delivery that reached nobody, after {self.records[at].count} that did")
                self.lost.add(at)

    def unfinished(self):
        return [at for at in super().unfinished() if at not in self.lost]

    def judge(self):
        produced = {at: r for at, r in self.records.items() if r.number is not None}
        left = self.unfinished()
        if left:
            never = [at for at in left if not produced[at].count]
            self.problem(f"{len(left)} of {len(produced)} records have not ended, {len(never)} were never delivered: {sorted(left)[:5]}")
        if not produced:
            self.problem("nothing was produced")
        for at, r in produced.items():
            if r.number.endswith("500") and r.count < LIMIT and not r.unknown and at not in self.lost:
                self.problem(f"{at} was always released, and delivered {r.count} times")
        final = sum(1 for r in produced.values() if r.final)
        again = sum(1 for r in produced.values() if r.count > 1)
        unknown = sum(1 for r in produced.values() if not r.final and r.unknown)
        if len(self.lost) > 5 + len(produced) / 1000:
            self.problem(f"the last delivery of {len(self.lost)} records was lost")
        if final < len(produced) / 2:
            self.problem(f"only {final} of {len(produced)} are known to have ended")
        print(f"  {len(produced)} records: {final} accepted or rejected, {unknown} with an unknown outcome, "
              f"{len(self.lost)} whose last delivery was lost, {again} delivered more than once; errors: {self.errors}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--patience", type=int, default=300, help="how long it may take until all records have ended")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=int, default=600)
    parser.add_argument("--library", default=os.environ.get("MEMBER_LIBRARY"))
    args = parser.parse_args()
    cluster = Kafka(TOPICS)
    configure_group(cluster.bootstrap, GROUP)
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
