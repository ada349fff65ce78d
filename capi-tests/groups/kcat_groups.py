#!/usr/bin/env python3
"""Two processes of an unmodified kcat -G share a group, with each assignor: KCAT_LIBRARY, BOOTSTRAP.

Each partition has one reader, who hands over to the other when it ends; every message is printed once, and a group that
comes back goes on after what it had.
"""
import os
import re
import signal
import subprocess
import sys
import threading
import time
import uuid

BOOTSTRAP = os.environ["BOOTSTRAP"]
HERE = os.path.dirname(os.path.abspath(__file__))
ENV = dict(os.environ, LD_LIBRARY_PATH=os.environ["KCAT_LIBRARY"], HOME="/nonexistent")
PARTITIONS = 4


class Reader:
    """One kcat -G: what it holds, by its standard error, and what it printed."""

    def __init__(self, group, topic, strategy, *more):
        self.held, self.lines, self.notes = set(), [], []
        self.child = subprocess.Popen(
            ["kcat", "-b", BOOTSTRAP, "-G", group, "-u", "-f", "%p:%o:%s\n", "-X", f"partition.assignment.strategy={strategy}",
             "-X", "auto.offset.reset=earliest", "-X", "heartbeat.interval.ms=300", *more, topic],
            env=ENV, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.threads = [threading.Thread(target=f, daemon=True) for f in (self.read, self.read_notes)]
        for t in self.threads:
            t.start()

    def read(self):
        for line in self.child.stdout:
            self.lines.append(line.decode().strip())

    def read_notes(self):
        for line in self.child.stderr:
            text = line.decode().strip()
            self.notes.append(text)
            parts = {int(p) for p in re.findall(r"\[(\d+)\]", text)}
            # "revoked: T [0], ..." and "incremental revoke of N partition(s) ...: T [0], ..."; the same for assignments.
            if "rebalanced" in text and "revoke" in text:
                self.held -= parts
            elif "rebalanced" in text and "assign" in text:
                self.held |= parts

    def end(self):
        self.child.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self):
        code = self.child.wait(30)
        for t in self.threads:
            t.join(10)
        return code


def produce(topic, first, count):
    text = "".join(f"m{n}\n" for n in range(first, first + count))
    for p in range(PARTITIONS):
        subprocess.run(["kcat", "-P", "-b", BOOTSTRAP, "-t", topic, "-p", str(p)], input=text.encode(), env=ENV, check=True, timeout=60)


def until(what, condition, readers):
    deadline = time.monotonic() + 60
    while not condition():
        if time.monotonic() > deadline:
            for r in readers:
                print("\n".join(r.notes[-15:]), f"holds {r.held}, {len(r.lines)} lines", file=sys.stderr)
            raise SystemExit(f"FAILED: {what}")
        time.sleep(0.02)


def share(strategy):
    topic, group = "kcat-group-" + uuid.uuid4().hex, "kcat-" + uuid.uuid4().hex
    subprocess.run([sys.executable, os.path.join(HERE, "..", "kafka", "admin.py"), "--bootstrap-server", BOOTSTRAP, "--create",
                    "--topic", topic, "--partitions", str(PARTITIONS)], check=True)
    produce(topic, 0, 100)
    readers = [Reader(group, topic, strategy)]
    try:
        a = readers[0]
        until("the first has all", lambda: len(a.held) == PARTITIONS and len(a.lines) == 400, readers)
        b = Reader(group, topic, strategy)
        readers.append(b)
        until("they share", lambda: len(a.held) == 2 and len(b.held) == 2 and not a.held & b.held, readers)
        produce(topic, 100, 50)
        until("both read", lambda: len(a.lines) + len(b.lines) >= 600, readers)
        if not b.lines:
            raise SystemExit("FAILED: the second has read nothing")
        if b.end() != 0:
            raise SystemExit("FAILED: the second did not end well")
        until("the first has all again", lambda: len(a.held) == PARTITIONS, readers)
        produce(topic, 150, 10)
        until("the first goes on", lambda: len(a.lines) + len(b.lines) >= 640, readers)
        if a.end() != 0:
            raise SystemExit("FAILED: the first did not end well")
        expected = sorted(f"{p}:{n}:m{n}" for p in range(PARTITIONS) for n in range(160))
        got = sorted(a.lines + b.lines)
        if got != expected:
            raise SystemExit(f"FAILED: {len(got)} lines, {len(set(got))} different, of {len(expected)}; "
                             f"missing {sorted(set(expected) - set(got))[:5]}")
        # All is committed.
        produce(topic, 160, 1)
        c = Reader(group, topic, strategy, "-c", str(PARTITIONS))
        readers.append(c)
        if c.wait() != 0 or sorted(c.lines) != [f"{p}:160:m160" for p in range(PARTITIONS)]:
            raise SystemExit(f"FAILED: the next one read {sorted(c.lines)[:8]}")
    finally:
        for r in readers:
            r.child.kill()
    print(f"kcat -G, two processes, {strategy}: ok", flush=True)


for assignor in sys.argv[1:] or ["range", "roundrobin", "cooperative-sticky"]:
    share(assignor)
