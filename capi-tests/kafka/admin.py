#!/usr/bin/env python3
"""Creates and deletes topics over Kafka's protocol: what kafka-topics.sh does, without starting a JVM for each call.

  admin.py --bootstrap-server HOST:PORT --create --topic T [--partitions N] [--replication-factor N] [--config K=V]...
  admin.py --bootstrap-server HOST:PORT --alter --topic T --partitions N
  admin.py --bootstrap-server HOST:PORT --delete --topic T
"""
import argparse
import socket
import struct
import sys

METADATA, CREATE_TOPICS, DELETE_TOPICS, CREATE_PARTITIONS = 3, 19, 20, 37
ALREADY_EXISTS, UNKNOWN_TOPIC, NOT_CONTROLLER = 36, 3, 41


def string(s):
    b = s.encode()
    return struct.pack(">h", len(b)) + b


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, fmt):
        (value,) = struct.unpack_from(">" + fmt, self.data, self.at)
        self.at += struct.calcsize(">" + fmt)
        return value

    def string(self):
        n = self.take("h")
        if n < 0:
            return None
        self.at += n
        return self.data[self.at - n:self.at].decode()


def receive(sock, n):
    data = b""
    while len(data) < n:
        piece = sock.recv(n - len(data))
        if not piece:
            sys.exit("the broker closed the connection")
        data += piece
    return data


def ask(addr, api, version, body):
    with socket.create_connection(addr, 30) as sock:
        sock.settimeout(60)
        request = struct.pack(">hhi", api, version, 1) + string("admin.py") + body
        sock.sendall(struct.pack(">i", len(request)) + request)
        (size,) = struct.unpack(">i", receive(sock, 4))
        reader = Reader(receive(sock, size))
        reader.take("i")
        return reader


def controller(addr):
    r = ask(addr, METADATA, 4, struct.pack(">i?", 0, False))
    r.take("i")
    brokers = {}
    for _ in range(r.take("i")):
        node = r.take("i")
        brokers[node] = (r.string(), r.take("i"))
        r.string()
    r.string()
    return brokers[r.take("i")]


def create(addr, args):
    # On KRaft any broker passes the request on; the controller's address is needed with ZooKeeper.
    configs = [c.split("=", 1) for c in args.config]
    body = struct.pack(">i", 1) + string(args.topic) + struct.pack(">ihi", args.partitions, args.replication_factor, 0)
    body += struct.pack(">i", len(configs)) + b"".join(string(k) + string(v) for k, v in configs)
    r = ask(controller(addr), CREATE_TOPICS, 2, body + struct.pack(">i?", 30000, False))
    r.take("i"), r.take("i"), r.string()
    return r.take("h"), r.string()


def delete(addr, args):
    r = ask(controller(addr), DELETE_TOPICS, 1, struct.pack(">i", 1) + string(args.topic) + struct.pack(">i", 30000))
    r.take("i"), r.take("i"), r.string()
    return r.take("h"), None


def alter(addr, args):
    body = struct.pack(">i", 1) + string(args.topic) + struct.pack(">ii", args.partitions, -1)
    r = ask(controller(addr), CREATE_PARTITIONS, 0, body + struct.pack(">i?", 30000, False))
    r.take("i"), r.take("i"), r.string()
    return r.take("h"), r.string()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--bootstrap-server", required=True)
    p.add_argument("--zookeeper", help="ignored")
    p.add_argument("--create", action="store_true")
    p.add_argument("--alter", action="store_true")
    p.add_argument("--delete", action="store_true")
    p.add_argument("--topic", required=True)
    p.add_argument("--partitions", type=int, default=1)
    p.add_argument("--replication-factor", type=int, default=1)
    p.add_argument("--config", action="append", default=[])
    args = p.parse_args()
    host, port = args.bootstrap_server.split(",")[0].rsplit(":", 1)
    error, text = (create if args.create else alter if args.alter else delete)((host, int(port)), args)
    if args.create and error == ALREADY_EXISTS or args.delete and error == UNKNOWN_TOPIC:
        error = 0
    if error:
        sys.exit(f"topic {args.topic}: error {error} {text or ''}")


main()
