#!/usr/bin/env python3
"""A hostile Kafka: relays to a real one and spoils what comes back, or makes answers up.

    peer.py MODE[@KEY,...] SEED UPSTREAM

With @KEY only answers to requests of these APIs are spoiled, and all of them. Prints its port and serves until its
standard input is closed; then prints how many answers it has spoiled. A line tells of the first of them at once. Everything random comes from SEED; what advances from
one connection or answer to the next (the byte to close at, the length to cut to) is counted over the whole run.
"""
import itertools
import random
import socket
import struct
import sys
import threading
import time

MODE, _, ONLY = sys.argv[1].partition("@")
ONLY = {int(key) for key in ONLY.split(",") if key}
SEED, UPSTREAM = int(sys.argv[2]), sys.argv[3].split(",")[0]
HOST, PORT = UPSTREAM.rsplit(":", 1)
counter = itertools.count()
spoiled = itertools.count()
API_VERSIONS, METADATA, PRODUCE, FETCH = 18, 3, 0, 1
LIES = [b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff", b"\xff\xff\xff\xfe", b"\x80\x00\x00\x00", b"\x00\x10\x00\x00",
        b"\x7f\xff", b"\xff\xff\xff\xff\x0f", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", b"\x7f\xff\xff\xff\xff\xff\xff\xff"]


def read_exactly(sock, n):
    data = b""
    while len(data) < n:
        part = sock.recv(n - len(data))
        if not part:
            raise ConnectionError
        data += part
    return data


def read_frame(sock):
    return read_exactly(sock, struct.unpack(">i", read_exactly(sock, 4))[0])


def frame(body):
    return struct.pack(">i", len(body)) + body


def key_of(request):
    return struct.unpack(">h", request[:2])[0]


class Relay:
    """One connection of the client and one to the real Kafka; answers go through `spoil`."""

    def __init__(self, client, number):
        self.client, self.number = client, number
        self.rng = random.Random(SEED * 1000003 + number)
        self.upstream = socket.create_connection((HOST, int(PORT)), timeout=30)

    def ask(self, request):
        self.upstream.sendall(frame(request))
        # With acks=0 there is no answer; the clients of these tests ask for one.
        return read_frame(self.upstream)

    def run(self):
        sent, held = 0, None
        while True:
            request = read_frame(self.client)
            answer = self.ask(request)
            known = key_of(request) in (API_VERSIONS, METADATA)
            rng = self.rng
            if ONLY:
                if key_of(request) not in ONLY:
                    self.client.sendall(frame(answer))
                    continue
                known = False
            if next(spoiled) == 0:
                print("spoiled", flush=True)
            if MODE == "truncated":  # a shorter body in an honest frame: every length in turn
                n = next(counter)
                if not known or n % 3 == 0:
                    answer = answer[: n % (len(answer) + 1)]
            elif MODE == "flipped":
                if not known or rng.random() < 0.1:
                    answer = bytearray(answer)
                    for _ in range(rng.randint(1, 8)):
                        answer[rng.randrange(4, len(answer))] ^= 1 << rng.randrange(8)
                    answer = bytes(answer)
            elif MODE == "lying":  # counts and lengths that are not true
                if (not known or rng.random() < 0.2) and len(answer) > 16:
                    lie, at = rng.choice(LIES), rng.randrange(4, len(answer) - 9)
                    answer = answer[:at] + lie + answer[at + len(lie):]
            elif MODE == "random-body":
                if not known or rng.random() < 0.3:
                    answer = answer[:4] + rng.randbytes(rng.randint(0, 2000))
            elif MODE == "padded":  # more than there should be
                answer += rng.randbytes(rng.randint(1, 200))
            elif MODE == "correlation":
                choice = rng.randrange(4)
                if choice == 0:
                    answer = rng.randbytes(4) + answer[4:]
                elif choice == 1:
                    answer = struct.pack(">i", struct.unpack(">i", answer[:4])[0] + 1) + answer[4:]
                elif choice == 2:
                    self.client.sendall(frame(answer))
            elif MODE == "unasked":
                self.client.sendall(frame(rng.randbytes(rng.randint(4, 100))))
            elif MODE == "swapped":  # the answer to one request is given to the next
                held, answer = answer, held
                if answer is None:
                    continue
            elif MODE == "half":  # a promise that is not kept
                data = frame(answer)
                if not known:
                    self.client.sendall(data[: len(data) // 2])
                    time.sleep(0.2)
                    return
            elif MODE == "dripping":
                for byte in frame(answer):
                    self.client.sendall(bytes([byte]))
                    time.sleep(0.002)
                continue
            elif MODE == "stalled":  # takes part until it matters
                if not known:
                    continue
            elif MODE == "closing":  # ends the stream at every byte in turn
                data, limit = frame(answer), self.number * 3
                if sent + len(data) >= limit:
                    self.client.sendall(data[: limit - sent])
                    return
                sent += len(data)
            self.client.sendall(frame(answer))


def made_up(client, number):
    """Modes that need no real Kafka."""
    rng = random.Random(SEED * 1000003 + number)
    if MODE == "silent":
        while client.recv(65536):
            pass
    elif MODE == "accept-close":
        return
    elif MODE == "garbage":
        client.recv(65536)
        client.sendall(rng.randbytes(rng.randint(1, 5000)))
        time.sleep(0.02)
    elif MODE == "size":  # lengths no frame may have
        request = read_frame(client)
        size = rng.choice([0x7FFFFFFF, -1, -2147483648, 0, 1, 3, 0x40000000, 100000001, 1195725856])
        client.sendall(struct.pack(">i", size) + request[4:8] + rng.randbytes(64))
        time.sleep(0.05)
    elif MODE == "http":
        client.recv(65536)
        client.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        time.sleep(0.02)
    else:
        raise SystemExit(f"unknown mode {MODE}")


RELAYED = {"truncated", "flipped", "lying", "random-body", "padded", "correlation", "unasked", "swapped", "half", "dripping",
           "stalled", "closing", "honest"}


def serve(client, number):
    relay = None
    try:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if MODE in RELAYED:
            relay = Relay(client, number)
            relay.run()
        else:
            made_up(client, number)
    except (OSError, struct.error):
        pass
    finally:
        client.close()
        if relay:
            relay.upstream.close()


def accept(listener):
    for number in itertools.count():
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client, number), daemon=True).start()


listener = socket.create_server(("127.0.0.1", 0), backlog=256)
print(listener.getsockname()[1], flush=True)
threading.Thread(target=accept, args=(listener,), daemon=True).start()
sys.stdin.buffer.read()
print(next(spoiled), flush=True)
