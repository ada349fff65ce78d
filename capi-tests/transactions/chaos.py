#!/usr/bin/env python3
"""Three instances that consume, transform and produce, and whatever can happen to them, to the network and to a cluster.

  chaos.py [--seconds N] [--messages N] [--seed N] [--transaction-version 1|2|1to2] [--library FOLDER]

Messages of some hundred keys are produced to 12 partitions while transform.c makes others of them, for 12 partitions of another topic,
in transactions, one of 8 of which is aborted. The instances are killed and replaced, closed, frozen for longer than their transactions
last, and replaced while they are frozen, so that two have the same transactional id. Brokers are killed, stopped and frozen, and come
back. Connections are cut in the middle of requests and answers, and when the broker has the request and the client is not told. When
it is calm:

 - the instances come to the end of the input;
 - the output, read with isolation.level=read_committed, is the input, each message once, in order per key (judge.py);
 - no transaction is left open: by Kafka's own tool, and by the partitions' last stable offsets;
 - no instance has ended that was not made to, and none with a fatal error but those that were fenced: by a successor, or by the
   coordinator, because their transaction had lasted too long.

1to2 begins with transaction version 1 and changes to 2 half way. The seed decides what happens to whom, the clock when.
"""
import argparse
import collections
import os
import random
import signal
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "groups"))
from crew import Process, now  # noqa: E402
import judge  # noqa: E402

KAFKA = os.path.join(HERE, "..", "kafka")
BASE = int(os.environ.get("KAFKA_PORT", "19720"))
PARTITIONS, KEYS, SLOTS = 12, 600, 3
INPUT, OUTPUT, GROUP = "chaos-input", "chaos-output", "chaos"
SESSION, TRANSACTION = 4000, 10_000
# For what has nothing in its way any more.
PATIENCE = 240
# For an instance that is to close: it has a transaction to end, with what brokers there are.
ENDING = 120
APIS = {0: "Produce", 1: "Fetch", 3: "Metadata", 9: "OffsetFetch", 10: "FindCoordinator", 11: "JoinGroup", 12: "Heartbeat", 14: "SyncGroup",
        18: "ApiVersions", 22: "InitProducerId", 24: "AddPartitionsToTxn", 25: "AddOffsetsToTxn", 26: "EndTxn", 28: "TxnOffsetCommit"}
# Those of transactions more often than the others.
CUT = [0, 0, 0, 0, 1, 3, 9, 10, 11, 12, 14, 18, 22, 22, 22, 24, 24, 25, 25, 26, 26, 26, 26, 28, 28, 28]


