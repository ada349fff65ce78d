#!/usr/bin/env python3
"""Configuration of this library and of the newest librdkafka, compared call by call.

    python3 capi-tests/diff/conf_diff.py [--new] [--share]

Every property is set to values of all sorts on both libraries, each of which runs in a process of its own; result
codes, error texts, values read back, dumps and copies must be the same. With --new clients are made from combinations
of properties too, and what rd_kafka_new says compared; with --share share consumers (rd_kafka_share_consumer_new). The
differences that are accepted, and why, stand in conf_accepted.tsv; one that no longer occurs is an error as well.

PROFILE=debug uses the debug build of this library (see capi-tests/setup/library.sh).
"""
import ctypes
import json
import os
import random
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, "..", "abi", "data", "config.tsv")
HIDDEN = ["client.software.name", "client.software.version", "metadata.request.timeout.ms", "enable.sparse.connections",
          "ssl.truststore.location", "sasl.jaas.config", "enable_sasl_queue", "test.mock.num.brokers",
          "test.mock.broker.rtt"]
UNKNOWN = ["", "nope", "topic.nope", "topic.acks", "ACKS", " client.id", "client.id ", "topic.topic.acks"]

# Values that any property is tried with; None is NULL.
COMMON = [None, "", " ", "\t", "x", "0", "1", "-1", "2", "3", "5", "10", "100", "1000", "65536", "2147483647", "2147483648",
          "-2147483648", "4294967297", "99999999999999999999", "0x10", "0x", "010", "08", "1.5", "1e3", "1e20", "-0.5",
          "0.1234567", ".5", "inf", "nan", " 7", "7 ", "+7", "- 7", "7abc", "true", "TRUE", "True", "t", "T", "false", "F",
          "yes", "no", "all", "ALL", "none", "None", " none", "none ", "a,b", "a b", ",", ",,", "a,", ",a", "[", "a,[", "(",
          "*", "^a.*$,b", "äö", "x" * 300]

POINTER = re.compile(r"^0x[0-9a-f]+$")
CALLBACKS = ["background_event_cb", "dr_cb", "dr_msg_cb", "consume_cb", "rebalance_cb", "offset_commit_cb", "error_cb",
             "throttle_cb", "log_cb", "stats_cb", "oauthbearer_token_refresh_cb", "socket_cb", "connect_cb",
             "closesocket_cb", "open_cb", "resolve_cb", "ssl_cert_verify_cb", "opaque", "engine_callback_data"]
TOPIC_CALLBACKS = ["partitioner_cb", "msg_order_cmp", "opaque"]


def properties():
    rows = [line.rstrip("\n").split("\t") for line in open(DATA, encoding="utf-8")][1:]
    return [(r[0], r[1], r[3], r[4]) for r in rows] + [("global", name, "", "") for name in HIDDEN]


def values_for(kind, value_range):
    values = list(COMMON)
    limits = re.fullmatch(r"(-?\d+) \.\. (-?\d+)", value_range)
    if limits:
        low, high = int(limits[1]), int(limits[2])
        values += [str(n) for n in (low - 1, low, low + 1, high - 1, high, high + 1)]
    elif value_range:
        words = value_range.split(", ")
        for word in words:
            values += [word, word.upper(), word.capitalize(), " " + word, word + " ", word + "x", word[:-1]]
            values += ["+" + word, "-" + word]
        values += [",".join(words), ",".join(words[:2]) + ", -" + words[0], "all,-" + words[0], words[0] + ",nope"]
    return list(dict.fromkeys(values))
# Arguments, and the clients they ask for.
KINDS = {"--new": [0, 1], "--share": ["share"]}


