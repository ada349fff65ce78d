#!/usr/bin/env python3
"""queue.py BOOTSTRAP FOLDER PHP...: the queue of KafkaQueue.php under two "web servers" of two processes each; PHP is the command with the
extension. One process is killed while it holds items, and another takes its place.

What must hold, judged by what the processes wrote: an item whose deletion was acknowledged is never claimed again; every
other item is claimed again, those released and those that the killed process held too, until all are deleted; at the end nothing is left.
"""
import collections
import os
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SERVERS, PROCESSES, ITEMS = 2, 2, 500
LIMIT = 120
Event = collections.namedtuple("Event", "time word item process")


class Run:
    def __init__(self, bootstrap, folder, php):
        self.bootstrap, self.folder, self.php = bootstrap, folder, php
        self.queue = f"queue-{os.getpid()}-{int(time.time())}"
        self.processes = {}

    def start(self, name, role, *arguments):
        with open(os.path.join(self.folder, name), "wb") as out, open(os.path.join(self.folder, name + ".err"), "wb") as err:
            command = [*self.php, os.path.join(HERE, "worker.php"), role, self.bootstrap, self.queue, *map(str, arguments)]
            self.processes[name] = subprocess.Popen(command, stdout=out, stderr=err, stdin=subprocess.DEVNULL)

    def events(self, *names):
        found = []
        for name in names or self.processes:
            with open(os.path.join(self.folder, name)) as f:
                for line in f:
                    if line.endswith("\n"):
                        at, word, item = line.rstrip("\n").split("\t")
                        found.append(Event(int(at), word, item, name))
        return sorted(found)

    def ids(self, word, *names):
        return {event.item for event in self.events(*names) if event.word == word}

    def wait_until(self, what, condition):
        deadline = time.monotonic() + LIMIT
        while not condition():
            for name, process in self.processes.items():
                if process.poll() not in (None, 0, -signal.SIGKILL):
                    raise SystemExit(f"{name} ended with {process.returncode}: {self.errors(name)}")
            if time.monotonic() > deadline:
                raise SystemExit(f"not within {LIMIT} s: {what}")
            time.sleep(0.2)

    def errors(self, name):
        with open(os.path.join(self.folder, name + ".err"), errors="replace") as f:
            return f.read()[-2000:]

    def end(self, name, stop=True):
        if stop and self.processes[name].poll() is None:
            self.processes[name].send_signal(signal.SIGTERM)
        code = self.processes[name].wait(LIMIT)
        if code not in (0, -signal.SIGKILL):
            raise SystemExit(f"{name} ended with {code}: {self.errors(name)}")

    def kill_all(self):
        for process in self.processes.values():
            if process.poll() is None:
                process.kill()
                process.wait()


def held(run, name):
    """Items that a process had claimed, and neither deleted nor released nor begun to."""
    items = set()
    for event in run.events(name):
        if event.word == "claimed":
            items.add(event.item)
        elif event.word in ("deleting", "releasing"):
            items.discard(event.item)
    return items


def judge(run, killed, left_by_killed):
    faults = []
    deleted, claims = {}, collections.defaultdict(list)
    for event in run.events():
        if event.word == "deleted":
            deleted.setdefault(event.item, event.time)
        elif event.word == "claimed":
            claims[event.item].append(event)
            if event.item in deleted:
                faults.append(f"{event.item} was claimed by {event.process} after its deletion")
    created, begun = run.ids("created"), run.ids("deleting", killed)
    for item in sorted(created - set(deleted) - begun):
        faults.append(f"{item} was created, and not deleted")
    for item in sorted(left_by_killed):
        if not [claim for claim in claims[item] if claim.process != killed]:
            faults.append(f"{item} did not come again, though the killed process held it")
    for event in run.events():
        if event.word == "released" and not any(claim.time > event.time for claim in claims[event.item]):
            faults.append(f"{event.item} did not come again after its release")
    if run.ids("failed"):
        faults.append("creating items failed")
    if run.ids("left") != {"0"}:
        faults.append(f"the queue says that it has {run.ids('left')} items")
    released, lost = (sum(event.word == word for event in run.events()) for word in ("released", "lost"))
    print(f"{len(created)} items created, {len(deleted)} deleted, {released} released, {lost} claims lost, {len(left_by_killed)} held by the killed process")
    return faults


def main():
    bootstrap, folder, php = sys.argv[1], sys.argv[2], sys.argv[3:]
    run = Run(bootstrap, folder, php)
    admin = os.path.join(HERE, "..", "kafka", "admin.py")
    for topic in (run.queue, run.queue + "-deleted"):
        subprocess.run([sys.executable, admin, "--bootstrap-server", bootstrap, "--create", "--topic", topic, "--partitions", str(2 * SERVERS)], check=True)
    try:
        workers = [f"server{server}-{process}" for server in range(SERVERS) for process in range(PROCESSES)]
        for seed, name in enumerate(workers):
            run.start(name, "work", seed)
        for producer in ("a", "b"):
            run.start(f"create-{producer}", "create", ITEMS, producer)
        killed = workers[0]
        run.wait_until("the process to be killed holds items, and has deleted some", lambda: len(held(run, killed)) >= 3 and len(run.ids("deleted", killed)) >= 20)
        run.processes[killed].kill()
        run.processes[killed].wait()
        left = held(run, killed)
        run.start("server0-new", "work", len(workers))
        run.wait_until("all is created", lambda: all(run.processes[f"create-{p}"].poll() == 0 for p in ("a", "b")))
        begun = run.ids("deleting", killed)
        run.wait_until("all is deleted", lambda: not run.ids("created") - run.ids("deleted") - begun)
        for name in [*workers, "server0-new"]:
            run.end(name)
        run.start("drain", "drain")
        run.end("drain", stop=False)
        faults = judge(run, killed, left)
    finally:
        run.kill_all()
    for fault in faults[:20]:
        print("FAILED", fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
