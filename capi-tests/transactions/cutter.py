#!/usr/bin/env python3
"""Stands between clients and brokers, and cuts connections: cutter.py PORT:TARGET...

Connections to 127.0.0.1:PORT are passed on to 127.0.0.1:TARGET, request by request and answer by answer. Commands on its input:

    cut API HOW   the next request of this API key (-1: any) or its answer: HOW is half-request (half of it is passed on),
                  no-answer (the broker has it, the client is not told), half-answer
    all           all connections
    forget        what was told by `cut` and has not happened yet
    close

Lines on its output: "MICROSECONDS cut API HOW", at the end "MICROSECONDS seen API:VERSION=REQUESTS ...".
"""
import asyncio
import collections
import os
import socket
import struct
import sys
import time

plans = collections.defaultdict(collections.deque)
seen = collections.Counter()
pairs = set()


def say(text):
    sys.stdout.write(f"{time.monotonic_ns() // 1000} {text}\n")
    sys.stdout.flush()


def planned(api):
    for key in (api, -1):
        if plans[key]:
            return plans[key].popleft()
    return None


class Pair:
    """A client's connection and that to the broker."""

    def __init__(self, client, broker):
        self.client, self.broker = client, broker
        # The API keys of requests that wait for answers, each with what is to happen to the answer.
        self.waiting = collections.deque()

    def end(self, reset):
        for _, writer in (self.client, self.broker):
            if reset and not writer.is_closing():
                # The peer is told by a reset, as when a machine on the way has gone.
                try:
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                except OSError:
                    pass
            writer.close()

    def cut(self, api, how):
        say(f"cut {api} {how}")
        self.end(True)

    async def requests(self):
        reader, writer = self.client[0], self.broker[1]
        while True:
            frame = await read_frame(reader)
            api, version = struct.unpack_from(">hh", frame, 4)
            seen[api, version] += 1
            how = planned(api)
            if how == "half-request":
                writer.write(frame[:len(frame) // 2])
                await writer.drain()
                # So that it arrives before the reset.
                await asyncio.sleep(0.02)
                return self.cut(api, how)
            self.waiting.append((api, how))
            writer.write(frame)
            await writer.drain()

    async def answers(self):
        reader, writer = self.broker[0], self.client[1]
        while True:
            frame = await read_frame(reader)
            api, how = self.waiting.popleft() if self.waiting else (-1, None)
            if how == "half-answer":
                writer.write(frame[:len(frame) // 2])
                await writer.drain()
                await asyncio.sleep(0.02)
            if how:
                return self.cut(api, how)
            writer.write(frame)
            await writer.drain()

    async def run(self):
        tasks = [asyncio.ensure_future(t) for t in (self.requests(), self.answers())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for t in tasks:
                t.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.end(False)


async def read_frame(reader):
    length = await reader.readexactly(4)
    return length + await reader.readexactly(struct.unpack(">i", length)[0])


async def accepted(target, reader, writer):
    try:
        broker = await asyncio.open_connection("127.0.0.1", target, limit=1 << 22)
    except OSError:
        writer.close()
        return
    pair = Pair((reader, writer), broker)
    pairs.add(pair)
    try:
        await pair.run()
    finally:
        pairs.discard(pair)


async def commands(reader):
    while line := await reader.readline():
        word, *rest = line.decode().split()
        if word == "cut":
            plans[int(rest[0])].append(rest[1])
        elif word == "all":
            for pair in list(pairs):
                pair.end(True)
            say("cut -1 all")
        elif word == "forget":
            plans.clear()
        else:
            break


async def main():
    servers = []
    for pair in sys.argv[1:]:
        port, target = (int(p) for p in pair.split(":"))
        servers.append(await asyncio.start_server(lambda r, w, t=target: accepted(t, r, w), "127.0.0.1", port, limit=1 << 22))
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    say("ready")
    await commands(reader)
    say("seen " + " ".join(f"{api}:{version}={n}" for (api, version), n in sorted(seen.items())))
    # Without waiting for what is still open.
    os._exit(0)


asyncio.run(main())
