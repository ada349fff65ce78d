#!/usr/bin/env python3
"""The statistics of this library and of the newest librdkafka under the same load, field by field.

    BOOTSTRAP=127.0.0.1:9092 python3 capi-tests/diff/stats_diff.py [LOAD...] [--show]

Each load runs in a process of its own, on both libraries. A field must be in both documents, have the same JSON type,
and be of the same order of magnitude; texts, flags and what a load fixes (FIXED) must be equal. What differs for a
reason stands in stats_accepted.tsv; a row there that no longer occurs is an error as well. --show prints all values.
Each field of this library's is to be on its place in docs/statistics.md, and the reverse.

PROFILE=debug uses the debug build of this library.
"""
import concurrent.futures
import ctypes
import fnmatch
import json
import os
import re
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ACCEPTED = os.path.join(HERE, "stats_accepted.tsv")
SLOW = int(os.environ.get("T_SLOW", "1"))
MESSAGES, SIZE, PARTITIONS = 1000, 100, 4

# Equal to the last unit: the load decides them. The others are compared by magnitude.
FIXED = ["type", "msg_*", "simple_cnt", "metadata_cache_cnt", "txmsg*", "rxmsg*", "brokers/*/nodeid", "brokers/*/*errs",
         "brokers/*/connects", "brokers/*/disconnects", "brokers/*/req_timeouts",
         "brokers/*/req/InitProducerId", "brokers/*/req/JoinGroup", "brokers/*/req/SyncGroup", "brokers/*/req/OffsetFetch",
         "brokers/*/rxpartial", "topics/T/partitions/*", "cgrp/*_cnt", "cgrp/*_size", "eos/epoch_cnt", "eos/producer_epoch"]
# What it is counted in differs.
ROUGH = ["*/msgq_bytes"]
# Times and gauges: what they are at the moment of the document is not compared, only whether they say that there is
# nothing (-1) or not.
MOMENT = ["time", "age", "replyq", "*stateage", "*/metadata_age", "*/age", "*idle", "*/waitresp_cnt", "*/outbuf_cnt", "*rebalance_age",
          "brokers/*_latency/*", "brokers/*/rtt/*", "brokers/*/throttle/*", "topics/*/batchsize/*", "topics/*/batchcnt/*",
          "brokers/*/wakeups", "eos/producer_id"]
# As it happens: whether an empty answer came yet, whether metadata made the member join, how fast metadata came,
# which connection was asked for it, whether librdkafka tried to connect to a coordinator without an address.
CHANCE = ["*/eof_offset", "cgrp/rebalance_reason", "topics/T/partitions/-1/msgs", "brokers/*/req/Metadata",
          "brokers/GroupCoordinator/connects"]


