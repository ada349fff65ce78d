#!/usr/bin/env python3
"""Runs the tests of upstream's test-runner one process each, and prints what passed, failed and was skipped. See run.sh."""
import argparse
import concurrent.futures
import os
import re
import shutil
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
COLOR = re.compile(r"\x1b\[[0-9;]*m")
ROW = re.compile(r"^\| (\S+)\s+\|\s+(\w+) \|\s+([0-9.]+)s \|(.*)$")
SIGNALS = {s.value: s.name for s in signal.Signals}


def tests_of(runner):
    """Number -> names of the tests in the suite, read off the runner's own table in its source."""
    found = {}
    with open(os.path.join(runner, "test.c"), encoding="utf-8", errors="replace") as f:
        for name in re.findall(r"^_TEST_DECL\((\w+)\);", f.read(), re.M):
            found.setdefault(name[:4], []).append(name)
    found.pop("8000", None)
    return found


def parse(text):
    """The summary's rows: name -> (state, seconds, reason)."""
    rows = {}
    for line in text.splitlines():
        m = ROW.match(COLOR.sub("", line))
        if m and m[1] != "<MAIN>":
            rows[m[1]] = (m[2], float(m[3]), " ".join(m[4].split()))
    return rows


def run(args, number, names, scratch):
    log_path = os.path.join(scratch, number + ".log")
    # Tests that read or load something name it relative to the suite's folder.
    home = os.path.join(scratch, number)
    work = os.path.join(home, "tests")
    shutil.rmtree(home, ignore_errors=True)
    os.makedirs(work)
    for entry in ("interceptor_test", "fixtures", "java", "plugin_test"):
        if os.path.exists(os.path.join(args.runner, entry)):
            os.symlink(os.path.join(args.runner, entry), os.path.join(work, entry))
    os.symlink(os.path.join(args.runner, "..", "src"), os.path.join(home, "src"))
    with open(os.path.join(work, "test.conf"), "w", encoding="utf-8") as f:
        f.write(f"bootstrap.servers={args.bootstrap}\ntest.topic.random=true\ntest.timeout.multiplier={args.multiplier}\n")
        f.write("".join(line + "\n" for line in args.conf))
    env = dict(os.environ, LD_LIBRARY_PATH=args.lib, TESTS=number, TEST_LEVEL=args.level, TEST_KAFKA_VERSION=args.broker_version,
               KAFKA_PATH=args.kafka_path, BROKERS=args.bootstrap, ZK_ADDRESS=args.bootstrap, RDKAFKA_TEST_CONF="test.conf")
    env.pop("CI", None)
    env.update(pair.split("=", 1) for pair in args.env)
    if args.subtests:
        env["SUBTESTS"] = args.subtests
    if args.topics == "tool":
        env["TOPIC_TOOL"] = "1"
    full = args.full or any(args.must.get(name, "").startswith("pass full") for name in names)
    started = time.monotonic()
    with open(log_path, "wb") as log:
        # stdbuf: the summary must be in the file even when the process is killed while it winds down.
        p = subprocess.Popen(["stdbuf", "-oL", os.path.join(args.runner, "test-runner"), "-p1"] + ([] if full else ["-Q"]), cwd=work,
                             env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            code = p.wait(args.timeout)
        except subprocess.TimeoutExpired:
            code = None
        try:
            os.killpg(p.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        p.wait()
    seconds = time.monotonic() - started
    with open(log_path, encoding="utf-8", errors="replace") as f:
        text = f.read()
    rows = parse(text)
    plain = COLOR.sub("", text)
    results = []
    for name in names:
        if name in rows:
            state, secs, reason = rows[name]
        elif f"Running test {name} " in plain and f"Test {name} PASSED" in plain:
            state, secs, reason = "PASSED", seconds, ""
        elif f"Running test {name} " in plain or code is None or code < 0:
            state, secs, reason = "FAILED", seconds, ""
        else:
            skipped = re.search(rf"Skipping test {name} \((.*?)\)", plain)
            state, secs, reason = "SKIPPED", 0.0, skipped[1] if skipped else "not selected"
        if state == "PASSED" and code != 0 and not any(r[0] == "FAILED" for r in rows.values()):
            # The test itself was content, but the process was not: it crashed, hung or left threads behind at its end.
            state = "FAILED"
        if state in ("FAILED", "RUNNING"):
            state = "FAILED"
            if code is None:
                reason = f"no end within {args.timeout} s. {reason}".strip()
            elif code == -signal.SIGKILL:
                reason = f"over the test's own time. {reason}".strip()
            elif code < 0 and not reason:
                reason = f"killed by {SIGNALS.get(-code, -code)}"
            elif not reason:
                left = re.search(r"\d+ thread\(s\) still active in librdkafka", plain)
                reason = left[0] if left else f"exit code {code}"
        results.append((name, state, secs, reason))
    shutil.rmtree(home, ignore_errors=True)
    return results


def load(path):
    """name -> rest of the line."""
    rows = {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as f:
            for line in f:
                if line.strip() and not line.startswith("#"):
                    name, _, rest = line.strip().replace("\t", " ", 1).partition(" ")
                    rows[name] = rest.strip()
    return rows


def of_place(rows, where):
    """Those of a secured Kafka's listener are NAME@WHERE in the files; the others are of a plain one."""
    found = {}
    for key, rest in rows.items():
        name, _, place = key.partition("@")
        if place == where:
            found[name] = rest
    return found


def main():
    p = argparse.ArgumentParser()
    for name in ("--runner", "--lib", "--name", "--cache", "--bootstrap", "--broker-version"):
        p.add_argument(name, required=True)
    p.add_argument("--tests", default="")
    p.add_argument("--subtests", default=os.environ.get("SUBTESTS", ""))
    p.add_argument("--jobs", type=int, default=2)
    p.add_argument("--timeout", type=int, default=600)
    p.add_argument("--multiplier", default=os.environ.get("MULTIPLIER", "2"))
    p.add_argument("--level", default=os.environ.get("TEST_LEVEL", "2"))
    p.add_argument("--topics", choices=("tool", "admin"), default="tool")
    p.add_argument("--conf", action="append", default=[])
    p.add_argument("--env", action="append", default=[], help="NAME=VALUE for the tests")
    p.add_argument("--where", default="", help="the listener of a secured Kafka that --conf leads to (secure.sh)")
    p.add_argument("--full", action="store_true", help="without the suite's quick mode")
    p.add_argument("--gate", action="store_true")
    p.add_argument("--record", action="store_true")
    args = p.parse_args()

    args.kafka_path = os.path.join(args.cache, "kafka-path")
    os.makedirs(os.path.join(args.kafka_path, "bin"), exist_ok=True)
    # Old versions of the suite pass --zookeeper; the broker to talk to is the same.
    # A secured Kafka has one node, and tests that want one ask for three replicas.
    topics = f'python3 "{HERE}/../kafka/admin.py" --bootstrap-server "{args.bootstrap}" "$@"' + (" --replication-factor 1" if args.where else "")
    for tool, command in (("kafka-topics.sh", topics), ("kafka-acls.sh", f'bash "{HERE}/../kafka/topics.sh" --tool AclCommand "$@"')):
        path = os.path.join(args.kafka_path, "bin", tool)
        # Another run may be executing what is there.
        new = f"{path}.{os.getpid()}"
        with open(new, "w", encoding="utf-8") as f:
            f.write(f'#!/bin/sh\nexec {command}\n')
        os.chmod(new, 0o755)
        os.replace(new, path)

    suite = tests_of(args.runner)
    must = args.must = of_place(load(os.path.join(HERE, "expected.txt")), args.where)
    if args.tests in ("", "all"):
        numbers = sorted(suite)
    elif args.tests == "expected":
        numbers = sorted({name[:4] for name, rest in must.items() if rest.startswith("pass")})
    else:
        numbers = [n for n in re.split(r"[\s,]+", args.tests) if n]
    unknown = [n for n in numbers if n not in suite]
    if unknown:
        sys.exit("no such test: " + " ".join(unknown))

    label = args.name + (args.where and "-" + re.sub("[/:]", "-", args.where))
    scratch = os.path.join(args.cache, "logs-" + label)
    os.makedirs(scratch, exist_ok=True)
    recorded = load(os.path.join(HERE, "upstream.tsv"))
    before = of_place(recorded, args.where)
    results = {}
    print(f"{args.name} ({args.lib}) on Kafka {args.broker_version} at {args.bootstrap} {args.where}".rstrip(), flush=True)
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        pending = [pool.submit(run, args, n, suite[n], scratch) for n in numbers]
        for done in concurrent.futures.as_completed(pending):
            for name, state, seconds, reason in done.result():
                results[name] = (state, seconds, reason)
                original = before.get(name, "-").split("\t")[0]
                print(f"{state:8} {name:50} {seconds:7.1f} s  original {original:8} {reason[:140]}", flush=True)

    with open(os.path.join(args.cache, f"results-{label}.tsv"), "w", encoding="utf-8") as f:
        for name in sorted(results):
            state, seconds, reason = results[name]
            f.write(f"{name}\t{state}\t{seconds:.1f}\t{reason}\n")
    if args.record:
        record, at = dict(recorded), args.where and "@" + args.where
        # What it passed once it can pass: such a test stays a measure, even when it failed this time.
        record.update({name + at: f"{state}\t{reason.replace(args.kafka_path + '/bin/', '')[:120]}" for name, (state, _, reason) in results.items()
                       if not (state == "FAILED" and before.get(name, "").startswith("PASSED"))})
        with open(os.path.join(HERE, "upstream.tsv"), "w", encoding="utf-8") as f:
            f.write("# What the newest librdkafka does with the tests of 2.0.2 on one node of Kafka 4.2, quick mode (run.sh --record with LIB=upstream).\n")
            for name in sorted(record):
                state, _, reason = record[name].partition("\t")
                f.write(f"{name}\t{state}\t{reason}\n")

    count = {s: sum(r[0] == s for r in results.values()) for s in ("PASSED", "FAILED", "SKIPPED")}
    print(f"\npassed {count['PASSED']}, failed {count['FAILED']}, skipped {count['SKIPPED']}; outputs in {scratch}")
    behind = [n for n, r in results.items() if r[0] == "FAILED" and before.get(n, "").startswith("PASSED")]
    if behind:
        print(f"failed here, passed by the original ({len(behind)}): " + " ".join(sorted(behind)))
    broken = [n for n, r in results.items() if r[0] != "PASSED" and must.get(n, "").startswith("pass")]
    more = [n for n, r in results.items() if r[0] == "PASSED" and not must.get(n, "").startswith("pass")]
    if args.name == "ours":
        if more:
            print(f"passed, and not yet in expected.txt ({len(more)}): " + " ".join(sorted(more)))
        if broken:
            print("EXPECTED TO PASS, AND DID NOT: " + " ".join(sorted(broken)))
    if args.gate:
        sys.exit(1 if broken else 0)


main()