class Library:
    """One library, and the calls whose results are compared."""

    def __init__(self, path):
        self.lib = lib = ctypes.CDLL(path)
        for name in ("conf_new", "topic_conf_new", "conf_dup", "topic_conf_dup", "conf_dup_filter", "new",
                     "conf_get_default_topic_conf", "share_consumer_new"):
            getattr(lib, "rd_kafka_" + name).restype = ctypes.c_void_p
        for name in ("conf_dump", "topic_conf_dump"):
            getattr(lib, "rd_kafka_" + name).restype = ctypes.POINTER(ctypes.c_char_p)
        lib.rd_kafka_conf_dump_free.argtypes = [ctypes.c_void_p, ctypes.c_size_t]

    def call(self, name, *args):
        return getattr(self.lib, "rd_kafka_" + name)(*args)

    def conf(self, scope="global"):
        return ctypes.c_void_p(self.call("conf_new" if scope == "global" else "topic_conf_new"))

    def destroy(self, conf, scope="global"):
        self.call("conf_destroy" if scope == "global" else "topic_conf_destroy", conf)

    def set(self, conf, name, value, scope="global", size=512):
        errstr = ctypes.create_string_buffer(size or 1)
        code = self.call(("" if scope == "global" else "topic_") + "conf_set", conf, name.encode(),
                         None if value is None else value.encode(), errstr if size else None, ctypes.c_size_t(size))
        # A text left behind by a first attempt means nothing when the second succeeds.
        return [code, text(errstr.value) if code else ""]

    def get(self, conf, name, scope="global", size=4096):
        length = ctypes.c_size_t(size)
        buffer = ctypes.create_string_buffer(b"?" * (size or 1)) if size else None
        code = self.call(("" if scope == "global" else "topic_") + "conf_get", conf, name.encode(), buffer,
                         ctypes.byref(length))
        if code:
            return [code]
        value = text(buffer.value) if size else None
        if value and POINTER.match(value):
            return [code, "POINTER"]
        return [code, value, length.value]

    def dump(self, conf, scope="global"):
        count = ctypes.c_size_t()
        array = self.call(("" if scope == "global" else "topic_") + "conf_dump", conf, ctypes.byref(count))
        pairs = [(text(array[i]), text(array[i + 1])) for i in range(0, count.value, 2)]
        self.lib.rd_kafka_conf_dump_free(array, count)
        # What the builds can do is compared where it is asked for, and would be in every dump.
        return [[n, "POINTER" if POINTER.match(v) else v] for n, v in pairs if n != "builtin.features"]


def text(raw):
    return raw.decode("utf-8", "backslashreplace")


def set_and_read(lib, out):
    """Each value on a fresh object: the outcome, the value read back, and what the dump shows of it."""
    for scope in ("global", "topic"):
        fresh = lib.conf(scope)
        start = lib.dump(fresh, scope)
        out[f"dump {scope}"] = start
        lib.destroy(fresh, scope)
        for owner, name, kind, value_range in properties():
            # On the global object the topic's properties go through to the default topic configuration.
            if scope == "topic" and owner == "global":
                continue
            for value in values_for(kind, value_range):
                if name == "plugin.library.paths" and value and value.strip():
                    continue
                conf = lib.conf(scope)
                key = f"set {scope} {owner} {name}={value!r}"
                out[key] = lib.set(conf, name, value, scope)
                out[key + " get"] = lib.get(conf, name, scope)
                out[key + " changed"] = [row for row in lib.dump(conf, scope) if row not in start]
                lib.destroy(conf, scope)
        for name in UNKNOWN:
            conf = lib.conf(scope)
            for value in (None, "", "1"):
                out[f"set {scope} unknown {name!r}={value!r}"] = lib.set(conf, name, value, scope)
            out[f"get {scope} unknown {name!r}"] = lib.get(conf, name, scope)
            lib.destroy(conf, scope)


def sizes(lib, out):
    """Buffers of all sizes, for values and for error texts."""
    conf = lib.conf()
    lib.set(conf, "debug", "broker,topic")
    for name in ("client.id", "linger.ms", "socket.timeout.ms", "acks", "security.protocol", "log.queue", "debug", "group.id"):
        for size in (0, 1, 2, 3, 4, 5, 7, 8, 9, 100):
            out[f"get {name} size {size}"] = lib.get(conf, name, size=size)
    for size in (0, 1, 2, 10, 44, 45, 46, 100):
        out[f"errstr size {size}"] = lib.set(conf, "no.such.property", "x", size=size)
    lib.destroy(conf)


