"""prometheus.py LIBRARY: what statistics.prometheus.listen serves, read with the parsers of prometheus_client (PyPI), while a producer
and a consumer of one process work on a mock cluster; and clients of HTTP that are slow, large or wrong.

The process is this one: the library is called by ctypes.
"""

import concurrent.futures
import ctypes
import pathlib
import re
import socket
import sys
import threading
import time
import urllib.request

from prometheus_client import openmetrics, parser
import prometheus_client.openmetrics.parser as openmetrics_parser

PATIENCE = 120
lib = ctypes.CDLL(sys.argv[1])
for name in ("conf_new", "new", "topic_partition_list_new", "consumer_poll", "mock_cluster_new", "handle_mock_cluster",
             "mock_cluster_bootstraps", "name", "topic_new"):
    getattr(lib, "rd_kafka_" + name).restype = ctypes.c_void_p
errstr = ctypes.create_string_buffer(512)
failures = []


def check(good, text):
    if not good:
        failures.append(text)
        print("  " + text)


def client(kind, **settings):
    conf = ctypes.c_void_p(lib.rd_kafka_conf_new())
    for key, value in settings.items():
        if lib.rd_kafka_conf_set(conf, key.replace("_", ".").encode(), str(value).encode(), errstr, 512):
            sys.exit(errstr.value.decode())
    rk = lib.rd_kafka_new(kind, conf, errstr, 512)
    return ctypes.c_void_p(rk) if rk else sys.exit(errstr.value.decode())


def name(rk):
    return ctypes.string_at(lib.rd_kafka_name(rk)).decode()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def scrape(port, accept=None):
    request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers={"Accept": accept} if accept else {})
    with urllib.request.urlopen(request, timeout=PATIENCE) as response:
        return response.headers["Content-Type"], response.read().decode()


def samples(families):
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for f in families for s in f.samples}


def value(found, metric, **labels):
    """The only sample of this name with these labels among its own."""
    fits = [v for (n, ls), v in found.items() if n == metric and labels.items() <= dict(ls).items()]
    check(len(fits) == 1, f"{metric} {labels}: {len(fits)} samples")
    return fits[0] if fits else -1


def documented():
    text = (pathlib.Path(__file__).parents[2] / "docs/prometheus.md").read_text()
    return dict(re.findall(r"^\| `(rdkafka_\w+)` \| (\w+) \|", text, re.M))


def read(port):
    """Both forms, which must be the same by what they say."""
    kind, text = scrape(port)
    check(kind == "text/plain; version=0.0.4; charset=utf-8", kind)
    plain = list(parser.text_string_to_metric_families(text))
    kind, text = scrape(port, "application/openmetrics-text; version=1.0.0")
    check(kind == "application/openmetrics-text; version=1.0.0; charset=utf-8", kind)
    opened = list(openmetrics_parser.text_string_to_metric_families(text))
    for families in (plain, opened):
        names = [f.name for f in families]
        check(len(names) == len(set(names)), "a family twice")
        check(all(f.documentation for f in families), "a family without help")
    check(set(samples(plain)) == set(samples(opened)), "the two forms have other samples")
    known = documented()
    for family in opened:
        full = family.name + ("_total" if family.type == "counter" else "_info" if family.type == "info" else "")
        if full != "rdkafka_client_info":
            check(known.get(full) == family.type, f"{full} {family.type}, documented as {known.get(full)}")
    return samples(opened)


def produce_and_consume(producer, consumer, topic, count):
    rkt = ctypes.c_void_p(lib.rd_kafka_topic_new(producer, topic.encode(), None))
    for _ in range(count):
        lib.rd_kafka_produce(rkt, 0, 2, b"value", ctypes.c_size_t(5), None, ctypes.c_size_t(0), None)
    check(lib.rd_kafka_flush(producer, PATIENCE * 1000) == 0, "flush")
    lib.rd_kafka_topic_destroy(rkt)
    topics = ctypes.c_void_p(lib.rd_kafka_topic_partition_list_new(1))
    lib.rd_kafka_topic_partition_list_add(topics, topic.encode(), -1)
    lib.rd_kafka_subscribe(consumer, topics)
    got, until = 0, time.time() + PATIENCE
    while got < count and time.time() < until:
        message = lib.rd_kafka_consumer_poll(consumer, 100)
        if message:
            got += ctypes.c_int.from_address(message).value == 0
            lib.rd_kafka_message_destroy(ctypes.c_void_p(message))
    check(got == count, f"{got} messages of {count}")
    check(lib.rd_kafka_commit(consumer, None, 0) == 0, "commit")
    lib.rd_kafka_topic_partition_list_destroy(topics)


