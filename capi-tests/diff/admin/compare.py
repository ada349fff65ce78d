#!/usr/bin/env python3
"""Compares what admin_diff printed on two libraries, call by call.

compare.py [--nodes N] ACCEPTED UPSTREAM OURS
compare.py --kill ACCEPTED QUIET UPSTREAM OURS    while controllers die; QUIET is what was printed while none did
compare.py --numbers LABELS PRINTED               the numbers of calls

ACCEPTED has the calls that may differ, and says why; what its sections mean stands there. Fails on a difference that is not accepted,
and, without --kill, on a call that is accepted and does not differ.
"""
import argparse
import difflib
import pathlib
import re
import sys


def calls(path, normal=lambda line: line):
    """Label -> lines, in the order of the calls."""
    found, block = {}, []
    for line in pathlib.Path(path).read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("==== "):
            block = []
            continue
        if line.startswith("== "):
            label, n = line[3:].split(":")[0], 2
            while label in found:
                label = f"{line[3:].split(':')[0]} #{n}"
                n += 1
            found[label] = block = []
        block.append(normal(line))
    return found


def sections(path):
    """Section -> lines; those before the first one are of section ''."""
    found, name = {"": []}, ""
    for line in pathlib.Path(path).read_text().splitlines():
        if line.startswith("["):
            name = line.strip("[]")
            found[name] = []
        elif line and not line.startswith("#"):
            found[name].append(line)
    return found


# Where a group's coordinator is depends on the group's name, and so on the run.
def on_nodes(line):
    return re.sub(r"coordinator=\d+ \S+ rack \S+", "coordinator=some", line)


# Whose turn it is to lead, and who is in sync, depends on who has died.
def while_they_die(line):
    for field, value in (("leader", r"\d+ \S+ rack \S+"), ("isr", r"[\d,]+"), ("epoch", r"\d+")):
        line = re.sub(f" {field}={value}", f" {field}=some", line)
    return on_nodes(line)


def show(label, theirs, mine, names=("librdkafka", "ours")):
    print(f"--- {label}")
    for line in list(difflib.unified_diff(theirs, mine, *names, lineterm="", n=0))[2:42]:
        print("    " + line)


def compare(args):
    accepted = sections(args.files[0])
    may_differ = set(accepted[""] + (accepted.get("one node", []) if args.nodes == 1 else []))
    upstream, ours = (calls(path, on_nodes if args.nodes > 1 else str) for path in args.files[1:])
    bad = 0
    for label in upstream | ours:
        theirs, mine = upstream.get(label, ["no such call"]), ours.get(label, ["no such call"])
        if theirs == mine and label in may_differ:
            bad += 1
            print(f"no difference any more: {label}")
        elif theirs != mine and label not in may_differ:
            bad += 1
            show(label, theirs, mine)
    print(f"admin calls: {len(upstream)} compared, {len(may_differ)} may differ, {bad} do that may not")
    return bad > 0


def rules(lines):
    """(label, pattern, replacement) of "LABEL: PATTERN => REPLACEMENT"; * replaces by whatever it was."""
    for line in lines:
        label, rest = line.split(": ", 1)
        pattern, replacement = rest.split(" => ")
        yield re.compile(label), re.compile(pattern), replacement


def excused(all_rules, label, quiet, mine):
    """Whether what the rules say explains all differences."""
    for who, pattern, replacement in all_rules:
        if who.fullmatch(label) and replacement == "*":
            told = [line for line in mine if not pattern.search(line)]
            mine = quiet if mine[:1] == quiet[:1] and set(told) <= set(quiet) else mine
        elif who.fullmatch(label):
            # A rule counts for a line only where it leads to what was there without a kill.
            mine = [line if line in quiet else pattern.sub(replacement, line) for line in mine]
    return mine == quiet


def compare_while_they_die(args):
    all_rules = list(rules(sections(args.files[0]).get("kill", [])))
    quiet, upstream, ours = (calls(path, while_they_die) for path in args.files[1:])
    count = dict(as_without=0, excused=0, bad=0, upstream=0)
    for label, want in quiet.items():
        theirs, mine = upstream.get(label, ["no such call"]), ours.get(label, ["no such call"])
        count["upstream"] += theirs != want
        if mine == want:
            count["as_without"] += 1
            if theirs != want and args.verbose:
                show(label, want, theirs, ("quiet", "librdkafka"))
        elif excused(all_rules, label, want, mine):
            count["excused"] += 1
            if args.verbose:
                show(label, want, mine, ("quiet", "ours, accepted"))
        else:
            count["bad"] += 1
            show(label, want, mine, ("quiet", "ours"))
            if theirs != want:
                show(label, want, theirs, ("quiet", "librdkafka"))
    print(f"admin calls while controllers die: {len(quiet)}, of which ours answers {count['as_without']} as without a kill, "
          f"{count['excused']} as accepted, {count['bad']} as it may not; librdkafka answers {count['upstream']} differently")
    return count["bad"] > 0


def numbers(args):
    wanted = [line for line in pathlib.Path(args.files[0]).read_text().splitlines() if line and not line.startswith("#")]
    # What was refused before there was anything to send is no call.
    order = {label: n for n, label in enumerate((l for l in calls(args.files[1]) if not l.startswith("new ")), 1)}
    print(" ".join(str(order[label]) for label in wanted if label in order))
    return False


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--nodes", type=int, default=1)
    p.add_argument("--kill", action="store_true")
    p.add_argument("--numbers", action="store_true")
    p.add_argument("--verbose", action="store_true")
    p.add_argument("files", nargs="+")
    args = p.parse_args()
    return (compare_while_they_die if args.kill else numbers if args.numbers else compare)(args)


sys.exit(main())
