#!/usr/bin/env python3
"""observer.py PORT CERTIFICATE_AND_KEY CA: a TLS server that wants a client's certificate and prints the serial number of each it gets.

It ends each connection after the handshake, so that a client keeps coming back: "SERIAL hex", or "REFUSED reason".
"""
import socket
import ssl
import subprocess
import sys


def main():
    port, certificate, ca = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.load_verify_locations(ca)
    context.verify_mode = ssl.CERT_REQUIRED
    listener = socket.create_server(("127.0.0.1", int(port)))
    print("ready", flush=True)
    while True:
        stream, _ = listener.accept()
        stream.settimeout(5)
        try:
            with context.wrap_socket(stream, server_side=True) as secured:
                der = secured.getpeercert(binary_form=True)
                serial = subprocess.run(["openssl", "x509", "-inform", "DER", "-noout", "-serial"], input=der, stdout=subprocess.PIPE)
                print("SERIAL", serial.stdout.decode().strip().partition("=")[2], flush=True)
        except OSError as e:
            print("REFUSED", str(e).replace("\n", " "), flush=True)


main()
