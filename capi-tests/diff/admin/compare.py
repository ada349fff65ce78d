#!/usr/bin/env python3
"""Compares what admin_diff printed on two libraries, call by call.

compare.py ACCEPTED UPSTREAM OURS

ACCEPTED has the calls that may differ: their labels, each after a line that begins with # and says why. Fails on a difference
that is not accepted, and on a call that is accepted and does not differ.
"""
import difflib
import pathlib
import sys


def calls(path):
    found, label, block = {}, None, []
    order = []
    for line in pathlib.Path(path).read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("== "):
            label = line[3:].split(":")[0]
            n = 2
            while label in found:
                label = f"{line[3:].split(':')[0]} #{n}"
                n += 1
            found[label] = block = []
            order.append(label)
        elif line.startswith("==== "):
            label, block = None, []
            continue
        block.append(line)
    return order, found


def main():
    accepted = {line for line in pathlib.Path(sys.argv[1]).read_text().splitlines() if line and not line.startswith("#")}
    order, upstream = calls(sys.argv[2])
    our_order, ours = calls(sys.argv[3])
    bad = 0
    for label in order + [l for l in our_order if l not in upstream]:
        theirs, mine = upstream.get(label, ["no such call"]), ours.get(label, ["no such call"])
        if theirs == mine:
            if label in accepted:
                bad += 1
                print(f"no difference any more: {label}")
            continue
        if label in accepted:
            continue
        bad += 1
        print(f"--- {label}")
        for line in list(difflib.unified_diff(theirs, mine, "librdkafka", "ours", lineterm="", n=0))[2:42]:
            print("    " + line)
    print(f"admin calls: {len(order)} compared, {len(accepted)} may differ, {bad} do that may not")
    return bad > 0


sys.exit(main())
