#!/usr/bin/env python3
"""The orders of demo.sh, and the comparison of what came back.

  orders.py feed COUNT LABEL                                    the orders, one a line: key, tab, value
  orders.py check COUNT PARTITIONS HEADERS LEADERS LABEL        reads kcat's lines, prints the table; fails on any difference

Both show how far they are on standard error, if that is a terminal.
"""
import random
import signal
import sys
import zlib
from collections import deque

CITIES = ["Lima", "Oslo", "Kyoto", "Accra", "Porto", "Hanoi", "Turin", "Quito"]
GOODS = ["tea", "ink", "yarn", "brass", "maps", "clay", "oak", "salt"]


class Progress:
    WIDTH = 24

    def __init__(self, label, total):
        self.label, self.total, self.shown = label, max(total, 1), -1
        self.on = sys.stderr.isatty()

    def at(self, done):
        percent = min(done * 100 // self.total, 100)
        if self.on and percent != self.shown:
            self.shown = percent
            bar = ("#" * (percent * self.WIDTH // 100)).ljust(self.WIDTH, ".")
            sys.stderr.write(f"\r{self.label}{bar} {percent:3} %  {done:,}")
            sys.stderr.flush()

    def end(self):
        if self.on:
            sys.stderr.write("\r\033[K")


def orders(count):
    r = random.Random(7)
    for n in range(count):
        items = ", ".join(f'{{"what": "{r.choice(GOODS)}", "pieces": {r.randrange(1, 40)}}}' for _ in range(r.randrange(1, 6)))
        yield f'customer-{r.randrange(2000)}\t{{"order": {n}, "city": "{r.choice(CITIES)}", "items": [{items}]}}'.encode()


def feed(count, label):
    progress = Progress(label, count)
    for n, line in enumerate(orders(count)):
        sys.stdout.buffer.write(line + b"\n")
        progress.at(n)
    sys.stdout.buffer.flush()
    progress.end()


def check(count, partitions, headers, leaders_path, label):
    # What each partition must hold: kcat's default sends a key to the partition of its CRC-32.
    wanted = [deque() for _ in range(partitions)]
    for line in orders(count):
        wanted[zlib.crc32(line.split(b"\t", 1)[0]) % partitions].append(line)
    sent = [len(w) for w in wanted]
    with open(leaders_path) as f:
        leaders = dict(line.split() for line in f)
    back, size, bad, problems = [0] * partitions, [0] * partitions, [0] * partitions, []
    progress = Progress(label, count)

    def problem(p, text):
        bad[p] += 1
        if len(problems) < 10:
            problems.append(f"partition {p}: {text}")

    for n, line in enumerate(sys.stdin.buffer):
        p, offset, key, head, value = line[:-1].split(b"\t", 4)
        p = int(p)
        size[p] += len(key) + len(value)
        if int(offset) != back[p] or not wanted[p] or wanted[p].popleft() != key + b"\t" + value:
            problem(p, f"offset {offset.decode()} is not what was sent as number {back[p]}")
        elif head.decode() != headers:
            problem(p, f"offset {offset.decode()} has the headers {head!r}")
        back[p] += 1
        progress.at(n)
    progress.end()
    for p in range(partitions):
        if back[p] != sent[p]:
            problem(p, f"{back[p]} messages came back of {sent[p]}")
    print("partition   leader       sent   came back        KiB   in order, byte for byte")
    for p in range(partitions):
        leader = "broker " + leaders.get(str(p), "?")
        print(f"{p:9}   {leader:9}{sent[p]:8,} {back[p]:11,} {size[p] // 1024:10,}   {f'no: {bad[p]} problems' if bad[p] else 'yes'}")
    print(f"{'total':>9}   {'':9}{sum(sent):8,} {sum(back):11,} {sum(size) // 1024:10,}")
    for text in problems:
        print(text)
    sys.exit(1 if problems else 0)


# Ctrl-C, and a kcat that has ended, end this quietly.
signal.signal(signal.SIGINT, signal.SIG_DFL)
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
if sys.argv[1] == "feed":
    feed(int(sys.argv[2]), sys.argv[3])
else:
    check(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5], sys.argv[6])