class Client:
    """One client of one library, which keeps the documents that it is given."""

    def __init__(self, kind, **properties):
        self.lib = lib = ctypes.CDLL(os.environ["STATS_LIB"])
        for name in ("conf_new", "new", "topic_partition_list_new", "topic_partition_list_add", "consumer_poll", "topic_new"):
            getattr(lib, "rd_kafka_" + name).restype = ctypes.c_void_p
        self.documents = []
        self.callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)(
            lambda rk, text, size, opaque: self.documents.append(json.loads(ctypes.string_at(text, size))) or 0)
        conf = ctypes.c_void_p(lib.rd_kafka_conf_new())
        errstr = ctypes.create_string_buffer(512)
        properties = {"statistics.interval.ms": 100, "log_level": 0} | properties
        for name, value in properties.items():
            code = lib.rd_kafka_conf_set(conf, name.replace("_", ".").encode() if name != "log_level" else b"log_level",
                                         str(value).encode(), errstr, ctypes.c_size_t(512))
            assert not code, errstr.value
        lib.rd_kafka_conf_set_stats_cb(conf, self.callback)
        self.rk = ctypes.c_void_p(lib.rd_kafka_new(kind, conf, errstr, ctypes.c_size_t(512)))
        assert self.rk, errstr.value

    def poll(self, seconds, until=lambda: False):
        """Serves the client until the condition holds, which takes so long at most."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not until():
            self.lib.rd_kafka_poll(self.rk, 20)
        return until()

    def after(self, seconds):
        """What the next documents say, once they can have seen all that has happened."""
        seen = len(self.documents)
        self.serve(seconds)
        self.serve(20 * SLOW, lambda: len(self.documents) >= seen + 3)
        return self.documents[-1]

    serve = poll


class Producer(Client):
    def __init__(self, **properties):
        super().__init__(0, **properties)

    def produce(self, topic, count, size=SIZE, spread=True):
        rkt = ctypes.c_void_p(self.lib.rd_kafka_topic_new(self.rk, topic.encode(), None))
        for n in range(count):
            partition = n % PARTITIONS if spread else -1
            assert self.lib.rd_kafka_produce(rkt, partition, 2, b"v" * size, ctypes.c_size_t(size), None,
                                             ctypes.c_size_t(0), None) == 0
        self.lib.rd_kafka_topic_destroy(rkt)

    def flush(self):
        code = self.lib.rd_kafka_flush(self.rk, 30000 * SLOW)
        assert code == 0, "flush %d" % code


class Consumer(Client):
    def __init__(self, **properties):
        super().__init__(1, **properties)
        self.lib.rd_kafka_poll_set_consumer(self.rk)
        self.messages = 0

    def serve(self, seconds, until=lambda: False):
        end = time.monotonic() + seconds
        while time.monotonic() < end and not until():
            message = self.lib.rd_kafka_consumer_poll(self.rk, 20)
            if message:
                self.messages += ctypes.c_int.from_address(message).value == 0
                self.lib.rd_kafka_message_destroy(ctypes.c_void_p(message))
        return until()

    def subscribe(self, *topics):
        names = ctypes.c_void_p(self.lib.rd_kafka_topic_partition_list_new(1))
        for topic in topics:
            self.lib.rd_kafka_topic_partition_list_add(names, topic.encode(), -1)
        assert not self.lib.rd_kafka_subscribe(self.rk, names)
        self.lib.rd_kafka_topic_partition_list_destroy(names)

    def end(self):
        self.lib.rd_kafka_consumer_close(self.rk)


def ready(topic):
    """Makes the topic, with a message in each partition: a fresh topic's leaders may refuse the first ones."""
    p = Producer(bootstrap_servers=BOOTSTRAP)
    p.produce(topic, PARTITIONS)
    p.flush()


BOOTSTRAP = os.environ.get("BOOTSTRAP") or sys.exit("BOOTSTRAP is to name a Kafka")


def load_producer(topic):
    ready(topic)
    p = Producer(bootstrap_servers=BOOTSTRAP, linger_ms=5)
    p.produce(topic, MESSAGES)
    p.flush()
    return p.after(0.3)


def load_idempotent(topic):
    ready(topic)
    p = Producer(bootstrap_servers=BOOTSTRAP, enable_idempotence="true")
    p.produce(topic, MESSAGES)
    p.flush()
    return p.after(0.3)


def load_queued(topic):
    """Messages that nothing can be done with yet."""
    p = Producer(bootstrap_servers=SILENT)
    p.produce(topic, 10, spread=False)
    return p.after(0.5)


def load_consumer(topic):
    ready(topic)
    p = Producer(bootstrap_servers=BOOTSTRAP)
    p.produce(topic, MESSAGES)
    p.flush()
    properties = {"group.id": "stats-" + topic, "bootstrap.servers": BOOTSTRAP, "auto.offset.reset": "earliest",
                  "auto.commit.interval.ms": 300, "heartbeat.interval.ms": 200}
    c = Consumer(**properties)
    c.subscribe(topic)
    assert c.serve(40 * SLOW, lambda: c.messages >= MESSAGES + PARTITIONS), "%d messages" % c.messages

    def committed():
        partitions = c.documents[-1]["topics"].get(topic, {"partitions": {}})["partitions"]
        return sum(max(0, p["committed_offset"]) for p in partitions.values()) >= MESSAGES + PARTITIONS
    assert c.serve(20 * SLOW, committed), "not committed"
    document = c.after(0.3)
    c.end()
    return document


def load_not_asked(topic):
    """A consumer that does nothing."""
    return Consumer(**{"group.id": "g" + topic, "bootstrap.servers": BOOTSTRAP}).after(0.8)


def connects(client):
    """A connection was tried."""
    return client.documents and sum(b["connects"] for b in client.documents[-1]["brokers"].values()) > 0


def load_silent(topic):
    """A server that accepts, and says nothing."""
    return Producer(bootstrap_servers=SILENT).after(0.5)