def sequences(lib, out):
    """Several values one after the other on one object."""
    steps = {
        "flags add up": [("debug", v) for v in ("broker", "topic", "-broker", "all", "-msg", "nope", "msg,nope", "")],
        "a failure keeps the value": [("socket.timeout.ms", v) for v in ("5000", "x", "1", "")],
        "texts go back": [("client.id", v) for v in ("me", None, "you", "")],
        "alias and name": [("linger.ms", "3"), ("queue.buffering.max.ms", "4"), ("linger.ms", "")],
        "patterns": [("topic.blacklist", v) for v in ("^a", "[", "b,c", None)],
        "words": [("auto.offset.reset", v) for v in ("earliest", "nope", " ", "error")],
    }
    for title, pairs in steps.items():
        conf = lib.conf()
        for step, (name, value) in enumerate(pairs):
            out[f"{title} {step}"] = [lib.set(conf, name, value), lib.get(conf, name), lib.dump(conf)]
        lib.destroy(conf)


def copies(lib, out):
    conf = lib.conf()
    for name, value in (("client.id", "me"), ("group.id", "g"), ("group.instance.id", "i"), ("linger.ms", "0.25"), ("acks", "1"),
                        ("topic.blacklist", "a,b"), ("debug", "all,-msg"), ("client.rack", None), ("sasl.password", "p"),
                        ("security.protocol", "sasl_ssl"), ("compression.type", "lz4"), ("enable.idempotence", "true")):
        lib.set(conf, name, value)
    lib.call("conf_set_opaque", conf, ctypes.c_void_p(1234))
    copy = ctypes.c_void_p(lib.call("conf_dup", conf))
    out["dup"] = [lib.dump(copy), lib.get(copy, "acks")]
    lib.set(copy, "client.id", "other")
    out["dup is apart"] = [lib.get(conf, "client.id"), lib.get(copy, "client.id")]
    lib.destroy(copy)
    for prefixes in ([], ["group."], ["group.id"], ["client", "topic.", "acks"], ["default_topic_conf"], [""], ["linger"]):
        array = (ctypes.c_char_p * max(1, len(prefixes)))(*[p.encode() for p in prefixes])
        copy = ctypes.c_void_p(lib.call("conf_dup_filter", conf, ctypes.c_size_t(len(prefixes)), array))
        out[f"dup_filter {prefixes}"] = [lib.dump(copy), lib.get(copy, "acks")]
        lib.destroy(copy)
    lib.destroy(conf)
    topic = lib.conf("topic")
    lib.set(topic, "acks", "1", "topic")
    lib.set(topic, "partitioner", "murmur2", "topic")
    copy = ctypes.c_void_p(lib.call("topic_conf_dup", topic))
    out["topic dup"] = lib.dump(copy, "topic")
    lib.destroy(copy, "topic")
    lib.destroy(topic, "topic")


def default_topic_confs(lib, out):
    conf = lib.conf()
    none = lib.call("conf_get_default_topic_conf", conf)
    lib.set(conf, "acks", "1")
    made = ctypes.c_void_p(lib.call("conf_get_default_topic_conf", conf))
    out["default topic conf made"] = [none, lib.get(made, "acks", "topic"), lib.dump(made, "topic")]
    lib.set(made, "acks", "0", "topic")
    out["default topic conf lent"] = lib.get(conf, "acks")
    topic = lib.conf("topic")
    lib.set(topic, "partitioner", "fnv1a", "topic")
    lib.call("conf_set_default_topic_conf", conf, topic)
    same = lib.call("conf_get_default_topic_conf", conf) == topic.value
    out["default topic conf given"] = [same, lib.get(conf, "acks"), lib.get(conf, "partitioner"), lib.dump(conf)]
    lib.call("conf_set_default_topic_conf", conf, None)
    out["default topic conf gone"] = [lib.call("conf_get_default_topic_conf", conf), lib.get(conf, "acks"), lib.dump(conf)]
    lib.destroy(conf)


def pointers(lib, out):
    conf, topic = lib.conf(), lib.conf("topic")
    for object_, scope, names in ((conf, "global", CALLBACKS), (topic, "topic", TOPIC_CALLBACKS)):
        prefix = "" if scope == "global" else "topic_"
        for name in names:
            prop = {"ssl_cert_verify_cb": "ssl.certificate.verify_cb", "engine_callback_data": "ssl_engine_callback_data"}
            prop = prop.get(name, name)
            for value in (0x1234, None):
                lib.call(f"{prefix}conf_set_{name}", object_, ctypes.c_void_p(value))
                out[f"pointer {scope} {name} {value}"] = lib.get(object_, prop, scope)
    for events in (0, 1, 255, 0x7fffffff):
        lib.call("conf_set_events", conf, events)
        out[f"events {events}"] = lib.get(conf, "enabled_events")
    for enable in (1, 0, 5):
        lib.call("conf_enable_sasl_queue", conf, enable)
        out[f"sasl queue {enable}"] = lib.get(conf, "enable_sasl_queue")
    lib.destroy(conf)
    lib.destroy(topic, "topic")


