#!/usr/bin/env python3
"""queue.py BOOTSTRAP FOLDER PHP...: the queue of KafkaQueue.php, in three cases; PHP is the command with the extension.

servers: two "web servers" of two processes each. One process is killed while it holds items, and another takes its place. What must
hold, judged by what the processes wrote: an item whose deletion was acknowledged is never claimed again; every other item is claimed
again, those released and those that the killed process held too, until all are deleted; at the end nothing is left.

lost_claims: a process has claimed everything when a second one joins and gets a part. What it had claimed before it cannot delete any
more: somebody else may have it. The second one is killed, and what it held comes again.

leases: what is neither deleted nor released comes again when its lease is over, and the claim that came before is void.
"""
import collections
import os
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SERVERS, PROCESSES, ITEMS, HELD = 2, 2, 500, 160
LIMIT = 120
Event = collections.namedtuple("Event", "time word item process")


class Run:
    def __init__(self, case, bootstrap, folder, php):
        self.bootstrap, self.folder, self.php = bootstrap, os.path.join(folder, case), php
        os.mkdir(self.folder)
        self.queue = f"queue-{case}-{os.getpid()}-{int(time.time())}"
        self.processes = {}
        admin = os.path.join(HERE, "..", "kafka", "admin.py")
        for topic in (self.queue, self.queue + "-deleted"):
            subprocess.run([sys.executable, admin, "--bootstrap-server", bootstrap, "--create", "--topic", topic, "--partitions", str(2 * SERVERS)],
                           check=True)

    def start(self, name, role, *arguments):
        with open(os.path.join(self.folder, name), "wb") as out, open(os.path.join(self.folder, name + ".err"), "wb") as err:
            command = [*self.php, os.path.join(HERE, "worker.php"), role, self.bootstrap, self.queue, *map(str, arguments)]
            self.processes[name] = subprocess.Popen(command, stdout=out, stderr=err, stdin=subprocess.PIPE, text=True)

    def tell(self, name, command, *items):
        pipe = self.processes[name].stdin
        pipe.write("".join(f"{command} {item}\n" for item in items))
        pipe.flush()

    def create(self, count):
        self.start("create", "create", count, "a")
        self.end("create", stop=False)
        return self.ids("created")

    def kill(self, name):
        self.processes[name].kill()
        self.processes[name].wait()

    def drain(self):
        self.start("drain", "drain")
        self.end("drain", stop=False)

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


def servers(run):
    workers = [f"server{server}-{process}" for server in range(SERVERS) for process in range(PROCESSES)]
    for seed, name in enumerate(workers):
        run.start(name, "work", seed)
    for producer in ("a", "b"):
        run.start(f"create-{producer}", "create", ITEMS, producer)
    killed = workers[0]
    run.wait_until("the process to be killed holds items, and has deleted some", lambda: len(held(run, killed)) >= 3 and len(run.ids("deleted", killed)) >= 20)
    run.kill(killed)
    left = held(run, killed)
    run.start("server0-new", "work", len(workers))
    run.wait_until("all is created", lambda: all(run.processes[f"create-{p}"].poll() == 0 for p in ("a", "b")))
    begun = run.ids("deleting", killed)
    run.wait_until("all is deleted", lambda: not run.ids("created") - run.ids("deleted") - begun)
    for name in [*workers, "server0-new"]:
        run.end(name)
    run.drain()
    return judge(run, killed, left)


def claims(run, *names):
    return collections.Counter(event.item for event in run.events(*names) if event.word == "claimed")


def outcome(run, name, command, items):
    """What became of the items that a process was told to delete."""
    before = len(run.events(name))

    def done():
        return {event.item: event.word for event in run.events(name)[before:] if event.word in ("deleted", "lost")}
    run.tell(name, command, *sorted(items))
    run.wait_until(f"{name} has tried to delete {len(items)} items", lambda: len(done()) == len(items))
    return done()


def unlike(wanted, outcomes):
    return [f"{item}: {word}, though {wanted} was wanted" for item, word in outcomes.items() if word != wanted]


def nothing_left(run, items):
    run.end("one")
    run.drain()
    again = [f"{item} came again after its deletion" for item in run.ids("claimed", "drain") & items]
    return again + ([] if run.ids("left") == {"0"} else [f"the queue says that it has {run.ids('left')} items"])


def lost_claims(run):
    items = run.create(HELD)
    run.start("one", "hold", 3600)
    run.wait_until("one has all", lambda: set(claims(run)) == items)
    run.start("two", "hold", 3600)
    # All claims of the first end when partitions are assigned anew, of those that it gets back too.
    run.wait_until("each comes to one of them again", lambda: all(claims(run)[item] == 2 for item in items))
    of_two = set(claims(run, "two"))
    faults = [] if 0 < len(of_two) < len(items) else [f"two has {len(of_two)} of {len(items)} items"]
    faults += unlike("lost", outcome(run, "one", "first", items))
    if faults:
        return faults
    run.kill("two")
    run.wait_until("what two held comes to one", lambda: all(claims(run, "one")[item] == (2 if item in of_two else 3) for item in items))
    faults += unlike("deleted", outcome(run, "one", "last", items))
    print(f"{len(items)} items claimed, {len(of_two)} of them by a second process that was killed")
    return faults + nothing_left(run, items)


def leases(run):
    items = run.create(HELD)
    run.start("one", "hold", 1)
    run.wait_until("each has come twice", lambda: all(claims(run)[item] > 1 for item in items))
    run.tell("one", "lease", 3600)

    def long_leased():
        told = [event.time for event in run.events() if event.word == "leasing"]
        return {event.item for event in run.events() if event.word == "claimed" and told and event.time > told[0]}
    run.wait_until("each has come with a long lease", lambda: long_leased() == items)
    faults = unlike("lost", outcome(run, "one", "first", items))
    faults += unlike("deleted", outcome(run, "one", "last", items))
    print(f"{len(items)} items claimed again after their leases, {sum(claims(run).values())} times in all")
    return faults + nothing_left(run, items)


def main():
    failed = 0
    for case in (servers, lost_claims, leases):
        run = Run(case.__name__, sys.argv[1], sys.argv[2], sys.argv[3:])
        try:
            faults = case(run)
        finally:
            run.kill_all()
        failed += bool(faults)
        for fault in faults[:20]:
            print(f"FAILED {case.__name__}: {fault}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