def load_refused(topic):
    """Nobody listens: between two attempts."""
    p = Producer(**{"bootstrap.servers": REFUSED, "reconnect.backoff.ms": 3000, "reconnect.backoff.max.ms": 3000,
                    "metadata.recovery.strategy": "none"})
    # librdkafka lets some time pass before the first attempt, with such a setting.
    p.serve(20 * SLOW, lambda: connects(p))
    return p.after(0.3)


def load_unreached(topic):
    """A server whose queue of connections is full: the attempt goes on."""
    return Producer(bootstrap_servers=FULL).after(0.5)


def load_group_refused(topic):
    """A member whose coordinator was never found."""
    c = Consumer(**{"group.id": "g" + topic, "bootstrap.servers": REFUSED, "reconnect.backoff.ms": 3000,
                    "reconnect.backoff.max.ms": 3000, "metadata.recovery.strategy": "none"})
    c.subscribe(topic)
    c.serve(20 * SLOW, lambda: connects(c))
    return c.after(0.3)


def load_without_servers(topic):
    return Producer().after(0.3)


LOADS = {name[5:]: f for name, f in list(globals().items()) if name.startswith("load_")}


def missing(path, one, other):
    """The outermost part of a path that the other document has nothing of."""
    parts = path.split("/")
    for end in range(1, len(parts)):
        above = "/".join(parts[:end])
        if not any(p == above or p.startswith(above + "/") for p in other):
            return above
    return path


def flat(document, path=""):
    """The document as paths and values; an object without fields is one as well."""
    out = {path: "{}"} if path and not document else {}
    for key, value in document.items():
        at = f"{path}/{key}" if path else key
        if isinstance(value, dict):
            out.update(flat(value, at))
        else:
            out[at] = value
    return out


def normalised(document, topic):
    text = json.dumps(document).replace(topic, "T")
    for name, address in (("SILENT", SILENT), ("REFUSED", REFUSED), ("FULL", FULL), ("BOOTSTRAP", BOOTSTRAP)):
        text = text.replace(address, name)
    text = re.sub(r"rdkafka#", "client#", text)
    return flat(json.loads(text))


def matches(path, patterns):
    return any(fnmatch.fnmatchcase(path, p) for p in patterns)


def compare(path, ours, theirs):
    """What is wrong with a field that both have."""
    if type(ours) is not type(theirs):
        return "type"
    if matches(path, CHANCE):
        return ""
    if isinstance(ours, (str, bool)):
        return "" if ours == theirs else "value"
    if (ours < 0) != (theirs < 0):
        return "value"
    if matches(path, MOMENT):
        return ""
    if (matches(path, FIXED) and not matches(path, ROUGH)) or ours < 0:
        return "" if ours == theirs else "value"
    if (ours == 0) != (theirs == 0):
        return "value"
    return "" if ours <= theirs * 10 and theirs <= ours * 10 else "magnitude"


def differences(load, ours, theirs):
    told = set()
    for path in sorted(set(ours) | set(theirs)):
        if path not in ours or path not in theirs:
            here, there, what = (ours, theirs, "extra") if path in ours else (theirs, ours, "missing")
            outermost = missing(path, here, there)
            if outermost not in told:
                yield outermost, what, ours.get(path, "-"), theirs.get(path, "-")
            told.add(outermost)
        else:
            what = compare(path, ours[path], theirs[path])
            if what:
                yield path, what, ours[path], theirs[path]


# Objects whose fields have names of their own.
NAMED = {("brokers",), ("topics",), ("brokers", "*", "req"), ("brokers", "*", "toppars"), ("topics", "*", "partitions")}


def page():
    """The objects of docs/statistics.md, by the path to them, with their fields."""
    objects = {}
    text = open(os.path.join(HERE, "..", "..", "docs", "statistics.md"), encoding="utf-8").read()
    for section in text.split("\n## ")[1:]:
        place = section.split("\n\n", 2)[1].split(". ")[0]
        fields = set(re.findall(r"^\| `(\w+)` \|", section, re.M))
        for path in re.findall(r"`([^`]+)`", place) or [""]:
            objects[tuple("*" if re.fullmatch("[A-Z-]+", part) else part for part in path.split(".") if part)] = fields
    return objects


