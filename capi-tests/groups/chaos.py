#!/usr/bin/env python3
"""Six members of a group, 24 partitions, and whatever can happen to a cluster and its consumers.

  chaos.py --cluster kafka|mock --seconds N [--seed N] [--strategy NAME] [--protocol classic|consumer]

While numbered messages are produced, members are killed, closed, frozen, paused, subscribe to other topics and are started
again; brokers are killed (kafka) or taken down (mock), frozen, and come back; leaders and coordinators move (mock). At the end the
lines of all processes, in the order of their times, are read again:

 - every message that was acknowledged is consumed at least once, with its number;
 - within an assignment offsets follow each other without a gap, and it begins no later than after the last message that
   anybody consumed: none is skipped;
 - nobody consumes what it does not hold;
 - no member is without partitions for longer than session timeout plus rebalance timeout, whatever else happens meanwhile, and
   no partition stands still for longer than that for each of two owners that go away one after the other;
 - once it is calm, each partition has one owner; every member closes in time.

The seed decides what happens to whom, the clock when.
"""
import argparse
import os
import random
import signal
import subprocess
import sys
import threading
import time

from crew import TOOLS, Process, membership, now, parts, records

SESSION, REBALANCE = 6_000, 20_000
LIMIT = (SESSION + REBALANCE) / 1000
TOPICS = {"chaos-a": 16, "chaos-b": 8}
BOTH = ",".join(TOPICS)
ALL = [(t, p) for t, n in TOPICS.items() for p in range(n)]