def check_numbers(port, producer, consumer, topic, count):
    found = read(port)
    p, c = {"client": name(producer), "type": "producer"}, {"client": name(consumer), "type": "consumer"}
    check(value(found, "rdkafka_client_info", **p, client_id="one \"two\" \\three") == 1, "info")
    check(value(found, "rdkafka_partition_sent_messages_total", **p, topic=topic, partition="0") == count, "sent messages")
    check(value(found, "rdkafka_partition_sent_bytes_total", **p, topic=topic, partition="0") >= 5 * count, "sent bytes")
    check(value(found, "rdkafka_partition_received_messages_total", **c, topic=topic, partition="0") == count, "received")
    check(value(found, "rdkafka_partition_committed_offset", **c, topic=topic, partition="0") == count, "committed")
    check(value(found, "rdkafka_partition_position", **c, topic=topic, partition="0") == count, "position")
    check(value(found, "rdkafka_partition_lag", **c, topic=topic, partition="0") == 0, "lag")
    check(value(found, "rdkafka_group_steady", **c) == 1, "steady")
    check(value(found, "rdkafka_group_assigned_partitions", **c) == 1, "assigned")
    check(value(found, "rdkafka_queued_messages", **p) == 0, "queued")
    up = [v for (n, ls), v in found.items() if n == "rdkafka_broker_up" and ("client", name(producer)) in ls]
    check(1 in up, "no broker is up")
    rtt = [v for (n, ls), v in found.items() if n == "rdkafka_broker_request_latency_seconds_sum" and ("client", name(producer)) in ls]
    check(rtt and 0 < sum(rtt) < 600, f"latencies {rtt}")
    again = read(port)
    for key, before in found.items():
        if key[0].endswith(("_total", "_count", "_sum")):
            check(again.get(key, 0) >= before, f"{key} has become less: {before}, {again.get(key)}")


def hostile(port):
    """Whoever is slow, large or wrong has its connection closed, and nobody else waits."""
    slow = [socket.create_connection(("127.0.0.1", port), PATIENCE) for _ in range(200)]
    for s in slow[::2]:
        try:
            s.sendall(b"GET /metrics HTTP/1.1\r\nA: ")
        except OSError:
            pass
    flood = socket.create_connection(("127.0.0.1", port), PATIENCE)

    def pour():
        try:
            while True:
                flood.sendall(b"A: b\r\n" * 10000)
        except OSError:
            return "closed"

    with concurrent.futures.ThreadPoolExecutor() as pool:
        poured = pool.submit(pour)
        begin = time.time()
        for _ in range(10):
            scrape(port)
        check(time.time() - begin < 60, f"ten scrapes took {time.time() - begin:.1f} s")
        check(poured.result(PATIENCE) == "closed", "the flood")
    reader = socket.create_connection(("127.0.0.1", port), PATIENCE)
    reader.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
    for s in slow:
        try:
            while s.recv(4096):
                pass
        except ConnectionResetError:
            pass
    scrape(port)
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        pages = list(pool.map(lambda _: scrape(port)[1], range(64)))
    check(all("rdkafka_client_info" in page for page in pages), "a page without instances")


def main():
    port, topic, count = free_port(), "orders", 500
    listen = f"127.0.0.1:{port}"
    producer = client(0, test_mock_num_brokers=2, client_id="one \"two\" \\three", statistics_prometheus_listen=listen)
    cluster = ctypes.c_void_p(lib.rd_kafka_handle_mock_cluster(producer))
    servers = ctypes.string_at(lib.rd_kafka_mock_cluster_bootstraps(cluster)).decode()
    lib.rd_kafka_mock_topic_create(cluster, topic.encode(), 1, 1)
    lib.rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, 0)
    consumer = client(1, bootstrap_servers=servers, group_id="g", auto_offset_reset="earliest", enable_auto_commit="false",
                      statistics_prometheus_listen=listen)
    produce_and_consume(producer, consumer, topic, count)
    check_numbers(port, producer, consumer, topic, count)
    hostile(port)
    threads = [threading.Thread(target=scrape, args=(port,), daemon=True) for _ in range(8)]
    for t in threads:
        t.start()
    lib.rd_kafka_destroy(consumer)
    lib.rd_kafka_destroy(producer)
    try:
        socket.create_connection(("127.0.0.1", port), 5)
        check(False, "served after the last instance has ended")
    except ConnectionRefusedError:
        pass
    print(f"{len(failures)} failures")
    sys.exit(bool(failures))


main()