def on_page(document, objects, path=()):
    """The fields of a document as (object, field), those that are not on the page as texts."""
    seen, wrong = set(), set()
    for key, value in document.items():
        named = path in NAMED
        if not named:
            seen.add((path, key))
            # What is an object of its own has its place, and no row.
            if key not in objects.get(path, ()) and path + (key,) not in objects:
                wrong.add(".".join(path + (key,)))
        if isinstance(value, dict):
            more, bad = on_page(value, objects, path + ("*" if named else key,))
            seen, wrong = seen | more, wrong | bad
    return seen, wrong


def documented(documents, complete):
    """What is not as docs/statistics.md has it."""
    objects, seen, wrong = page(), set(), set()
    for document in documents:
        more, bad = on_page(document, objects)
        seen, wrong = seen | more, wrong | bad
    for path in sorted(wrong):
        print(f"{path}: not in docs/statistics.md")
    # No load ends with a fatal error.
    unseen = [".".join(p + (f,)) for p, fields in objects.items() for f in fields if (p, f) not in seen and p != ("fatal",)] if complete else []
    for path in sorted(unseen):
        print(f"{path}: in docs/statistics.md, and never in the statistics")
    return len(wrong) + len(unseen)


OURS = []


def run(load, name, library):
    env = dict(os.environ, STATS_LIB=os.path.join(library, "librdkafka.so.1"))
    topic = f"stats-{load}-{name}-{os.getpid()}"
    done = subprocess.run([sys.executable, __file__, "--worker", load, topic], env=env, capture_output=True, text=True,
                          timeout=120 * SLOW)
    if done.returncode:
        raise SystemExit(f"{load} on {name}: {done.stderr}")
    if name == "ours":
        OURS.append(json.loads(done.stdout))
    return normalised(json.loads(done.stdout), topic)


def libraries():
    setup = os.path.join(HERE, "..", "setup", "library.sh")
    return {n: subprocess.check_output(["bash", setup, n], text=True).strip() for n in ("ours", "upstream")}


def listening(backlog):
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    if backlog is not None:
        s.listen(backlog)
    return s, "127.0.0.1:%d" % s.getsockname()[1]


def main():
    global SILENT, REFUSED, FULL
    arguments = sys.argv[1:]
    if arguments[:1] == ["--worker"]:
        SILENT, REFUSED, FULL = os.environ["STATS_SERVERS"].split(",")
        print(json.dumps(LOADS[arguments[1]](arguments[2])), flush=True)
        os._exit(0)
    (silent, SILENT), (bound, REFUSED), (full, FULL) = listening(100), listening(None), listening(0)
    crowd = []
    for _ in range(8):
        crowd.append(socket.socket())
        crowd[-1].setblocking(False)
        crowd[-1].connect_ex(full.getsockname())
    os.environ["STATS_SERVERS"] = ",".join((SILENT, REFUSED, FULL))
    show = "--show" in arguments
    wanted = [a for a in arguments if not a.startswith("--")] or list(LOADS)
    where = libraries()
    rows = [line.rstrip("\n").split("\t") for line in open(ACCEPTED, encoding="utf-8")][1:]
    used, wrong, fields = set(), 0, 0
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        runs = {(load, name): pool.submit(run, load, name, where[name]) for load in wanted for name in where}
        for load in wanted:
            ours, theirs = (runs[load, name].result() for name in ("ours", "upstream"))
            fields += len(set(ours) | set(theirs))
            if show:
                for path in sorted(set(ours) | set(theirs)):
                    print(f"{load}: {path}\t{ours.get(path, '-')}\t{theirs.get(path, '-')}")
            for path, what, here, there in differences(load, ours, theirs):
                row = next((i for i, r in enumerate(rows) if fnmatch.fnmatchcase(f"{load}:{path}", r[0])
                            and what in r[1].split(",")), None)
                if row is None:
                    wrong += 1
                    print(f"{load}: {path}: {what}: {here}, librdkafka {there}")
                used.add(row)
    unused = [r[0] for i, r in enumerate(rows) if i not in used] if len(wanted) == len(LOADS) else []
    for key in unused:
        print(f"no longer differs, take it out of stats_accepted.tsv: {key}")
    wrong += documented(OURS, len(wanted) == len(LOADS))
    print(f"statistics: {fields} fields of {len(wanted)} loads, {wrong} differ, {len(unused)} accepted without need")
    sys.exit(1 if wrong or unused else 0)


if __name__ == "__main__":
    main()
