#!/usr/bin/env python3
"""A part of make dev-test: docker/dev-kafka.yml and docker/dev-kafka-cluster.yml, tried with Kafka's jars and without containers.

    compose.py [FILE...]

docker-compose reads each file. Then every service runs as its image would: its environment is turned into properties by the class
that the image has for that, kafka.docker.KafkaDockerWrapper of the same version, as the user 1000 (appuser in the image), with an
address of its own in a network of this test's, where services have their names, and with a folder in the place of its volume.
Ports are published by a relay. So a property that Kafka does not know or sets otherwise, a listener that leads nowhere, and data
that do not outlive the containers are found. Not tried: the image itself, and docker or podman. Needs root.
"""
import ctypes
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(os.environ.get("LRK_CACHE", ROOT / ".cache"))
USER = 1000
# What the image takes if the file says nothing.
CLUSTER_ID = "5L6g3nShT-eMCtK--X86sw"
NOT_PROPERTIES = {"KAFKA_HEAP_OPTS"}
NEW_NET, NEW_MOUNTS = 0x40000000, 0x00020000
JVM = ["-XX:+UseSerialGC", "-XX:-UsePerfData", "-Djava.awt.headless=true", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
failures = []


def check(name, holds, more=""):
    print(f"{name:58} {'ok' if holds else 'FAILED'}{': ' + str(more) if more and not holds else ''}", flush=True)
    if not holds:
        failures.append(name)


def run(*command, **options):
    return subprocess.run([str(c) for c in command], check=True, text=True, **options)


def output(*command, **options):
    return subprocess.run([str(c) for c in command], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)


class Container:
    """A network and mounts of its own, which a sleeping process keeps."""

    def __init__(self, name, address, hosts):
        self.name, self.address = name, address
        self.holder = subprocess.Popen(["unshare", "--net", "--mount", "sh", "-c", "echo; exec sleep infinity"], stdout=subprocess.PIPE)
        self.holder.stdout.readline()
        pid, outside = self.holder.pid, "to-" + address.split(".")[-1]
        run("ip", "link", "add", outside, "type", "veth", "peer", "name", "eth0", "netns", pid)
        run("ip", "link", "set", outside, "master", "bridge", "up")
        for line in (f"addr add {address}/24 dev eth0", "link set lo up", "link set eth0 up"):
            run(*self.inside(), "ip", *line.split())
        run(*self.inside(), "mount", "--bind", hosts, "/etc/hosts")

    def inside(self):
        return ["nsenter", "-t", str(self.holder.pid), "--net", "--mount"]

    def as_user(self):
        return [*self.inside(), "setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]

    def end(self):
        self.holder.kill()
        self.holder.wait()


class Node(Container):
    """A container of a service; its volumes are folders of `volumes`, which outlive it."""

    def __init__(self, name, service, address, hosts, volumes, work, jars):
        super().__init__(name, address, hosts)
        self.service, self.jars = service, jars
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{name}.", dir=work))
        for mount in service["volumes"]:
            volume, path = mount.split(":")[:2]
            folder = volumes / volume
            if not folder.exists():
                folder.mkdir()
                os.chown(folder, USER, 0)
            run(*self.inside(), "sh", "-c", 'mkdir -p "$2" 2>/dev/null || { mount -t tmpfs none "${2%/*/*}" && mkdir -p "$2"; }; mount --bind "$1" "$2"', "sh", folder, path)
        for part in ("default", "mounted", "final"):
            (self.folder / part).mkdir()
        for path in (self.folder, *self.folder.iterdir()):
            os.chown(path, USER, USER)
        self.environment = {"PATH": os.environ["PATH"], "CLUSTER_ID": CLUSTER_ID} | {k: str(v) for k, v in service["environment"].items()}
        self.process = None

    def java(self, *arguments):
        heap = self.environment.get("KAFKA_HEAP_OPTS", "-Xmx1G").split()
        return [*self.as_user(), "java", *heap, *JVM, "-cp", f"{self.jars}/*", *arguments]

    def start(self):
        parts = [f"--{part}-configs-dir={self.folder / part}" for part in ("default", "mounted", "final")]
        said = output(*self.java("kafka.docker.KafkaDockerWrapper", "setup", *parts), env=self.environment, cwd=self.folder)
        if said.returncode and "already formatted" not in said.stdout:
            raise SystemExit(f"{self.name}: {said.stdout}")
        log = open(self.folder / "log", "w")
        self.process = subprocess.Popen(self.java("kafka.Kafka", str(self.folder / "final/server.properties")),
                                        env=self.environment, cwd=self.folder, stdout=log, stderr=log)

    def properties(self):
        lines = (self.folder / "final/server.properties").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if line.strip())

    def healthy(self):
        test = self.service["healthcheck"]["test"]
        assert test[0] == "CMD", test
        return output(*self.as_user(), *test[1:]).returncode == 0

    def wait_healthy(self):
        deadline = time.monotonic() + 300
        while not self.healthy():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{self.name} did not start:\n" + (self.folder / "log").read_text()[-4000:])
            time.sleep(0.2)

    def stop(self):
        if self.process:
            self.process.terminate()

    def end(self):
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None
        super().end()


def relay(ports, address):
    """Publishes a port: IP:HOST:CONTAINER/tcp."""
    ip, outer, inner = re.fullmatch(r"([\d.]+):(\d+):(\d+)(?:/tcp)?", ports).groups()
    listener = socket.create_server((ip, int(outer)))

    def copy(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def accept():
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection((address, int(inner)), 5)
                server.settimeout(None)
            except OSError:
                client.close()
                continue
            for pair in ((client, server), (server, client)):
                threading.Thread(target=copy, args=pair, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener


class Cluster:
    """All services of a file."""

    def __init__(self, file, work, jars):
        self.file, self.work, self.jars = file, work, jars
        self.services = file["services"]
        self.addresses = {name: f"172.28.0.{10 + n}" for n, name in enumerate(sorted(self.services))}
        self.hosts = work / "hosts"
        names = self.addresses | {socket.gethostname(): "127.0.0.1"}
        self.hosts.write_text("127.0.0.1 localhost\n" + "".join(f"{ip} {name}\n" for name, ip in names.items()))
        self.volumes = work / "volumes"
        self.volumes.mkdir()
        os.chmod(self.volumes, 0o755)
        self.nodes, self.listeners = {}, []
        self.outside = Container("client", "172.28.0.9", self.hosts)

    def up(self):
        for name, service in self.services.items():
            node = Node(name, service, self.addresses[name], self.hosts, self.volumes, self.work, self.jars)
            self.nodes[name] = node
            self.listeners += [relay(port, node.address) for port in service["ports"]]
            node.start()
        for node in self.nodes.values():
            node.wait_healthy()

    def down(self):
        for node in self.nodes.values():
            node.stop()
        for node in self.nodes.values():
            node.end()
        for listener in self.listeners:
            # A thread that waits in accept keeps the port until it is woken.
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self.nodes, self.listeners = {}, []

    def end(self):
        self.down()
        self.outside.end()

    def advertised(self, listener):
        """What clients are told to connect to, of each node."""
        values = [service["environment"]["KAFKA_ADVERTISED_LISTENERS"] for service in self.services.values()]
        return ",".join(entry.split("://")[1] for value in values for entry in value.split(",") if entry.startswith(listener + "://"))


def kcat(servers, *arguments, container=None, **options):
    inside = container.inside() if container else []
    return output(*inside, "timeout", "90", "kcat", "-b", servers, *arguments, **options)


def consumed(servers, topic, container=None):
    got = kcat(servers, "-C", "-t", topic, "-o", "beginning", "-e", "-q", container=container).stdout.split()
    return sorted(got, key=lambda v: (len(v), v))


def numbers(*bounds):
    return [str(n) for n in range(*bounds)]


def as_written(path, file, version):
    """What the file says, without anything run."""
    replicas = len(file["services"])
    for name, service in file["services"].items():
        check(f"{name}: the image is that of the tests' version", service["image"] == f"apache/kafka:{version}", service["image"])
        check(f"{name}: its user", service["user"] == "appuser", service["user"])
        check(f"{name}: published on the loopback address alone", all(p.startswith("127.0.0.1:") for p in service["ports"]), service["ports"])
        volumes = [v.split(":") for v in service["volumes"]]
        check(f"{name}: its logs are in a named volume",
              [v[0] in file["volumes"] and v[1] == service["environment"]["KAFKA_LOG_DIRS"] for v in volumes] == [True], volumes)
    names = [volume["name"] for volume in file["volumes"].values()]
    check(f"{path.name}: a volume each", len(set(names)) == replicas, names)


def known(cluster):
    """Kafka knows each property, and has the value that was given."""
    node = next(iter(cluster.nodes.values()))
    given = node.properties()
    wanted = {n for n in node.service["environment"] if n.startswith("KAFKA_")} - NOT_PROPERTIES
    check("each KAFKA_ variable is a property", len(given) == len(wanted), sorted(given))
    said = output(*node.java("kafka.admin.ConfigCommand", "--bootstrap-server", cluster.advertised("CONTAINERS").split(",")[0], "--entity-type", "brokers",
                             "--entity-name", node.service["environment"]["KAFKA_NODE_ID"], "--describe", "--all"), env=node.environment).stdout
    has = dict(re.findall(r"^ *([a-z.]+)=(.*) sensitive=", said, re.M))
    other = {name: has.get(name, "unknown") for name, value in given.items() if has.get(name) != value}
    check("Kafka has each of them as given", has and not other, other or said[:2000])


def metadata(servers, topic=None):
    """How many brokers there are; whether a topic's partitions have leaders; how many replicas each has, and in sync."""
    try:
        found = json.loads(kcat(servers, "-L", "-J", *(["-t", topic] if topic else [])).stdout)
    except ValueError:
        return None
    partitions = [p for t in found["topics"] if t["topic"] == topic for p in t["partitions"]]
    return len(found["brokers"]), all(p["leader"] >= 0 for p in partitions), {(len(p["replicas"]), len(p["isrs"])) for p in partitions}


def becomes(wanted, servers, topic=None):
    """Asks until it is so. A node's ports open when it has read its metadata; a moment later the cluster counts on it again."""
    deadline = time.monotonic() + 60
    while (have := metadata(servers, topic)) != wanted and time.monotonic() < deadline:
        time.sleep(0.2)
    return have


def as_run(cluster):
    count = len(cluster.services)
    cluster.up()
    host, containers = cluster.advertised("HOST"), cluster.advertised("CONTAINERS")
    have = becomes((count, True, set()), host)
    check("healthy, and all nodes are there", have == (count, True, set()), have)
    known(cluster)
    said = kcat(host, "-P", "-t", "lines", "-X", "acks=all", input="\n".join(numbers(5000)))
    check("produced from this machine", said.returncode == 0, said.stdout)
    check("consumed in a container", consumed(containers, "lines", cluster.outside) == numbers(5000))
    said = kcat(containers, "-P", "-t", "lines", "-X", "acks=all", container=cluster.outside, input="\n".join(numbers(5000, 6000)))
    check("produced in a container", said.returncode == 0, said.stdout)
    check("consumed from this machine", consumed(host, "lines") == numbers(6000))
    said = kcat(host, "-G", "readers", "-o", "beginning", "-c", "6000", "-q", "-X", "auto.offset.reset=earliest", "lines").stdout
    check("consumed by a group", len([l for l in said.split("\n") if l.isdigit()]) == 6000, said[-500:])
    for topic in ("lines", "__consumer_offsets"):
        have = becomes((count, True, {(count, count)}), host, topic)
        check(f"replicas of {topic}", have == (count, True, {(count, count)}), have)
    last = 6000
    if count == 3:
        name = sorted(cluster.nodes)[1]
        cluster.nodes.pop(name).end()
        said = kcat(host, "-P", "-t", "lines", "-X", "acks=all", input="\n".join(numbers(6000, 7000)))
        check("with one node gone: produced", said.returncode == 0, said.stdout)
        check("with one node gone: consumed", consumed(host, "lines") == numbers(7000))
        last = 7000
    cluster.down()
    cluster.up()
    have = becomes((count, True, {(count, count)}), host, "lines")
    check("taken down and up again: each node has the topic", have == (count, True, {(count, count)}), have)
    check("and the data are there", consumed(host, "lines") == numbers(last))


def main():
    if os.geteuid():
        os.execvp("sudo", ["sudo", "-n", sys.executable, *sys.argv])
    paths = [pathlib.Path(p).resolve() for p in sys.argv[1:]] or [ROOT / "docker/dev-kafka.yml", ROOT / "docker/dev-kafka-cluster.yml"]
    jars = run("bash", ROOT / "capi-tests/kafka/kafka.sh", "jars", stdout=subprocess.PIPE).stdout.strip()
    version = jars.rsplit("-", 1)[1]
    files = {path: yaml.safe_load(run("docker-compose", "-f", path, "config", stdout=subprocess.PIPE).stdout) for path in paths}
    if ctypes.CDLL(None, use_errno=True).unshare(NEW_NET | NEW_MOUNTS):
        raise SystemExit("no network of its own: " + os.strerror(ctypes.get_errno()))
    run("mount", "--make-rprivate", "/")
    for line in ("link set lo up", "link add bridge type bridge", "addr add 172.28.0.1/24 dev bridge", "link set bridge up"):
        run("ip", *line.split())
    for path, file in files.items():
        print(f"== {path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}", flush=True)
        as_written(path, file, version)
        work = pathlib.Path(tempfile.mkdtemp(prefix="compose.", dir=CACHE))
        os.chmod(work, 0o755)
        cluster = Cluster(file, work, jars)
        try:
            as_run(cluster)
        finally:
            cluster.end()
            shutil.rmtree(work)
    print(f"{len(failures)} failed" if failures else "all passed")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
