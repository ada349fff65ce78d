#!/usr/bin/env python3
"""The data that acceptance.sh moves, and the check that it came back.

  data.py generate LINES FILE              LINES lines "key<TAB>value" of mixed size
  data.py headers CHUNK                    the -H arguments of a chunk, one a line
  data.py verify LINES PARTITIONS CHUNKS [--duplicates]   reads kcat's output (FORMAT below) and compares
  data.py feed LINES FIRST LAST RATE       writes lines FIRST..LAST at RATE lines a second (0: at once)

Each value starts with its line number, so that order and loss show; what follows is derived from the number, any byte but a
newline, so that verify knows every byte without keeping the file.
FORMAT: kcat -f '%p %o %K %S %T\\n%k%s\\n%h\\n'
"""
import random
import sys
import time
import zlib

POOL = bytes(b for b in random.Random(1).randbytes(1 << 18) if b != 10)
HEADERS = [[], ["chunk=1"], ["chunk=2", "empty=", "null"], ["chunk=3", "twice=a", "twice=b", "text=two words; \u00e9"]]


def line(n):
    """Key and value of line n. Of 100 values 90 are short, 9 medium, 1 large; one key in 50 is empty."""
    h = zlib.crc32(b"%d" % n)
    key = b"" if h % 50 == 0 else b"key-%d" % (h // 50 % 5000)
    kind = h // 7 % 100
    size = h % 200 if kind < 90 else h % 2000 if kind < 99 else h % 20000
    start = h % (len(POOL) - 20000)
    return key, b"%d " % n + POOL[start:start + size]


def chunk_of(n, lines, chunks):
    return min(n * chunks // lines, chunks - 1)


def printed_headers(chunk):
    return ",".join(h if "=" in h else h + "=NULL" for h in HEADERS[chunk]).encode()


def fail(text):
    sys.exit("FAILED: " + text)


def verify(lines, partitions, chunks, duplicates):
    data = sys.stdin.buffer
    seen = bytearray(lines)
    last = [-1] * partitions
    next_offset = [None] * partitions
    count = again = 0
    while True:
        head = data.readline()
        if not head:
            break
        p, offset, key_len, size, _ = (int(f) for f in head.split())
        body = data.read(key_len + size + 1)
        if len(body) != key_len + size + 1 or body[-1] != 10:
            fail(f"partition {p} offset {offset}: cut short")
        key, value = body[:key_len], body[key_len:-1]
        headers = data.readline()[:-1]
        if next_offset[p] is not None and offset != next_offset[p]:
            fail(f"partition {p}: offset {offset} where {next_offset[p]} is next")
        next_offset[p] = offset + 1
        try:
            n = int(value[:value.index(b" ")])
        except ValueError:
            fail(f"partition {p} offset {offset}: no line number in {value[:20]!r}")
        if (key, value) != line(n):
            fail(f"partition {p} offset {offset}: line {n} is not what was sent")
        if headers != printed_headers(chunk_of(n, lines, chunks)):
            fail(f"line {n}: headers {headers!r}, not {printed_headers(chunk_of(n, lines, chunks))!r}")
        if key and p != zlib.crc32(key) % partitions:
            fail(f"line {n}: partition {p}, not {zlib.crc32(key) % partitions} for key {key!r}")
        if seen[n]:
            again += 1
            if not duplicates:
                fail(f"line {n} came twice")
        elif n <= last[p] and not duplicates:
            fail(f"partition {p}: line {n} after line {last[p]}")
        seen[n] = 1
        last[p] = n
        count += 1
    missing = seen.count(0)
    if missing:
        fail(f"{missing} of {lines} lines are missing, the first is {seen.index(0)}")
    print(f"{count} messages" + (f", {again} of them duplicates" if duplicates else ", in order in each partition, byte for byte"))


def main():
    cmd, args = sys.argv[1], sys.argv[2:]
    if cmd == "generate":
        with open(args[1], "wb") as f:
            for n in range(int(args[0])):
                f.write(b"\t".join(line(n)) + b"\n")
    elif cmd == "feed":
        first, last, rate = (int(a) for a in args[1:4])
        out = sys.stdout.buffer
        start = time.monotonic()
        for n in range(first, last):
            if rate and (ahead := start + (n - first) / rate - time.monotonic()) > 0.01:
                out.flush()
                time.sleep(ahead)
            out.write(b"\t".join(line(n)) + b"\n")
        out.flush()
    elif cmd == "headers":
        for h in HEADERS[int(args[0])]:
            print(f"-H\n{h}")
    elif cmd == "verify":
        verify(int(args[0]), int(args[1]), int(args[2]), "--duplicates" in args)


main()
