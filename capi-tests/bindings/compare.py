#!/usr/bin/env python3
"""compare.py NAME UPSTREAM.tsv OURS.tsv EXPECTED: fails when ours fails what the original passes and no reason is known.

A line of EXPECTED is: binding, name of the test, reason, with tabs between. A test that one side did not get to counts as
failed there: a crash takes the tests behind it along. A listed name that no run of the whole suite has is a failure, too.
"""
import os
import sys


def load(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return dict(line.rstrip("\n").rsplit("\t", 1) for line in f if "\t" in line)


def reasons(path, name):
    with open(path, encoding="utf-8") as f:
        rows = [line.rstrip("\n").split("\t") for line in f if line.strip() and not line.startswith("#")]
    return {test: reason for binding, test, reason in rows if binding == name}


def main():
    name, upstream_path, ours_path, expected_path = sys.argv[1:5]
    if not os.path.exists(ours_path) or not os.path.exists(upstream_path):
        print("only one library was run: nothing is compared")
        return 0
    upstream, ours, known = load(upstream_path), load(ours_path), reasons(expected_path, name)
    if not ours or not upstream:
        print("a suite ran no test")
        return 1
    count, unexpected, explained, only_upstream_fails, stale = 0, [], {}, [], set()
    for test in sorted(set(upstream) | set(ours)):
        theirs, mine = upstream.get(test, "absent"), ours.get(test, "absent")
        reason = known.get(test)
        count += 1
        if theirs == "pass" and mine != "pass":
            if reason:
                explained.setdefault(reason, []).append(test)
            else:
                unexpected.append((test, mine))
        elif mine == "pass" and theirs not in ("pass", "skip", "absent"):
            only_upstream_fails.append(test)
        elif mine == "pass" and reason:
            stale.add(test)
    for reason, tests in sorted(explained.items()):
        print(f"known to fail, {reason}: {len(tests)}")
    for test in only_upstream_fails:
        print(f"fails on the original only: {test}")
    for test in sorted(stale):
        print(f"passes, though expected.txt lists it: {test}")
    gone = [] if "part-" in os.path.basename(ours_path) else sorted(set(known) - set(upstream) - set(ours))
    for test in gone:
        print(f"in expected.txt, but there is no such test: {test}")
    for test, mine in unexpected:
        print(f"{mine} on ours, passes on the original: {test}")
    passing = sum(state == "pass" for state in ours.values())
    print(f"{name}: {count} tests, {passing} pass on ours, {sum(state == 'pass' for state in upstream.values())} on the original, {len(unexpected)} unexpected")
    return 1 if unexpected or gone else 0


if __name__ == "__main__":
    sys.exit(main())
