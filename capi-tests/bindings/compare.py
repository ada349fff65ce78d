#!/usr/bin/env python3
"""compare.py NAME UPSTREAM.tsv OURS.tsv EXPECTED: fails when ours fails what the original passes and no reason is known.

A line of EXPECTED is: binding, name of the test, reason, with tabs between; it may tell why a test fails on both. A test that
one side did not get to counts as failed there: a crash takes the tests behind it along. A listed name that no run of the whole
suite has is a failure, too. Without a run of the original, ours must pass all but what is listed there, or in table.tsv as failed on
both.
"""
import os
import sys

import table


def load(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return dict(line.rstrip("\n").rsplit("\t", 1) for line in f if "\t" in line)


def reasons(path, name):
    with open(path, encoding="utf-8") as f:
        rows = [line.rstrip("\n").split("\t") for line in f if line.strip() and not line.startswith("#")]
    return {test: reason for binding, test, reason in rows if binding == name}


def alone(name, ours, known):
    failed_on_both = {test for row in table.rows() if row["binding"] == name for test in row["failed on both"].split("; ")}
    failed = sorted(test for test, state in ours.items() if state == "fail")
    unexpected = [test for test in failed if test not in known and test not in failed_on_both]
    for test in unexpected:
        print(f"fails on ours: {test}")
    print(f"{name}: {len(ours)} tests, {sum(state == 'pass' for state in ours.values())} pass on ours, {len(unexpected)} unexpected")
    return 1 if unexpected or not ours else 0


def main():
    name, upstream_path, ours_path, expected_path = sys.argv[1:5]
    if not os.path.exists(ours_path):
        print("only the original was run: nothing is compared")
        return 0
    if not os.path.exists(upstream_path):
        return alone(name, load(ours_path), reasons(expected_path, name))
    upstream, ours, known = load(upstream_path), load(ours_path), reasons(expected_path, name)
    if not ours or not upstream:
        print("a suite ran no test")
        return 1
    count, unexpected, explained, only_upstream_fails, both_fail, stale = 0, [], {}, [], [], set()
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
        elif mine == theirs == "fail":
            both_fail.append(test + (f", {reason}" if reason else ""))
    for reason, tests in sorted(explained.items()):
        print(f"known to fail, {reason}: {len(tests)}")
    for test in both_fail:
        print(f"fails on both: {test}")
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