# Properties from which clients are made; the texts are compared.
TXN = ("transactional.id", "t")
IDEMPOTENT = ("enable.idempotence", "true")
OAUTH = [("security.protocol", "sasl_plaintext"), ("sasl.mechanisms", "OAUTHBEARER")]
OIDC = OAUTH + [("sasl.oauthbearer.method", "oidc")]
URL = ("sasl.oauthbearer.token.endpoint.url", "http://127.0.0.1:1/")
JWT = OIDC + [URL, ("sasl.oauthbearer.grant.type", "urn:ietf:params:oauth:grant-type:jwt-bearer")]
ASSERTION = "sasl.oauthbearer.assertion."
CLIENTS = [
    [], [("group.id", "g")], [TXN], [IDEMPOTENT], [TXN, ("enable.idempotence", "false")],
    [IDEMPOTENT, ("max.in.flight", "6")], [IDEMPOTENT, ("max.in.flight", "5")], [IDEMPOTENT, ("retries", "0")],
    [IDEMPOTENT, ("retries", "1")], [IDEMPOTENT, ("queue.buffering.backpressure.threshold", "2")],
    [IDEMPOTENT, ("acks", "1")], [IDEMPOTENT, ("acks", "all")], [IDEMPOTENT, ("queuing.strategy", "lifo")],
    [("enable.gapless.guarantee", "true")], [IDEMPOTENT, ("enable.gapless.guarantee", "true")],
    [TXN, ("transaction.timeout.ms", "1000"), ("message.timeout.ms", "1001")],
    [TXN, ("transaction.timeout.ms", "1000"), ("message.timeout.ms", "1000")],
    [TXN, ("transaction.timeout.ms", "1000"), ("socket.timeout.ms", "1101")],
    [TXN, ("transaction.timeout.ms", "1000"), ("socket.timeout.ms", "1100"), ("message.timeout.ms", "500")],
    [("message.timeout.ms", "5"), ("linger.ms", "5")], [("message.timeout.ms", "5"), ("linger.ms", "4.9")],
    [("message.timeout.ms", "5")], [("message.timeout.ms", "0"), ("linger.ms", "900000")],
    [("session.timeout.ms", "7000"), ("max.poll.interval.ms", "6999")],
    [("session.timeout.ms", "7000"), ("max.poll.interval.ms", "7000")],
    [("fetch.max.bytes", "2000"), ("message.max.bytes", "2001")], [("fetch.max.bytes", "2000"), ("message.max.bytes", "2000")],
    [("fetch.max.bytes", "1000000"), ("receive.message.max.bytes", "1000511")],
    [("fetch.max.bytes", "1000000"), ("receive.message.max.bytes", "1000512")], [("receive.message.max.bytes", "1000")],
    [("fetch.min.bytes", "0")], [("fetch.min.bytes", "100000001")], [("fetch.min.bytes", "100000000")],
    [("reconnect.backoff.ms", "200"), ("reconnect.backoff.max.ms", "199")], [("reconnect.backoff.ms", "20000")],
    [("group.protocol", "consumer"), ("session.timeout.ms", "7000")],
    [("group.protocol", "consumer"), ("partition.assignment.strategy", "range")],
    [("group.protocol", "consumer"), ("group.protocol.type", "consumer")],
    [("group.protocol", "consumer"), ("heartbeat.interval.ms", "1000")],
    [("partition.assignment.strategy", "nope"), ("group.id", "g")],
    [("partition.assignment.strategy", "range,cooperative-sticky"), ("group.id", "g")],
    [("partition.assignment.strategy", " range , roundrobin,"), ("group.id", "g")],
    [("partition.assignment.strategy", "cooperative-sticky"), ("group.id", "g")],
    [("ssl.keystore.location", "/nonexistent")], [("https.ca.location", "/nonexistent")], [("https.ca.location", "probe")],
    [("https.ca.location", "/"), ("https.ca.pem", "x")],
    OAUTH + [("enable.sasl.oauthbearer.unsecure.jwt", "true"), ("sasl.oauthbearer.method", "oidc")],
    OIDC, OIDC + [URL], OIDC + [URL, ("sasl.oauthbearer.client.id", "c")],
    OIDC + [("sasl.oauthbearer.metadata.authentication.type", "azure_imds")],
    OIDC + [URL, ("sasl.oauthbearer.client.id", "c"), ("sasl.oauthbearer.client.secret", "s"),
            ("sasl.oauthbearer.sub.claim.name", "  ")],
    JWT, JWT + [(ASSERTION + "private.key.file", "f"), (ASSERTION + "private.key.pem", "p")],
] + [JWT + [(ASSERTION + "file", "f"), (ASSERTION + name, value)] for name, value in (
    ("private.key.file", "f"), ("private.key.pem", "p"), ("private.key.passphrase", "p"), ("jwt.template.file", "f"),
    ("claim.sub", "x"), ("claim.aud", "x"), ("claim.iss", "x"), ("claim.jti.include", "true"), ("claim.exp.seconds", "5"),
    ("claim.nbf.seconds", "5"))]
