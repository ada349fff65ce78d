#!/usr/bin/env python3
"""proxy.py LOG PORT:TARGET...: passes connections to 127.0.0.1:PORT on to 127.0.0.1:TARGET.

Each connection is a line in LOG: the time in milliseconds since 1970, the port, and how many came before it there.
"""
import socket
import sys
import threading
import time


def pump(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    for s in (source, target):
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve(listener, port, target, log):
    count = 0
    while True:
        client, _ = listener.accept()
        log.write(f"{time.time() * 1000:.0f} {port} {count}\n")
        count += 1
        try:
            broker = socket.create_connection(("127.0.0.1", target))
        except OSError:
            client.close()
            continue
        for s in (client, broker):
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=pump, args=(client, broker), daemon=True).start()
        threading.Thread(target=pump, args=(broker, client), daemon=True).start()


def main():
    log = open(sys.argv[1], "w", buffering=1)
    threads = []
    for pair in sys.argv[2:]:
        port, target = (int(p) for p in pair.split(":"))
        listener = socket.create_server(("127.0.0.1", port))
        threads.append(threading.Thread(target=serve, args=(listener, port, target, log), daemon=True))
    log.write("ready\n")
    for t in threads:
        t.start()
    for t in threads:
        t.join()


main()