def script(name, *args):
    out = subprocess.run(["bash", os.path.join(KAFKA, name), *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if out.returncode:
        raise SystemExit(f"{name} {' '.join(args)}: {(out.stdout + out.stderr).decode(errors='replace')[-2000:]}")
    return out.stdout.decode(errors="replace").strip()


class Deck:
    """Gives each of the cards once, in a random order, before it begins anew."""

    def __init__(self, rng, cards):
        self.rng, self.cards, self.left = rng, cards, []

    def draw(self):
        if not self.left:
            self.left = self.rng.sample(self.cards, len(self.cards))
        return self.left.pop()


class Instance(Process):
    """A process of transform.c; what is known of it besides its lines."""
    slot, began, stopped = 0, False, False
    # One with the same ids has been started after it; there is one, before or after it.
    successor, rival = False, False
    # Why it has failed, and whether its transaction had lasted too long.
    why, open_since, outlived = "", 0, False
    last_lines = ()


class Chaos:
    def __init__(self, args):
        self.args, self.rng = args, random.Random(args.seed)
        self.start = now()
        self.bootstrap = ",".join(f"127.0.0.1:{BASE + n}" for n in range(3))
        self.proxied = ",".join(f"127.0.0.1:{BASE + 40 + n}" for n in range(3))
        self.problems, self.counts, self.reasons = [], collections.Counter(), collections.Counter()
        self.instances, self.old, self.incarnation = {}, [], [0] * SLOTS
        self.todo, self.busy = [], set()
        self.cuts, self.seen, self.filled, self.last_commit = collections.Counter(), {}, None, now()
        self.longest, self.caught_up = 0, 0.0
        self.strategy, self.static = args.group or self.rng.choice([("range", False), ("range", True), ("cooperative-sticky", False)])
        # Half a second's messages of all, so that two instances can do the work of three.
        self.size = max(500, args.messages // max(args.seconds, 1) // 2)
        self.log = open(args.log, "w", encoding="utf-8") if args.log else None

    def note(self, name, text, at=None):
        if self.log:
            print(f"{((at or now()) - self.start) / 1e6:9.3f} {name:8} {text}", file=self.log, flush=True)

    def problem(self, text):
        self.problems.append(text)
        self.note("", "PROBLEM " + text)
        if len(self.problems) < 60:
            print("  FAILED: " + text, flush=True)

    # ---- processes ----

    def on_line(self, process, at, word, rest):
        self.note(process.name, f"{word} {rest}", at)
        process.last_lines = (*process.last_lines[-7:], f"{word} {rest}")
        if word == "began":
            process.open_since = at
        if word == "committed":
            self.counts["committed"] += 1
            self.counts["messages"] += int(rest.split()[0])
            self.longest = max(self.longest, at - self.last_commit)
            self.last_commit = at
        elif word in ("aborted", "assign", "revoke", "lost", "again", "abort"):
            self.counts[word] += 1
            if word in ("again", "abort"):
                self.reasons[" ".join([word, *rest.split(":")[0].split()[:2]])] += 1
        elif word == "started":
            process.began = True
        elif word == "fatal":
            process.why = rest
            # A coordinator that has ended the transaction in its stead refuses the commit in the same way as that of a fenced one.
            process.outlived = at - process.open_since > TRANSACTION * 800

    def run_instance(self, slot):
        self.incarnation[slot] += 1
        name = f"i{slot}.{self.incarnation[slot]}"
        properties = {"bootstrap.servers": self.proxied, "client.id": name, "reconnect.backoff.max.ms": 1000,
                      "topic.metadata.refresh.interval.ms": 5000, "consumer.group.id": GROUP, "consumer.session.timeout.ms": SESSION,
                      "consumer.heartbeat.interval.ms": 500, "consumer.max.poll.interval.ms": 30_000,
                      "consumer.partition.assignment.strategy": self.strategy, "producer.transactional.id": f"chaos-{slot}",
                      "producer.transaction.timeout.ms": TRANSACTION, "producer.linger.ms": 5}
        if self.static:
            properties["consumer.group.instance.id"] = f"chaos-{slot}"
        argv = [self.args.program, "-n", str(self.size), "-t", "200", "-a", "8", INPUT, OUTPUT] + [f"{k}={v}" for k, v in properties.items()]
        before = self.instances.get(slot)
        if before:
            self.old.append(before)
        self.instances[slot] = Instance(name, argv, self.on_line, self.args.library)
        # One that was frozen for longer than its session joins anew, and may take its group.instance.id back from its successor.
        self.instances[slot].rival = any(m.slot == slot and m.successor for m in self.old)
        self.instances[slot].slot = slot
        self.counts["started"] += 1

    def on_cut(self, _process, at, word, rest):
        if word == "cut":
            api, how = rest.split()
            name = APIS.get(int(api), "all")
            self.cuts[name] += 1
            self.note("network", f"{name} {how}", at)
        elif word == "seen":
            self.seen = {tuple(map(int, k.split(":"))): int(n) for k, n in (item.split("=") for item in rest.split())}

    def on_filler(self, process, at, word, rest):
        self.note(process.name, f"{word} {rest}", at)
        if word == "done":
            self.filled = int(rest)
        elif word == "failed":
            self.problem(f"the filler: {rest}")

    def wait_ended(self, m, limit):
        try:
            return m.child.wait(limit)
        except subprocess.TimeoutExpired:
            return None

    def reap(self):
        """Looks after instances that have ended: the current ones are replaced."""
        if self.proxy.child.poll() is not None:
            raise SystemExit("the proxy has ended")
        for m in [*self.instances.values(), *self.old]:
            code = m.child.poll()
            if code is None or m in self.old and m.stopped:
                continue
            m.reader.join(10)
            current = self.instances[m.slot] is m
            if current and m.slot in self.busy:
                continue
            if code == 3:
                self.fatal(m)
            elif code == 0 and m.stopped:
                pass
            else:
                self.unexpected(m, f"ended with {code}")
            m.stopped = True
            if current:
                self.run_instance(m.slot)
            else:
                self.old.remove(m)

    def fatal(self, m):
        """An instance has ended with a fatal error: whether it had to."""
        kind = "fatal"
        if "_FENCED" in m.why and m.successor or "FENCED_INSTANCE_ID" in m.why and m.rival:
            kind = "fenced"
        elif "_FENCED" in m.why and m.outlived:
            kind = "timed out"
        else:
            self.unexpected(m, f"ended with a fatal error, and nobody has its id: {m.why}")
        self.counts[kind] += 1
        self.reasons[f"fatal ({kind}) " + " ".join(m.why.split(":")[0].split()[:2])] += 1

    def unexpected(self, m, text):
        self.counts["unexpected"] += 1
        self.note(m.name, "UNEXPECTED " + text)
        if not self.args.tolerant:
            self.problem(f"{m.name}: {text}; its last lines: {' | '.join(m.last_lines)}")
        if self.counts["unexpected"] > 20 + self.args.seconds // 5:
            raise SystemExit(f"instances end all the time, as this one: {m.name}: {text}; its last lines: {' | '.join(m.last_lines)}")

    # ---- what happens ----

    def later(self, seconds, what):
        self.todo.append((time.monotonic() + seconds, what))

    def disturb_instance(self, what):
        # One that is frozen before it has its epoch could fence its successor instead.
        free = [s for s, m in self.instances.items() if s not in self.busy and (m.began or "frozen" not in what)]
        if not free:
            return
        slot = self.rng.choice(free)
        m = self.instances[slot]
        self.note(m.name, f"-- {what}")
        self.counts[what] += 1
        if what == "killed":
            m.stopped = True
            m.kill()
            self.busy.add(slot)
            self.later(self.rng.choice([0, 0, self.rng.uniform(0, 3)]), lambda: (self.run_instance(slot), self.busy.discard(slot)))
        elif what == "closed":
            m.stopped = True
            m.signal(signal.SIGTERM)
            self.busy.add(slot)
            self.later(0, lambda: self.closed(m, slot, time.monotonic() + ENDING))
        elif what == "replaced while frozen":
            m.signal(signal.SIGSTOP)
            m.successor = m.rival = True
            self.busy.add(slot)
            self.later(self.rng.uniform(0, 1), lambda: (self.run_instance(slot), self.busy.discard(slot)))
            self.later(self.rng.uniform(2, 8), lambda: self.thaw(m))
        else:
            # Longer than the session of its consumer, sometimes longer than its transaction.
            m.signal(signal.SIGSTOP)
            self.busy.add(slot)
            self.later(self.rng.uniform(0.3, 1.5) * TRANSACTION / 1000, lambda: (self.thaw(m), self.busy.discard(slot)))

    def thaw(self, m):
        self.note(m.name, "-- goes on")
        m.signal(signal.SIGCONT)

    def closed(self, m, slot, limit):
        code = m.child.poll()
        if code is None and time.monotonic() < limit:
            self.later(0.1, lambda: self.closed(m, slot, limit))
            return
        if code is None:
            self.problem(f"{m.name}: did not end within {ENDING} s of SIGTERM; its last lines: {' | '.join(m.last_lines)}")
            m.kill()
        elif code == 3:
            m.reader.join(10)
            self.fatal(m)
        elif code:
            self.unexpected(m, f"ended with {code} when it was to close")
        self.run_instance(slot)
        self.busy.discard(slot)

    def disturb_broker(self, what):
        node = str(self.rng.randint(1, 3))
        self.note("broker", f"-- {node}: {what}")
        self.counts["broker " + what] += 1
        seconds = self.rng.uniform(1, 4) if what == "pause" else self.rng.uniform(0, 5)
        self.busy.add("broker")

        def act():
            try:
                script("kafka.sh", what, node)
                time.sleep(seconds)
                script("kafka.sh", "cont" if what == "pause" else "start", node)
            except SystemExit as e:
                self.problem(str(e))
            self.note("broker", f"-- {node}: is back")
            self.busy.discard("broker")
        # A node takes its time to end and to start.
        threading.Thread(target=act, daemon=True).start()

    def cut(self, how):
        if how == "all":
            self.proxy.say("all")
        else:
            self.proxy.say(f"cut {self.rng.choice(CUT)} {how}")

    def change_version(self):
        self.note("cluster", "-- transaction version 2")
        self.busy.add("version")
        self.counts["version changed"] += 1
        # While the controller moves it does not succeed.
        limit = time.monotonic() + 60
        while True:
            try:
                script("topics.sh", "--bootstrap-server", self.bootstrap, "--tool", "FeatureCommand", "upgrade", "--feature",
                       "transaction.version=2")
                break
            except SystemExit as e:
                self.note("cluster", str(e))
                if time.monotonic() > limit:
                    self.problem(f"the transaction version stays as it is: {e}")
                    break
                time.sleep(1)
        self.note("cluster", "-- transaction version 2 is there")
        self.busy.discard("version")

    def serve(self, until):
        """Does what is due, until then."""
        while True:
            at = time.monotonic()
            for item in sorted((t for t in self.todo if t[0] <= at), key=lambda t: t[0]):
                self.todo.remove(item)
                item[1]()
            self.reap()
            if at >= until:
                return
            time.sleep(min(0.05, max(0.0, until - at)))

    def disturb(self, end):
        rng, pace = self.rng, self.args.pace
        decks = {
            "instance": (Deck(rng, ["killed"] * 4 + ["closed", "replaced while frozen", "frozen"]), self.disturb_instance, 3.5),
            "broker": (Deck(rng, ["kill", "kill", "stop", "pause"]), self.disturb_broker, 6.0),
            "network": (Deck(rng, ["half-request", "no-answer", "half-answer"] * 3 + ["all"]), self.cut, 0.5),
        }
        due = {name: time.monotonic() + 3 for name in decks}
        while time.monotonic() < end:
            self.serve(min(end, min(due.values())))
            for name, (deck, act, mean) in decks.items():
                if due[name] > time.monotonic():
                    continue
                if not (name == "broker" and "broker" in self.busy):
                    act(deck.draw())
                due[name] = time.monotonic() + rng.uniform(0.5, 1.5) * mean * pace

    # ---- beginning and end ----

    def run(self):
        args = self.args
        admin = os.path.join(KAFKA, "admin.py")
        for topic in (INPUT, OUTPUT):
            subprocess.run([sys.executable, admin, "--bootstrap-server", self.bootstrap, "--create", "--topic", topic, "--partitions",
                            str(PARTITIONS), "--replication-factor", "3"], check=True)
        pairs = [f"{BASE + 40 + n}:{BASE + 30 + n}" for n in range(3)]
        self.proxy = Process("network", [sys.executable, os.path.join(HERE, "cutter.py"), *pairs], self.on_cut)
        if not self.proxy.ready.wait(30):
            raise SystemExit("no proxy")
        self.filler = Process("filler", [sys.executable, os.path.join(HERE, "fill.py"), self.bootstrap, INPUT, str(args.messages),
                                         str(args.seconds), str(KEYS), str(args.seed)], self.on_filler)
        for slot in range(SLOTS):
            self.run_instance(slot)
        end = time.monotonic() + args.seconds
        if args.transaction_version == "1to2":
            self.later(args.seconds / 2, lambda: threading.Thread(target=self.change_version, daemon=True).start())
        self.disturb(end)
        self.calm_down()

    def wait_for(self, what, condition, patience=PATIENCE):
        limit = time.monotonic() + patience
        while not condition():
            if time.monotonic() > limit:
                self.problem(f"not within {patience} s: {what}")
                return False
            self.serve(time.monotonic() + 0.2)
        return True

    def calm_down(self):
        self.note("", "calm from here on")
        self.proxy.say("forget")
        self.wait_for("all that was frozen or killed is back", lambda: not self.todo and not self.busy)
        self.wait_for("the input is filled", lambda: self.filled is not None)
        with Lag(self.bootstrap) as lag:
            start = time.monotonic()
            if not self.wait_for("the group's lag is 0", lambda: lag() == 0):
                print(f"  the lag is {lag()}: " + "; ".join(f"{m.name}: {' | '.join(m.last_lines)}" for m in self.instances.values()))
            self.caught_up = time.monotonic() - start
        alive = [m for m in [*self.instances.values(), *self.old] if m.child.poll() is None]
        for m in alive:
            m.stopped = True
            m.signal(signal.SIGTERM)
        for m in alive:
            code = self.wait_ended(m, ENDING)
            m.reader.join(10)
            if code is None:
                self.problem(f"{m.name}: did not end within {ENDING} s of SIGTERM; its last lines: {' | '.join(m.last_lines)}")
            elif code == 3:
                self.fatal(m)
            elif code:
                self.unexpected(m, f"ended with {code} when it was to close")
        self.proxy.close(30)

    def end(self):
        for p in [*self.instances.values(), *self.old, getattr(self, "filler", None), getattr(self, "proxy", None)]:
            if p is not None:
                p.signal(signal.SIGKILL)

    # ---- the verdict ----

    def judge(self):
        given, ends = judge.read(self.bootstrap, INPUT, "read_committed")
        # The original library fills it, and was seen to write one of 60,000 messages twice while a leader moved. What is in the
        # input is what has to be in the output.
        twice = judge.repeated(given)
        if twice:
            self.note("", f"the input has {twice} of {self.filled} messages twice")
        if given.count - twice != self.filled or given.count != sum(ends.values()):
            self.problem(f"the input has {given.count} messages, {twice} of them again, {self.filled} were produced")
        made, stable = judge.read(self.bootstrap, OUTPUT, "read_committed")
        everything, _ = judge.read(self.bootstrap, OUTPUT, "read_uncommitted")
        kinds, first, others = judge.judge(given, made, everything)
        for sentence in first:
            self.problem(sentence)
        for sentence in others:
            self.note("", "PROBLEM " + sentence)
        if kinds:
            self.problem("messages " + ", ".join(f"{kind}: {n}" for kind, n in sorted(kinds.items())))
        self.hanging(stable)
        self.protocol()
        return given.count, made.count, everything.count - made.count

    def hanging(self, stable):
        """No transaction may be open, or stay in the middle of its end."""
        def states():
            text = script("topics.sh", "--bootstrap-server", self.bootstrap, "--tool", "TransactionsCommand", "list")
            return {line.split()[0]: line.split()[3] for line in text.splitlines()[1:] if len(line.split()) >= 4}
        limit = time.monotonic() + 60
        while (found := states()) and any(s.startswith("Prepare") for s in found.values()) and time.monotonic() < limit:
            time.sleep(1)
        if sorted(found) != [f"chaos-{slot}" for slot in range(SLOTS)]:
            self.problem(f"transactions at the end: {found}")
        for name, state in found.items():
            if state not in ("CompleteCommit", "CompleteAbort", "Empty"):
                self.problem(f"{name}: its transaction is in the state {state} at the end: "
                             + script("topics.sh", "--bootstrap-server", self.bootstrap, "--tool", "TransactionsCommand", "describe",
                                      "--transactional-id", name))
        for (topic, partition), (last_stable, high) in stable_offsets(self.bootstrap, (OUTPUT, "__consumer_offsets")).items():
            if last_stable != high:
                self.problem(f"{topic} {partition} has an open transaction: last stable offset {last_stable}, high watermark {high}: "
                             + script("topics.sh", "--bootstrap-server", self.bootstrap, "--tool", "TransactionsCommand", "describe-producers",
                                      "--topic", topic, "--partition", str(partition)))

    def protocol(self):
        """Which versions were spoken, and whether they are those that the transaction version asks for."""
        highest = {}
        for (api, version), n in self.seen.items():
            highest.setdefault(api, {})[version] = n
        spoken = [f"{APIS[api]} " + "+".join(f"v{v}" for v in sorted(highest[api])) for api in (0, 22, 24, 25, 26, 28) if api in highest]
        print("  spoken: " + ", ".join(spoken), flush=True)
        if not self.args.kip890:
            return
        old = {api: sum(n for v, n in highest.get(api, {}).items() if v <= limit) for api, limit in ((0, 11), (26, 4), (28, 4))}
        new = {api: sum(n for v, n in highest.get(api, {}).items() if v > limit) for api, limit in ((0, 11), (26, 4), (28, 4))}
        added = sum(sum(highest.get(api, {}).values()) for api in (24, 25))
        version = self.args.transaction_version
        if version == "1" and (any(new.values()) or not all(old.values()) or not added):
            self.problem("with transaction version 1 the older protocol is to be spoken, alone")
        if version == "2" and (any(old.values()) or not all(new.values()) or added):
            self.problem("with transaction version 2 its protocol is to be spoken, alone")
        if version == "1to2" and not (all(new.values()) and all(old.values())):
            self.problem("after the change to transaction version 2 its protocol is to be spoken, before it the older one")


class Lag:
    """How much the group has not consumed yet, by an independent client."""

    def __init__(self, bootstrap):
        from confluent_kafka import Consumer, TopicPartition
        self.partitions = [TopicPartition(INPUT, p) for p in range(PARTITIONS)]
        self.consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": GROUP, "enable.auto.commit": False}, logger=None)

    def __enter__(self):
        return self.lag

    def __exit__(self, *_):
        self.consumer.close()

    def lag(self):
        from confluent_kafka import KafkaException
        try:
            committed = self.consumer.committed(self.partitions, timeout=10)
            ends = [self.consumer.get_watermark_offsets(p, timeout=10)[1] for p in self.partitions]
        except KafkaException:
            return -1
        if any(c.error for c in committed):
            return -1
        return sum(end - max(c.offset, 0) for c, end in zip(committed, ends))


def stable_offsets(bootstrap, topics):
    """For each partition its last stable offset and its high watermark."""
    from confluent_kafka import IsolationLevel, TopicPartition
    from confluent_kafka.admin import AdminClient, OffsetSpec
    admin = AdminClient({"bootstrap.servers": bootstrap}, logger=None)
    metadata = admin.list_topics(timeout=60)
    found = collections.defaultdict(list)
    for isolation in (IsolationLevel.READ_COMMITTED, IsolationLevel.READ_UNCOMMITTED):
        wanted = {TopicPartition(t, p): OffsetSpec.latest() for t in topics for p in metadata.topics[t].partitions}
        for tp, future in admin.list_offsets(wanted, isolation_level=isolation, request_timeout=60).items():
            found[tp.topic, tp.partition].append(future.result().offset)
    return found


def report(chaos, given, made, aborted):
    c = chaos.counts
    lines = [
        f"{given} messages in, {made} out, {aborted} more in aborted transactions; transactions: {c['committed']} committed, {c['aborted']} aborted",
        f"instances fenced: {c['fenced']} by their successors, {c['timed out']} by the end of their transaction's time; {c['fatal']} other fatal "
        f"errors, {c['unexpected']} unexpected ends",
        f"instances: {c['killed']} killed, {c['closed']} closed, {c['frozen']} frozen, {c['replaced while frozen']} replaced while frozen; "
        f"partitions: {c['assign']} times assigned, {c['revoke']} revoked, {c['lost']} lost ({chaos.strategy}{', static' if chaos.static else ''})",
        f"brokers: {c['broker kill']} killed, {c['broker stop']} stopped, {c['broker pause']} frozen; longest time without a commit "
        f"{chaos.longest / 1e6:.1f} s; the end of the input {chaos.caught_up:.1f} s after it was calm",
        "connections cut: " + ", ".join(f"{name} {n}" for name, n in sorted(chaos.cuts.items())),
        "errors: " + (", ".join(f"{why} {n}" for why, n in sorted(chaos.reasons.items())) or "none"),
    ]
    print("  " + "\n  ".join(lines))
    print(f"transactions: version {chaos.args.transaction_version}, seed {chaos.args.seed}, {chaos.args.seconds} s, {given} messages: "
          + (f"FAILED, {len(chaos.problems)} problems" if chaos.problems else "passed"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--messages", type=int, default=60_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--transaction-version", choices=["1", "2", "1to2"], default="2")
    # A cooperative rebalance has two steps. A static member that is replaced after the first keeps its successor from asking for the
    # second, with every client: the two do not go together.
    groups = {"range": ("range", False), "static": ("range", True), "cooperative": ("cooperative-sticky", False)}
    parser.add_argument("--group", choices=groups, help="the assignor, or static: range with a group.instance.id that a successor takes "
                        "over; without it the seed decides")
    parser.add_argument("--pace", type=float, default=1.0, help="how much longer than usual it is from one thing that happens to the next")
    parser.add_argument("--library", help="the folder of librdkafka.so.1")
    parser.add_argument("--program", default=os.environ.get("TRANSFORM"))
    parser.add_argument("--log", help="a file for all that the processes say")
    parser.add_argument("--kip890", action="store_true", help="the library speaks the protocol of transaction version 2")
    parser.add_argument("--tolerant", action="store_true", help="fatal errors are counted only")
    args = parser.parse_args()
    args.group = groups.get(args.group)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    judge.self_test()
    chaos = Chaos(args)
    given = made = aborted = 0
    try:
        chaos.run()
        given, made, aborted = chaos.judge()
    except SystemExit as e:
        # There is no verdict: a tool does not answer, or instances do not live.
        chaos.problem(str(e))
    finally:
        chaos.end()
    report(chaos, given, made, aborted)
    sys.exit(bool(chaos.problems))


if __name__ == "__main__":
    main()
