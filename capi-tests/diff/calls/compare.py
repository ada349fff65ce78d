#!/usr/bin/env python3
"""compare.py TABLE FOLDER SUBJECT...: SUBJECT.upstream and SUBJECT.ours in FOLDER, and the table of what may differ.

A row of the table under "Calls": pattern (of shell wildcards, several with a space between), librdkafka, here, reason.
"""
import fnmatch
import re
import sys

MOST_ROWS = 25
LEAST_CALLS = 400


def lines(path):
    found, left_out = {}, 0
    for line in open(path, errors="replace"):
        name, tab, rest = line.rstrip("\n").partition("\t")
        if not tab:
            sys.exit(f"{path}: not a call: {line!r}")
        if rest.startswith("ours-only"):
            left_out += 1
            continue
        # The same call again is one more line of its own.
        while name in found:
            head, _, n = name.partition("#")
            name = f"{head}#{int(n or 1) + 1}"
        found[name] = rest.strip()
    return found, left_out


def rows(path):
    found, inside = [], False
    for line in open(path):
        if line.startswith("## "):
            inside = line.strip() == "## Calls"
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]
        if inside and len(cells) >= 4 and not set(cells[0]) <= set("-: ") and cells[0] != "call":
            found.append([cell.replace("`", "") for cell in cells])
    return found


def forked(folder):
    """In a forked child every call returns, and what returns a code says _STATE."""
    bad, calls = 0, 0
    for line in open(f"{folder}/forked.ours"):
        name, _, told = line.rstrip("\n").partition("\t")
        if "/parent/" in name:
            wrong = set(re.findall(r"code=(\S+)", told)) != {"NO_ERROR"}
        else:
            calls += 1
            wrong = "ended=" in told or "error=NULL" in told or set(re.findall(r"code=(\S+)", told)) - {"_STATE"}
        if wrong:
            print(f"wrong after fork(): {name}: {told}")
            bad += 1
    print(f"forked: {calls} calls in children, {bad} wrong")
    return bad


def main():
    folder, subjects = sys.argv[2], sys.argv[3:]
    table = rows(sys.argv[1])
    upstream, ours, left_out = {}, {}, 0
    bad = forked(folder) if "forked" in subjects else 0
    for subject in subjects:
        if subject == "forked":
            continue
        upstream |= lines(f"{folder}/{subject}.upstream")[0]
        found, left = lines(f"{folder}/{subject}.ours")
        ours |= found
        left_out += left
    everything = set(subjects) >= {"core", "producer", "consumer", "group"}
    used, unlisted = [0] * len(table), []
    for name in dict.fromkeys([*upstream, *ours]):
        was, here = upstream.get(name, "not reached"), ours.get(name, "not reached")
        if was == here:
            continue
        listed = [i for i, row in enumerate(table) if any(fnmatch.fnmatchcase(name, p) for p in row[0].split())]
        for i in listed:
            used[i] += 1
        if not listed:
            unlisted.append(name)
            print(f"differs: {name}: {was}  ->  {here}")
    bad += len(unlisted)
    for row, uses in zip(table, used):
        if not uses and everything:
            print(f"no longer differs: {row[0]}")
            bad += 1
    if len(table) > MOST_ROWS:
        print(f"{len(table)} rows, at most {MOST_ROWS} are allowed")
        bad += 1
    print(f"calls: {len(upstream)} compared, {left_out} more here only; {sum(used)} differ as {len(table)} rows tell, {len(unlisted)} differ otherwise")
    if everything and len(upstream) < LEAST_CALLS:
        print(f"{len(upstream)} calls, at least {LEAST_CALLS} are wanted")
        bad += 1
    sys.exit(1 if bad else 0)


main()