class Kafka:
    """Three nodes that kafka.sh has started."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "kafka", "kafka.sh")

    def __init__(self, topics):
        self.bootstrap = self.run("bootstrap")
        admin = os.path.join(os.path.dirname(self.script), "admin.py")
        for topic, n in topics.items():
            subprocess.run([sys.executable, admin, "--bootstrap-server", self.bootstrap, "--create", "--topic", topic,
                            "--partitions", str(n), "--replication-factor", "3"], check=True)

    def run(self, *args):
        out = subprocess.run(["bash", self.script, *args], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return out.stdout.decode().strip()

    def disturb(self, rng, note):
        """Returns (for how long, what ends it)."""
        node = str(rng.randint(1, 3))
        if rng.random() < 0.3:
            note(f"broker {node} is frozen")
            self.run("pause", node)
            return rng.uniform(1, 5), lambda: self.run("cont", node)
        how = rng.choice(["kill", "kill", "stop"])
        note(f"broker {node}: {how}")
        self.run(how, node)
        return rng.uniform(1, 10), lambda: self.run("start", node)

    def end(self):
        pass


class Mock:
    def __init__(self, library, topics):
        self.answers = 0
        self.process = Process("brokers", [TOOLS + "/brokers", "3"], lambda *_: None, library)
        if not self.process.ready.wait(30):
            sys.exit("no mock cluster")
        self.bootstrap = self.process.first[1]
        self.say = self.process.say
        self.all = [(t, p) for t, n in topics.items() for p in range(n)]
        for topic, n in topics.items():
            self.say(f"topic {topic} {n}")

    def disturb(self, rng, note):
        node = rng.randint(1, 3)
        what = rng.random()
        if what < 0.25:
            note(f"the coordinator moves to {node}")
            self.say(f"coordinator chaos {node}")
            return 0, lambda: None
        if what < 0.5:
            note("leaders move")
            for topic, p in rng.sample(self.all, 8):
                self.say(f"leader {topic} {p} {rng.randint(1, 3)}")
            return 0, lambda: None
        note(f"broker {node} is down")
        self.say(f"down {node}")
        if what < 0.8:
            for topic, p in self.all:
                self.say(f"leader {topic} {p} {node % 3 + 1}")
            if what < 0.7:
                self.say(f"coordinator chaos {node % 3 + 1}")
        return rng.uniform(0.5, 4), lambda: self.say(f"up {node}")

    def end(self):
        self.process.close(10)


class Chaos:
    def __init__(self, args, cluster):
        self.args, self.cluster = args, cluster
        self.rng = random.Random(args.seed)
        self.events, self.problems = [], []
        self.start = now()
        self.members, self.incarnation = {}, [0] * 6
        # From when to when a member is not to be counted on, and what it subscribes to.
        self.held = {}
        self.seen, self.acked = {}, {}

    def note(self, text):
        at = now()
        with Process.lock:
            self.events.append((at, "", "note", text))
        if os.environ.get("VERBOSE"):
            print(f"{(at - self.start) / 1e6:7.2f} {text}", flush=True)

    def problem(self, text):
        self.problems.append(text)
        if len(self.problems) < 30:
            print("  FAILED: " + text, flush=True)

    def on_line(self, process, at, word, rest):
        self.events.append((at, process.name, word, rest))
        if word == "m":
            for at_, offset, value in records(rest):
                self.seen.setdefault(at_, set()).add(offset)
        elif word == "acked":
            for at_, offset, value in records(rest):
                self.acked.setdefault(at_, {})[offset] = value
        elif word == "failed":
            self.problem(f"{process.name}: {rest}")

    def run_member(self, slot, topics=BOTH):
        self.incarnation[slot] += 1
        name = f"m{slot}.{self.incarnation[slot]}"
        options = {"bootstrap.servers": self.cluster.bootstrap, "group.id": "chaos", "client.id": name,
                   "max.poll.interval.ms": REBALANCE, "auto.commit.interval.ms": 500, "reconnect.backoff.max.ms": 1000,
                   "topic.metadata.refresh.interval.ms": 5000, **membership(self.args.protocol, self.args.strategy, SESSION, 1000)}
        self.members[slot] = Process(name, [TOOLS + "/member", topics] + [f"{k}={v}" for k, v in options.items()], self.on_line,
                                     self.args.library)
        with Process.lock:
            self.events.append((now(), name, "started", topics))

    def gone(self, slot, word):
        with Process.lock:
            self.events.append((now(), self.members[slot].name, word, ""))

    def later(self, seconds, what):
        self.todo.append((time.monotonic() + seconds, what))

    def disturb_member(self, slot):
        """One of the things that can happen to a member; it is busy until that is over."""
        m, what = self.members[slot], self.rng.random()
        wait = self.rng.uniform(0, 5)
        self.busy.add(slot)
        if what < 0.35:
            self.note(f"{m.name} is killed")
            m.kill()
            self.gone(slot, "killed")
            self.later(wait, lambda: (self.run_member(slot), self.busy.discard(slot)))
        elif what < 0.5:
            self.note(f"{m.name} closes")
            took = m.close(30)
            if took is None or m.child.returncode != 0:
                self.problem(f"{m.name}: closing took more than 30 s, or failed ({m.child.returncode})")
            self.gone(slot, "killed")
            self.later(wait, lambda: (self.run_member(slot), self.busy.discard(slot)))
        elif what < 0.65:
            # Sometimes for longer than its session.
            seconds = self.rng.uniform(1, 9)
            self.note(f"{m.name} is frozen for {seconds:.1f} s")
            m.signal(signal.SIGSTOP)
            self.gone(slot, "frozen")

            def thaw():
                self.gone(slot, "thawed")
                m.signal(signal.SIGCONT)
                self.busy.discard(slot)
            self.later(seconds, thaw)
        elif what < 0.85 or slot < 3:
            self.note(f"{m.name} pauses")
            m.say("pause")
            self.later(self.rng.uniform(0.5, 3), lambda: (m.say("resume"), self.busy.discard(slot)))
        else:
            topics = self.rng.choice(["chaos-a", "chaos-b", "^chaos-.*", BOTH])
            self.note(f"{m.name} subscribes to {topics}")
            m.say(f"subscribe {topics}")
            self.later(self.rng.uniform(1, 8), lambda: (m.say(f"subscribe {BOTH}"), self.busy.discard(slot)))

    def serve(self, until):
        """Does what is due, until then."""
        while True:
            at = time.monotonic()
            for item in sorted((t for t in self.todo if t[0] <= at), key=lambda t: t[0]):
                self.todo.remove(item)
                item[1]()
            if at >= until:
                return
            for slot, m in self.members.items():
                if slot not in self.busy and m.child.poll() is not None:
                    self.problem(f"{m.name} has ended with {m.child.returncode}")
                    self.run_member(slot)
            time.sleep(min(0.05, max(0, until - at)))

    def run(self):
        args = self.args
        self.todo, self.busy = [], set()
        feeder = Process("feeder", [TOOLS + "/feeder", str(args.rate), ",".join(f"{t}:{n}" for t, n in TOPICS.items()),
                                    f"bootstrap.servers={self.cluster.bootstrap}", "reconnect.backoff.max.ms=1000"], self.on_line, args.library)
        for slot in range(6):
            self.run_member(slot)
        end = time.monotonic() + args.seconds
        pace = 2.5 if args.cluster == "mock" else 4.0
        next_broker = time.monotonic() + 2 * pace
        broker_busy = []
        while time.monotonic() < end:
            self.serve(min(end, time.monotonic() + self.rng.uniform(0.3, 2 * pace)))
            if time.monotonic() >= next_broker and not broker_busy:
                # In a thread: a node takes its time to start.
                seconds, undo = self.cluster.disturb(self.rng, self.note)
                broker_busy.append(1)

                def back(undo=undo):
                    undo()
                    self.note("the broker is back")
                    broker_busy.clear()
                self.later(seconds, lambda back=back: threading.Thread(target=back, daemon=True).start())
                next_broker = time.monotonic() + seconds + self.rng.uniform(pace, 4 * pace)
            free = [s for s in self.members if s not in self.busy]
            if len(free) > 2:
                self.disturb_member(self.rng.choice(free))
        self.calm_down(feeder, broker_busy)
        self.judge()

    def calm_down(self, feeder, broker_busy):
        self.note("calm from here on")
        limit = time.monotonic() + 90
        while (self.todo or broker_busy) and time.monotonic() < limit:
            self.serve(time.monotonic() + 0.1)
        if feeder.close(90) is None:
            self.problem("the feeder did not come to its end")
        limit = time.monotonic() + LIMIT + 10
        while time.monotonic() < limit and self.missing():
            self.serve(time.monotonic() + 0.1)
        limit = time.monotonic() + LIMIT
        while time.monotonic() < limit and self.owners() != {p: 1 for p in ALL}:
            self.serve(time.monotonic() + 0.1)
        if self.owners() != {p: 1 for p in ALL}:
            self.problem(f"owners at the end: { {p: n for p, n in self.owners().items() if n != 1} }, none: {[p for p in ALL if p not in self.owners()]}")
        for m in self.members.values():
            took = m.close(30)
            if took is None or m.child.returncode != 0:
                self.problem(f"{m.name}: closing at the end took more than 30 s, or failed ({m.child.returncode})")

    def missing(self):
        with Process.lock:
            return sum(1 for p, offsets in self.acked.items() for o in offsets if o not in self.seen.get(p, ()))

    def owners(self):
        """How many hold each partition."""
        held, out = {}, {}
        with Process.lock:
            events = sorted(e for e in self.events if e[2] in ("assign", "revoke", "lost", "killed", "closed"))
        for _, name, word, rest in events:
            mine = held.setdefault(name, set())
            if word == "assign":
                mine.update(parts(rest))
            elif word in ("killed", "closed"):
                mine.clear()
            else:
                mine.difference_update(parts(rest))
        for mine in held.values():
            for p in mine:
                out[p] = out.get(p, 0) + 1
        return out

    def judge(self):
        from chaos_judge import judge
        judge(self)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cluster", choices=["kafka", "mock"], default="mock")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=int, default=480)
    parser.add_argument("--strategy", default="cooperative-sticky")
    parser.add_argument("--protocol", choices=["classic", "consumer"], default="classic")
    parser.add_argument("--library", default=os.environ.get("MEMBER_LIBRARY"))
    args = parser.parse_args()
    cluster = Kafka(TOPICS) if args.cluster == "kafka" else Mock(args.library, TOPICS)
    chaos = Chaos(args, cluster)
    try:
        chaos.run()
    finally:
        for m in chaos.members.values():
            m.signal(signal.SIGKILL)
        cluster.end()
    if chaos.problems and os.environ.get("EVENTS"):
        with open(os.environ["EVENTS"], "w") as out:
            for at, name, word, rest in sorted(chaos.events):
                print(f"{(at - chaos.start) / 1e6:9.3f} {name:8} {word} {rest[:3000]}", file=out)
    how = args.strategy if args.protocol == "classic" else "protocol consumer"
    print(f"chaos: {args.cluster}, {how}, seed {args.seed}, {args.seconds} s: "
          + (f"{len(chaos.problems)} problems" if chaos.problems else "passed"))
    sys.exit(bool(chaos.problems))


if __name__ == "__main__":
    main()