SHARE = [[], [("group.id", "g")]] + [[("group.id", "g"), pair] for pair in (
    ("enable.auto.commit", "true"), ("group.protocol", "consumer"), ("socket.max.fails", "1"),
    ("partition.assignment.strategy", "range"), ("group.instance.id", "i"), ("isolation.level", "read_committed"),
    ("group.remote.assignor", "uniform"), ("queued.min.messages", "1"), ("queued.max.messages.kbytes", "1"),
    ("fetch.queue.backoff.ms", "1"), ("fetch.error.backoff.ms", "1"), ("enable.partition.eof", "true"),
    ("message.copy.max.bytes", "1"), ("topic.blacklist", "a"), ("allow.auto.create.topics", "true"),
    ("auto.offset.reset", "earliest"), ("consume.callback.max.messages", "1"), ("session.timeout.ms", "7000"),
    ("heartbeat.interval.ms", "7000"), ("group.protocol.type", "consumer"), ("fetch.min.bytes", "0"),
    ("fetch.max.bytes", "1"), ("share.acknowledgement.mode", "nope"))]

# Values around the limits of rules; random sets of these and of all the above are tried as well.
LIMITS = {
    "linger.ms": ["0", "5", "100.5"], "message.timeout.ms": ["0", "4", "5", "6", "1000", "60001"],
    "fetch.max.bytes": ["0", "999", "1000", "1000000", "2147483135"], "message.max.bytes": ["1000", "1000000", "1000000000"],
    "receive.message.max.bytes": ["1000", "1512", "1000512", "2147483647"],
    "queued.max.messages.kbytes": ["1", "1000", "2097151"], "retry.backoff.ms": ["1", "1000", "1001"],
    "retry.backoff.max.ms": ["1", "5"], "topic.metadata.refresh.fast.interval.ms": ["1", "2000"],
    "fetch.wait.max.ms": ["0", "59000", "59001"], "socket.timeout.ms": ["10", "1499", "60000"], "sasl.username": ["u"],
    "sasl.mechanisms": ["PLAIN", "SCRAM-SHA-256", "GSSAPI"], "acks": ["0", "1", "-1"],
    "session.timeout.ms": ["1", "300000", "300001"], "max.poll.interval.ms": ["1", "44999", "45000"],
    "socket.blocking.max.ms": ["5"], "produce.offset.report": ["true"], "sticky.partitioning.linger.ms": ["1"],
    "enable.auto.commit": ["false"], "reconnect.backoff.ms": ["0", "10000", "10001"],
    "transaction.timeout.ms": ["1000", "59999"], "client.software.name": ["!a b!"], "compression.codec": ["zstd"],
}


def random_cases(seed, count):
    """Sets of one to five pairs, without those that ask for more than the configuration."""
    chance = random.Random(seed)
    pool = [(name, value) for name, values in LIMITS.items() for value in values]
    pool += [pair for case in CLIENTS + SHARE for pair in case if not pair[0].startswith(("sasl", "security", "ssl"))]
    return [chance.sample(pool, chance.randint(1, 5)) for _ in range(count)]


def warning(line):
    """What a line of the log speaks of: the first property, since the words are of our own here."""
    name = re.search(r"[a-z_]+(\.[a-z_]+)+", re.sub(r"sasl\.mechanisms?\b", "sasl.mechanisms", line))
    return name[0] if name else line


