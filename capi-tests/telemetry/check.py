"""check.py FOLDER: what the plugin ToFiles has got of the clients that run.sh runs, read with OpenTelemetry's own protobuf.

Each file is CLIENT.INSTANCE.NUMBER[.last]. CLIENT is LIBRARY-KIND-WHAT, where WHAT is what the cluster wanted at the time.
"""

import collections
import pathlib
import sys
import time

from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, MetricsData

PREFIX = "org.apache.kafka."
PRODUCER = """producer.connection.creation.rate producer.connection.creation.total producer.node.request.latency.avg
producer.node.request.latency.max producer.produce.throttle.time.avg producer.produce.throttle.time.max
producer.record.queue.time.avg producer.record.queue.time.max producer.request.latency.avg producer.request.latency.max"""
CONSUMER = """consumer.connection.creation.rate consumer.connection.creation.total consumer.node.request.latency.avg
consumer.node.request.latency.max consumer.coordinator.assigned.partitions consumer.coordinator.rebalance.latency.avg
consumer.coordinator.rebalance.latency.max consumer.coordinator.rebalance.latency.total consumer.fetch.manager.fetch.latency.avg
consumer.fetch.manager.fetch.latency.max consumer.poll.idle.ratio.avg consumer.coordinator.commit.latency.avg
consumer.coordinator.commit.latency.max"""
NAMES = {"producer": {PREFIX + n for n in PRODUCER.split()}, "consumer": {PREFIX + n for n in CONSUMER.split()}}
# What was wanted, and which names are then to come. Of pushes without metrics, as for "nothing", Kafka does not tell the plugin.
WANTED = {
    "all": lambda name: True,
    "some": lambda name: ".connection.creation." in name,
}
ATTRIBUTES = {"producer": {"client_rack"}, "consumer": {"client_rack", "group_id", "member_id"}}

failures = []


def check(good, text):
    if not good:
        failures.append(text)
        print("  " + text)


class Client:
    """The pushes of one client instance, in their order."""

    def __init__(self, name):
        self.library, self.kind, self.what = name.split("-")
        self.name, self.pushes, self.instances, self.last = name, [], set(), 0

    def add(self, instance, data, last):
        self.instances.add(instance)
        self.pushes.append(MetricsData.FromString(data))
        self.last += last

    def points(self, push):
        for resource in push.resource_metrics:
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    data = getattr(metric, metric.WhichOneof("data"))
                    for point in data.data_points:
                        yield metric, data, point

    def shape(self):
        """What does not change with the load: names, attributes, kinds of value."""
        found = set()
        for push in self.pushes:
            for metric, data, point in self.points(push):
                kind = metric.WhichOneof("data")
                if kind == "sum":
                    kind += " " + AggregationTemporality.Name(data.aggregation_temporality)
                    kind += " monotonic" if data.is_monotonic else ""
                keys = ",".join(sorted(a.key + ":" + a.value.WhichOneof("value") for a in point.attributes))
                found.add((metric.name, kind, point.WhichOneof("value"), keys, metric.unit))
        return found

    def resource(self):
        return {a.key for push in self.pushes for r in push.resource_metrics for a in r.resource.attributes}


def values(client):
    """All points by name, over all pushes."""
    found = collections.defaultdict(list)
    for push in client.pushes:
        for metric, _, point in client.points(push):
            found[metric.name].append(getattr(point, point.WhichOneof("value")))
    return found


def check_shape(c):
    print(f"{c.name}: {len(c.pushes)} pushes")
    check(len(c.pushes) >= 2, f"{c.name}: only {len(c.pushes)} pushes")
    check(len(c.instances) == 1, f"{c.name}: instances {c.instances}")
    check(c.last == 1, f"{c.name}: {c.last} last pushes")
    want = {n for n in NAMES[c.kind] if WANTED[c.what](n)}
    got = {row[0] for row in c.shape()}
    check(got == want, f"{c.name}: missing {sorted(want - got)}, not wanted {sorted(got - want)}")
    check(c.resource() == ATTRIBUTES[c.kind], f"{c.name}: attributes {c.resource()}")
    for push in c.pushes:
        seen = [(m.name, tuple((a.key, a.value.int_value) for a in p.attributes)) for m, _, p in c.points(push)]
        if c.library == "ours":
            check(len(seen) == len(set(seen)), f"{c.name}: a point twice in one push")


def check_times(c):
    now = time.time_ns()
    end_before = None
    for push in c.pushes:
        times = {(p.start_time_unix_nano, p.time_unix_nano) for _, _, p in c.points(push)}
        check(len(times) == 1, f"{c.name}: a push of several times {times}")
        for start, end in times:
            check(start <= end <= now and now - end < 3600e9, f"{c.name}: from {start} to {end}")
            check(end_before in (None, start), f"{c.name}: begins at {start}, after {end_before}")
            end_before = end


def check_values(c):
    got = values(c)
    busy = ["producer.node.request.latency.max", "producer.request.latency.avg", "producer.request.latency.max",
            "producer.record.queue.time.avg"]
    if c.kind == "consumer":
        busy = ["consumer.node.request.latency.avg", "consumer.fetch.manager.fetch.latency.avg", "consumer.poll.idle.ratio.avg",
                "consumer.coordinator.assigned.partitions", "consumer.coordinator.commit.latency.avg",
                "consumer.coordinator.commit.latency.max"]
    for name in busy:
        check(max(got[PREFIX + name], default=0) > 0, f"{c.name}: {name} is never more than 0")
    for name, numbers in got.items():
        check(min(numbers) >= 0, f"{c.name}: {name} {min(numbers)}")
        if "ratio" in name:
            check(max(numbers) <= 1, f"{c.name}: {name} {max(numbers)}")
        if "latency" in name or "time" in name:
            check(max(numbers) < 120e3, f"{c.name}: {name} {max(numbers)} ms")
    for name in got:
        if name.endswith(".avg") and "ratio" not in name:
            highest = got[name.removesuffix("avg") + "max"]
            check(all(a <= m + 1e-9 for a, m in zip(got[name], highest)), f"{c.name}: {name} is above its maximum")


def main():
    clients = {}
    files = [f for f in pathlib.Path(sys.argv[1]).iterdir() if not f.name.startswith(".")]
    for file in sorted(files, key=lambda f: int(f.name.split(".")[2])):
        name, instance, _, *last = file.name.split(".")
        clients.setdefault(name, Client(name)).add(instance, file.read_bytes(), len(last))
    for library in ("ours", "upstream"):
        for kind in NAMES:
            for what in WANTED:
                check(f"{library}-{kind}-{what}" in clients, f"{library}-{kind}-{what} has pushed nothing")
            check(f"{library}-{kind}-nothing" not in clients, f"{library}-{kind}-nothing has pushed something")
    clients = {name: c for name, c in clients.items() if c.what in WANTED}
    for c in clients.values():
        check_shape(c)
        if c.library == "ours":
            check_times(c)
            if c.what == "all":
                check_values(c)
                other = clients.get(c.name.replace("ours", "upstream"))
                if other:
                    for row in sorted(c.shape() ^ other.shape()):
                        who = "ours" if row in c.shape() else "upstream"
                        check(False, f"{c.name}: only {who} has {row}")
                    check(c.resource() == other.resource(), f"{c.name}: {c.resource()}, not {other.resource()}")
    print(f"{len(failures)} failures")
    sys.exit(bool(failures))


main()
