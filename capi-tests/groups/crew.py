"""Processes that print lines "MICROSECONDS WORD REST" on one clock: members of groups, feeders, clusters."""
import os
import signal
import subprocess
import threading
import time

TOOLS = os.environ.get("TOOLS", "")


def membership(protocol, strategy, session_ms, heartbeat_ms):
    """What makes a client a member by this protocol. With `consumer` the times are the cluster's, and so is the assignor."""
    if protocol == "consumer":
        return {"group.protocol": "consumer"}
    return {"partition.assignment.strategy": strategy, "session.timeout.ms": session_ms, "heartbeat.interval.ms": heartbeat_ms}


def now():
    return time.monotonic_ns() // 1000


class Process:
    """One process; its lines come as handler(process, time, word, rest), one at a time."""
    lock = threading.Lock()

    def __init__(self, name, argv, handler, library=None, env=None):
        env = dict(os.environ, **(env or {}))
        if library:
            env["LD_LIBRARY_PATH"] = library
        self.name, self.handler, self.last = name, handler, now()
        self.ready = threading.Event()
        self.first = None
        self.child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env)
        self.started = now()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for raw in self.child.stdout:
            line = raw.decode(errors="replace").rstrip("\n")
            at, _, rest = line.partition(" ")
            if not at.isdigit() or not line.endswith(rest):
                if "rdkafka#" not in line and "|" not in line:
                    print(f"  {self.name}: {line}", flush=True)
                continue
            word, _, rest = rest.partition(" ")
            self.last = int(at)
            if self.first is None:
                self.first = (word, rest)
                self.ready.set()
            with Process.lock:
                self.handler(self, int(at), word, rest)

    def say(self, text):
        try:
            self.child.stdin.write(text.encode() + b"\n")
            self.child.stdin.flush()
        except (BrokenPipeError, ValueError):
            pass

    def signal(self, which):
        if self.child.poll() is None:
            self.child.send_signal(which)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.child.wait()
        self._ended()

    def _ended(self):
        self.reader.join(10)
        for pipe in (self.child.stdin, self.child.stdout):
            try:
                pipe.close()
            except BrokenPipeError:
                pass

    def close(self, timeout):
        """Asks it to end; the seconds that took, or None when it did not within the time (it is killed then)."""
        start = time.monotonic()
        self.say("close")
        try:
            self.child.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            return None
        self._ended()
        return time.monotonic() - start


def parts(text):
    """ "t:0,u:1" as a list of (topic, partition)"""
    out = []
    for item in filter(None, text.split(",")):
        topic, _, number = item.rpartition(":")
        out.append((topic, int(number)))
    return out


def records(text):
    """ "t:0:17:text ..." as a list of ((topic, partition), offset, text)"""
    for item in text.split():
        topic, partition, offset, value = item.split(":", 3)
        yield (topic, int(partition)), int(offset), value
