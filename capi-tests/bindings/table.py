#!/usr/bin/env python3
"""The table of clients in README.md, from what ran.

table.py record NAME CLIENT VERSION UPSTREAM.tsv ORIGINAL-VERSION OURS.tsv   keeps the counts of a run of the whole suite in table.tsv
table.py write|check                                                         puts table.tsv into README.md | whether it is there

A test that is skipped on both libraries is none: it is not counted. One that fails on both is told by its name.
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TSV = os.path.join(HERE, "table.tsv")
README = os.path.join(HERE, "..", "..", "README.md")
BEGIN, END = "<!-- table of clients: make bindings ARGS=--record -->\n", "<!-- end of the table -->\n"
FIELDS = ["binding", "client", "version", "tests", "passed", "passed on the original", "original", "failed on both"]
HEADER = (
    "# The last recorded run of each binding's whole suite (run.sh --record), tabs between:\n# " + "\t".join(FIELDS) + "\n"
)
SHOWN_NAMES = 3


def states(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return dict(line.rstrip("\n").rsplit("\t", 1) for line in f if "\t" in line)


def rows():
    if not os.path.exists(TSV):
        return []
    with open(TSV, encoding="utf-8") as f:
        return [dict(zip(FIELDS, line.rstrip("\n").split("\t"))) for line in f if line.strip() and not line.startswith("#")]


def record(name, client, version, upstream_path, original, ours_path):
    upstream, ours = states(upstream_path), states(ours_path)
    tests = sorted(test for test in set(upstream) | set(ours) if {upstream.get(test), ours.get(test)} != {"skip"})
    both = [test for test in tests if upstream.get(test) == "fail" and ours.get(test) == "fail"]
    row = {
        "binding": name,
        "client": client,
        "version": version,
        "tests": str(len(tests)),
        "passed": str(sum(ours.get(test) == "pass" for test in tests)),
        "passed on the original": str(sum(upstream.get(test) == "pass" for test in tests)),
        "original": original,
        "failed on both": "; ".join(both),
    }
    kept = sorted([old for old in rows() if old["binding"] != name] + [row], key=lambda r: r["client"].lower())
    with open(TSV, "w", encoding="utf-8") as f:
        f.write(HEADER + "".join("\t".join(r[field] for field in FIELDS) + "\n" for r in kept))


def failed_on_both(row):
    names = [name for name in row["failed on both"].split("; ") if name]
    if len(names) <= SHOWN_NAMES:
        return ", ".join(f"`{name}`" for name in names)
    return f"{len(names)}, see [table.tsv](capi-tests/bindings/table.tsv)"


def markdown():
    lines = ["| client | version | tests | passed | on librdkafka | fail on both |", "| --- | --- | --: | --: | --: | --- |"]
    for row in rows():
        lines.append(
            f"| {row['client']} | {row['version']} | {row['tests']} | {row['passed']} "
            f"| {row['passed on the original']} ({row['original']}) | {failed_on_both(row)} |"
        )
    return "\n".join(lines) + "\n"


def write(check):
    with open(README, encoding="utf-8") as f:
        text = f.read()
    try:
        before, rest = text.split(BEGIN)
        old, after = rest.split(END)
    except ValueError:
        sys.exit("README.md has not the two lines that the table of clients stands between")
    new = "\n" + markdown() + "\n"
    if check and old != new:
        sys.exit("README.md's table of clients is not what capi-tests/bindings/table.tsv has: capi-tests/bindings/table.py write")
    if not check:
        with open(README, "w", encoding="utf-8") as f:
            f.write(before + BEGIN + new + END + after)


def main():
    command = sys.argv[1:2]
    if command == ["record"] and len(sys.argv) == 8:
        record(*sys.argv[2:])
        write(check=False)
    elif command in (["write"], ["check"]):
        write(check=command == ["check"])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
