#!/usr/bin/env python3
"""The orders of demo.sh, and the comparison of what came back."""
import random
import sys
import zlib

CITIES = ["Lima", "Oslo", "Kyoto", "Accra", "Porto", "Hanoi", "Turin", "Quito"]
GOODS = ["tea", "ink", "yarn", "brass", "maps", "clay", "oak", "salt"]


def generate(count):
    r = random.Random(7)
    for n in range(count):
        items = ", ".join(f'{{"what": "{r.choice(GOODS)}", "pieces": {r.randrange(1, 40)}}}' for _ in range(r.randrange(1, 6)))
        print(f'customer-{r.randrange(2000)}\t{{"order": {n}, "city": "{r.choice(CITIES)}", "items": [{items}]}}')


def compare(sent_path, back_path, partitions, headers, produce_ms, consume_ms):
    # What each partition must hold: kcat's default sends a key to the partition of its CRC-32.
    wanted = [[] for _ in range(partitions)]
    with open(sent_path, "rb") as f:
        for line in f:
            key = line.split(b"\t", 1)[0]
            wanted[zlib.crc32(key) % partitions].append(line[:-1])
    at, size, problems = [0] * partitions, [0] * partitions, []
    with open(back_path, "rb") as f:
        for line in f:
            p, offset, key, head, value = line[:-1].split(b"\t", 4)
            p, offset = int(p), int(offset)
            n = at[p]
            at[p] += 1
            size[p] += len(key) + len(value)
            if n >= len(wanted[p]) or offset != n or wanted[p][n] != key + b"\t" + value:
                problems.append(f"partition {p}, offset {offset}: not what was sent at place {n}")
            elif head.decode() != headers:
                problems.append(f"partition {p}, offset {offset}: headers {head!r}")
    for p in range(partitions):
        if at[p] != len(wanted[p]):
            problems.append(f"partition {p}: {at[p]} messages of {len(wanted[p])}")
    print("partition   sent   came back       KiB   in order, byte for byte")
    for p in range(partitions):
        bad = sum(t.startswith(f"partition {p}") for t in problems)
        print(f"{p:9} {len(wanted[p]):6} {at[p]:11} {size[p] // 1024:9}   {'no: ' + str(bad) + ' problems' if bad else 'yes'}")
    total = sum(at)
    print(f"\n{total} messages: produced at {total * 1000 // max(produce_ms, 1):,} a second, consumed at {total * 1000 // max(consume_ms, 1):,} a second")
    for text in problems[:10]:
        print(text)
    sys.exit(1 if problems else 0)


if sys.argv[1] == "generate":
    generate(int(sys.argv[2]))
else:
    compare(sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5], int(sys.argv[6]), int(sys.argv[7]))