def clients(lib, out, kinds):
    log_type = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p)
    logs = []
    # Notices are about brokers, not about properties.
    log_cb = log_type(lambda rk, level, fac, line:
                      logs.append(warning(text(line))) if (level, fac) == (4, b"CONFWARN") else None)
    chosen = ((0, CLIENTS + random_cases(1, 300)), (1, CLIENTS + random_cases(2, 300)), ("share", SHARE + random_cases(3, 150)))
    for kind, cases in chosen:
        if kind not in kinds:
            continue
        for case in cases:
            conf = lib.conf()
            for name, value in case:
                lib.set(conf, name, value)
            lib.call("conf_set_log_cb", conf, log_cb)
            logs.clear()
            errstr = ctypes.create_string_buffer(512)
            if kind == "share":
                rk = lib.call("share_consumer_new", conf, errstr, ctypes.c_size_t(512))
            else:
                rk = lib.call("new", kind, conf, errstr, ctypes.c_size_t(512))
            key = f"new {kind} {case}"
            out[key] = [bool(rk), "" if rk else text(errstr.value)]
            out[key + " warnings"] = sorted(logs)
            if rk:
                lib.call("share_destroy" if kind == "share" else "destroy", ctypes.c_void_p(rk))
            else:
                lib.destroy(conf)


def run(path, kinds):
    lib, out = Library(path), {}
    for part in (set_and_read, sizes, sequences, copies, default_topic_confs, pointers):
        part(lib, out)
    clients(lib, out, kinds)
    json.dump(out, sys.stdout)


def results(which):
    if which == "ours" and os.environ.get("CONF_DIFF_OURS"):
        path = os.environ["CONF_DIFF_OURS"]
    else:
        script = os.path.join(HERE, "..", "setup", "library.sh")
        folder = subprocess.run(["bash", script, which], check=True, capture_output=True, text=True).stdout.strip()
        path = os.path.join(folder, "librdkafka.so.1")
    arguments = [sys.executable, __file__, "--run", path] + [a for a in sys.argv if a in KINDS]
    done = subprocess.run(arguments, capture_output=True, timeout=600)
    if done.returncode:
        sys.stderr.write(done.stderr.decode(errors="replace")[-4000:])
        sys.exit(f"{which}: the run ended with {done.returncode}")
    return json.loads(done.stdout)


def accepted():
    """Patterns of keys, each with what may differ (all, or the text beside a code) and why."""
    rows = [line.rstrip("\n").split("\t") for line in open(os.path.join(HERE, "conf_accepted.tsv"), encoding="utf-8")][1:]
    return [(re.compile(pattern), what, reason) for pattern, what, reason in rows]


def same_code(ours, theirs):
    """Whether two outcomes, or two series that begin with one, differ in the outcome's text only."""
    if not (ours and theirs):
        return False
    if isinstance(ours[0], list):
        return same_code(ours[0], theirs[0]) and ours[1:] == theirs[1:]
    return ours[0] == theirs[0]


def short(value):
    shown = str(value)
    return shown if len(shown) <= 300 else shown[:300] + " .."


def main():
    kinds = [kind for argument in sys.argv for kind in KINDS.get(argument, [])]
    if "--run" in sys.argv:
        return run(sys.argv[sys.argv.index("--run") + 1], kinds)
    ours, theirs = results("ours"), results("upstream")
    rules, used, bad = accepted(), set(), 0
    for key in sorted(set(ours) | set(theirs)):
        if ours.get(key) == theirs.get(key):
            continue
        rule = next((at for at, (pattern, what, _) in enumerate(rules)
                     if pattern.fullmatch(key) and (what == "all" or same_code(ours.get(key), theirs.get(key)))), None)
        if rule is not None:
            used.add(rule)
            continue
        bad += 1
        if bad <= 40:
            print(f"{key}\n  ours:     {short(ours.get(key))}\n  upstream: {short(theirs.get(key))}")
    for at, (pattern, _, _) in enumerate(rules):
        if at not in used and (0 in kinds or not pattern.pattern.startswith("new ")):
            bad += 1
            print(f"accepted, and no longer there: {pattern.pattern}")
    print(f"{len(theirs)} comparisons, {bad} differences, {len(used)} of {len(rules)} accepted ones")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
