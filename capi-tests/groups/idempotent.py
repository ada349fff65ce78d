#!/usr/bin/env python3
"""An idempotent producer, and whatever can happen to a cluster.

  idempotent.py --cluster kafka|mock --seconds N [--seed N] [--rate N]

Numbered messages go to 12 partitions (three replicas, two of which must have a message) while brokers are killed (kafka) or taken down
(mock), frozen, and come back, and leaders move. When it is calm everything is read again:

 - every message was acknowledged;
 - each partition holds the numbers from 0 on, each once and in order, and nothing else: what is sent afterwards gets the offset
   that is their count;
 - a report's offset is where the message is.

The seed decides what happens, the clock when.
"""
import argparse
import os
import random
import signal
import sys
import time

from chaos import Kafka, Mock
from crew import TOOLS, Process, now, records

TOPICS = {"idempotent": 12}
ALL = [(t, p) for t, n in TOPICS.items() for p in range(n)]
# A message's time, and that for reading all again.
PATIENCE = 120


class Run:
    def __init__(self, args, cluster):
        self.args, self.cluster, self.rng = args, cluster, random.Random(args.seed)
        self.start, self.problems, self.disturbances = now(), 0, 0
        self.processes = []

    def note(self, text):
        self.disturbances += 1
        if os.environ.get("VERBOSE"):
            print(f"{(now() - self.start) / 1e6:7.2f} {text}", flush=True)

    def problem(self, text):
        self.problems += 1
        if self.problems < 30:
            print("  FAILED: " + text, flush=True)

    def spawn(self, name, argv, on_line, **options):
        options = {"bootstrap.servers": self.cluster.bootstrap, "reconnect.backoff.max.ms": 1000, **options}
        argv = argv + [f"{k.replace('_', '.')}={v}" for k, v in options.items()]
        process = Process(name, argv, on_line, self.args.library)
        self.processes.append(process)
        return process

    def feed(self, name, rate, **options):
        """A feeder, and where its messages are: {partition: {number: offset}}"""
        acked = {p: {} for p in ALL}

        def on_line(_process, _at, word, rest):
            if word == "acked":
                for at, offset, value in records(rest):
                    if int(value) in acked[at]:
                        self.problem(f"{name}: {at} {value} is reported twice")
                    acked[at][int(value)] = offset
            elif word == "undelivered":
                self.problem(f"{name}: {rest}")
            elif word == "done":
                self.done = rest
        targets = ",".join(f"{t}:{n}" for t, n in TOPICS.items())
        return self.spawn(name, [TOOLS + "/feeder", str(rate), targets], on_line, **options), acked

    def finish(self, feeder, name):
        """Returns how many messages it has sent."""
        self.done = None
        if feeder.close(PATIENCE) is None or self.done is None:
            self.problem(f"{name} did not come to its end")
            return 0
        failed, _, sent, _ = self.done.split()
        if failed != "0":
            self.problem(f"{name}: {failed} messages of {sent} failed")
        return int(sent)

    def run(self):
        args = self.args
        feeder, acked = self.feed("feeder", args.rate, enable_idempotence="true", statistics_interval_ms=0)
        end = time.monotonic() + args.seconds
        while time.monotonic() < end and feeder.child.poll() is None:
            time.sleep(self.rng.uniform(0.5, 3))
            seconds, undo = self.cluster.disturb(self.rng, self.note)
            time.sleep(seconds)
            undo()
        sent = self.finish(feeder, "the producer")
        counts = self.judge_numbers(acked, sent)
        # What comes after everything else.
        last, ends = self.feed("last", 200)
        deadline = time.monotonic() + PATIENCE
        while not all(0 in ends[p] for p in ALL) and time.monotonic() < deadline:
            time.sleep(0.1)
        self.finish(last, "the last producer")
        for p in ALL:
            if ends[p].get(0) != counts[p]:
                self.problem(f"{p}: {counts[p]} messages, and the next one gets the offset {ends[p].get(0)}")
        self.read_again(acked, ends)
        return sent

    def judge_numbers(self, acked, sent):
        counts = {p: len(numbers) for p, numbers in acked.items()}
        if sum(counts.values()) != sent:
            self.problem(f"{sum(counts.values())} messages of {sent} are acknowledged")
        for p, numbers in acked.items():
            if sorted(numbers) != list(range(counts[p])):
                self.problem(f"{p}: not all numbers up to {counts[p]} are acknowledged")
        return counts

    def read_again(self, acked, ends):
        seen = {p: [] for p in ALL}

        def on_line(_process, _at, word, rest):
            if word == "m":
                for at, offset, value in records(rest):
                    seen[at].append((offset, int(value)))
        reader = self.spawn("reader", [TOOLS + "/member", ",".join(TOPICS)], on_line, group_id="idempotent", auto_offset_reset="earliest",
                            session_timeout_ms=10000)
        wanted = {p: max(ends[p].values(), default=-1) for p in ALL}
        deadline = time.monotonic() + PATIENCE

        def complete():
            with Process.lock:
                return all(seen[p] and seen[p][-1][0] >= wanted[p] for p in ALL)
        while not complete() and time.monotonic() < deadline:
            time.sleep(0.1)
        reader.close(30)
        for p in ALL:
            end = ends[p].get(0, 0)
            stored = [(offset, value) for offset, value in seen[p] if offset < end]
            if stored != [(n, n) for n in range(end)]:
                wrong = next((i, s) for i, s in enumerate(stored + [None]) if s != (i, i))
                self.problem(f"{p}: at offset {wrong[0]} there is (offset, number) {wrong[1]}")
            elsewhere = [(n, o) for n, o in acked[p].items() if o != n]
            if elsewhere:
                self.problem(f"{p}: {len(elsewhere)} reports with another offset, as of {elsewhere[0][0]}: {elsewhere[0][1]}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cluster", choices=["kafka", "mock"], default="mock")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=int, default=1500)
    parser.add_argument("--library", default=os.environ.get("MEMBER_LIBRARY"))
    args = parser.parse_args()
    cluster = Kafka(TOPICS) if args.cluster == "kafka" else Mock(args.library, TOPICS)
    run = Run(args, cluster)
    try:
        sent = run.run()
    finally:
        for process in run.processes:
            process.signal(signal.SIGKILL)
        cluster.end()
    print(f"idempotent producer: {args.cluster}, seed {args.seed}, {args.seconds} s, {sent} messages, {run.disturbances} disturbances: "
          + (f"{run.problems} problems" if run.problems else "passed"))
    sys.exit(bool(run.problems))


if __name__ == "__main__":
    main()
