#!/usr/bin/env python3
"""Compares what chaos.c says of its topics with what kafka-topics.sh --describe does."""
import re
import sys

described = {}
for line in open(sys.argv[2], encoding="utf-8"):
    m = re.match(r"Topic:\s*(\S+).*PartitionCount:\s*(\d+).*Configs:\s*(.*)", line)
    if m:
        retention = re.search(r"retention\.ms=(\d+)", m.group(3))
        described[m.group(1)] = int(m.group(2)), int(retention.group(1)) if retention else None
wrong = unknown = total = 0
for line in open(sys.argv[1], encoding="utf-8"):
    name, state, partitions, retention = line.split()
    total += 1
    have = described.get(name)
    if state == "unknown":
        unknown += 1
    elif (state == "exists") != (have is not None):
        wrong += 1
        print(f"{name}: {state}, and Kafka says it {'exists' if have else 'does not exist'}")
    elif have:
        for what, said, is_so in (("partitions", int(partitions), have[0]), ("retention.ms", int(retention), have[1])):
            if said and said != is_so:
                wrong += 1
                print(f"{name}: {what} {said}, and Kafka says {is_so}")
print(f"{total} topics, {unknown} unknown after timeouts, {wrong} other than said")
sys.exit(wrong > 0 or total == 0)
