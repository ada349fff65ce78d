#!/usr/bin/env python3
"""A token server on loopback, as OpenID Connect providers have it, with the faults that clients must live with.

  oidc.py --dir DIR --port PORT [--tls-port PORT --cert PEM] [--jwks FILE] [--client ID:SECRET] [--assertion-key PUBLIC_PEM]...
          [--life SECONDS] [--subject NAME]

Answers on 127.0.0.1 until it is ended. Its signing key is made in DIR by `openssl`, which also signs and verifies: nothing but
Python is needed. --jwks FILE gets the public key, for brokers that read it from a file. Without --client any id and secret do,
without --assertion-key no assertion does.

  POST /retrieve               a token for grant_type client_credentials (Basic authorization, or client_id and client_secret in the
                               body) or urn:ietf:params:oauth:grant-type:jwt-bearer (RS256 and ES256; signature, exp and nbf
                               are checked); GET with the header Metadata: true as Azure's metadata service has it
       /retrieve/expire        a token that has expired            /retrieve/audience   one for somebody else
       /retrieve/unknown-key   one signed by a key nobody knows    /retrieve/badformat  one that is no JWT
       /retrieve/life/S        one for S seconds                   /retrieve/empty      an answer without a token
       /retrieve/notjson       an answer that is no JSON           /retrieve/large      an answer of 2 MB
       /retrieve/status/N      HTTP status N                       /retrieve/hangup     the connection closed without an answer
       /retrieve/slow/S        the token after S seconds           /retrieve/failing/N[/ANY]  N times 503, then the token
  GET  /keys                   the public key as a JWKS
  GET  /requests               how many requests each path has had, as JSON

The scope must be one of SCOPES, where there is one. The log on standard output has the method, path and status of each
request, no secrets.
"""
import argparse
import base64
import collections
import json
import os
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SCOPES = ("test", "test-scope", "api://1234-abcd/.default")
BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
AUDIENCE = "api://default"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def openssl(*args, data=None):
    return subprocess.run(["openssl", *args], input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout


class Signer:
    """An RSA key that tokens are signed with."""

    def __init__(self, path, kid):
        self.path, self.kid = path, kid
        if not os.path.exists(path):
            openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", path)
            os.chmod(path, 0o600)

    def jwk(self):
        modulus = openssl("rsa", "-in", self.path, "-noout", "-modulus").decode().strip().split("=")[1]
        return {"kty": "RSA", "kid": self.kid, "use": "sig", "alg": "RS256", "n": b64(bytes.fromhex(modulus)), "e": "AQAB"}

    def token(self, claims):
        header = {"alg": "RS256", "kid": self.kid, "typ": "JWT"}
        signed = b64(json.dumps(header).encode()) + "." + b64(json.dumps(claims).encode())
        return signed + "." + b64(openssl("dgst", "-sha256", "-sign", self.path, data=signed.encode()))


def der_of_raw_ecdsa(raw):
    """JWTs carry r and s side by side, 32 bytes each; OpenSSL wants them as DER."""
    if len(raw) != 64:
        raise Refused("invalid_grant", f"the ES256 signature has {len(raw)} bytes, not 64")

    def integer(part):
        part = part.lstrip(b"\0")
        if not part or part[0] & 0x80:
            part = b"\0" + part
        return bytes([2, len(part)]) + part

    body = integer(raw[:32]) + integer(raw[32:])
    return bytes([0x30, len(body)]) + body


class Refused(Exception):
    """An OAuth error with its description, sent with status 400 or another."""

    def __init__(self, error, description, status=400):
        super().__init__(description)
        self.error, self.status = error, status


class Server:
    """What all requests share."""

    def __init__(self, options):
        self.options = options
        self.signer = Signer(os.path.join(options.dir, "signing.key"), "key-1")
        self.stranger = Signer(os.path.join(options.dir, "stranger.key"), "key-of-nobody")
        self.jwks = json.dumps({"keys": [self.signer.jwk()]})
        self.counts = collections.Counter()
        self.lock = threading.Lock()
        self.assertions = {}
        for path in options.assertion_key:
            text = openssl("pkey", "-pubin", "-in", path, "-noout", "-text")
            self.assertions["RS256" if b"Modulus" in text else "ES256"] = path

    def seen(self, path):
        with self.lock:
            self.counts[path] += 1
            return self.counts[path]

    def check_client(self, client, secret):
        wanted = self.options.client
        if wanted and f"{client}:{secret}" != wanted:
            raise Refused("invalid_client", "unknown client or wrong secret", 401)

    def check_assertion(self, assertion):
        try:
            header, payload, signature = assertion.split(".")
            kind = json.loads(unb64(header))["alg"]
            claims = json.loads(unb64(payload))
            signature = unb64(signature)
        except (ValueError, KeyError):
            raise Refused("invalid_grant", "the assertion is no JWT")
        key = self.assertions.get(kind)
        if not key:
            raise Refused("invalid_grant", f"no key to check {kind} with")
        if kind == "ES256":
            signature = der_of_raw_ecdsa(signature)
        file = os.path.join(self.options.dir, uuid.uuid4().hex)
        with open(file, "wb") as f:
            f.write(signature)
        try:
            openssl("dgst", "-sha256", "-verify", key, "-signature", file, data=f"{header}.{payload}".encode())
        except subprocess.CalledProcessError:
            raise Refused("invalid_grant", "the assertion's signature is not right")
        finally:
            os.unlink(file)
        now = time.time()
        if not isinstance(claims.get("exp"), (int, float)) or claims["exp"] <= now:
            raise Refused("invalid_grant", "the assertion has expired")
        if claims.get("nbf", 0) > now + 1:
            raise Refused("invalid_grant", "the assertion is not valid yet")

    def token(self, life=None, audience=AUDIENCE, signer=None):
        life = self.options.life if life is None else life
        now = int(time.time())
        claims = {"iss": "issuer", "sub": self.options.subject, "aud": audience, "iat": now - 60 if life < 0 else now,
                  "exp": now + life, "scp": "test", "jti": uuid.uuid4().hex,
                  "client_id": "client-of-" + self.options.subject}
        return {"access_token": (signer or self.signer).token(claims), "token_type": "Bearer", "expires_in": max(life, 0)}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    shared = None

    def log_message(self, format, *args):
        pass

    def answer(self, status, body, kind="application/json"):
        body = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
        print(time.strftime("%H:%M:%S"), self.command, self.path.split("?")[0], status, flush=True)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def authorize(self, form):
        """Refuses what is wrong in a request for a token."""
        scope = form.get("scope")
        if scope is not None and scope not in SCOPES:
            raise Refused("invalid_scope", f"the scope is one of {', '.join(SCOPES)}")
        if self.headers.get("Accept") != "application/json":
            raise Refused("invalid_request", "the Accept header is application/json")
        grant = form.get("grant_type")
        if grant == "client_credentials":
            basic = self.headers.get("Authorization", "")
            if basic.startswith("Basic "):
                client, _, secret = base64.b64decode(basic[6:]).decode().partition(":")
            else:
                client, secret = form.get("client_id", ""), form.get("client_secret", "")
            if not client:
                raise Refused("invalid_client", "neither Basic authorization nor client_id and client_secret", 401)
            self.shared.check_client(client, secret)
        elif grant == BEARER:
            self.shared.check_assertion(form.get("assertion", ""))
        else:
            raise Refused("unsupported_grant_type", f"grant_type is client_credentials or {BEARER}")

    def authorize_metadata(self, query):
        if self.headers.get("Metadata") != "true":
            raise Refused("invalid_request", "the header Metadata: true is missing")
        for name in ("api-version", "resource", "client_id"):
            if not query.get(name):
                raise Refused("invalid_request", f"the parameter {name} is missing")

    def do_POST(self):
        length = self.headers.get("Content-Length", "")
        body = self.rfile.read(int(length)) if length.isdigit() else b""
        form = {k: v[0] for k, v in urllib.parse.parse_qs(body.decode("latin-1"), keep_blank_values=True).items()}
        self.retrieve(lambda: self.authorize(form))

    def do_GET(self):
        path, _, query = self.path.partition("?")
        if path == "/keys":
            return self.answer(200, self.shared.jwks)
        if path == "/requests":
            return self.answer(200, dict(self.shared.counts))
        query = {k: v[0] for k, v in urllib.parse.parse_qs(query).items()}
        self.retrieve(lambda: self.authorize_metadata(query))

    def retrieve(self, authorize):
        path = self.path.partition("?")[0]
        count = self.shared.seen(path)
        start, _, rest = path.strip("/").partition("/")
        if start != "retrieve":
            return self.answer(404, {"error": "not_found", "error_description": "no such path"})
        try:
            authorize()
            self.fault(rest.split("/"), count)
        except Refused as e:
            self.answer(e.status, {"error": e.error, "error_description": str(e)})

    def fault(self, parts, count):
        """Answers with the token, or with what the path asks for."""
        shared, name = self.shared, parts[0]
        number = int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else 0
        if name in ("", "expire", "life", "audience", "unknown-key", "slow"):
            life = {"expire": -1, "life": number}.get(name)
            if name == "slow":
                time.sleep(number)
            self.answer(200, shared.token(life, "api://another" if name == "audience" else AUDIENCE,
                                          shared.stranger if name == "unknown-key" else None))
        elif name == "failing":
            self.answer(*((503, {"error": "temporarily_unavailable"}) if count <= number else (200, shared.token())))
        elif name == "status":
            self.answer(number, {"error": "made_up", "error_description": f"status {number} was asked for"})
        elif name == "badformat":
            self.answer(200, {"access_token": "not-a-token", "token_type": "Bearer", "expires_in": 60})
        elif name == "empty":
            self.answer(200, {"token_type": "Bearer"})
        elif name == "notjson":
            self.answer(200, "<html>Please log in</html>", "text/html")
        elif name == "large":
            self.answer(200, {"access_token": "x" * 2000000})
        elif name == "hangup":
            self.close_connection = True
        else:
            self.answer(404, {"error": "not_found", "error_description": f"no fault {name}"})


class Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        print(time.strftime("%H:%M:%S"), "connection failed:", repr(sys.exc_info()[1]), flush=True)


class Secured(Quiet):
    context = None

    def finish_request(self, request, client_address):
        # Here, in the connection's own thread: a handshake that hangs holds up nobody else.
        request.settimeout(30)
        with self.context.wrap_socket(request, server_side=True) as stream:
            super().finish_request(stream, client_address)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--dir", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--tls-port", type=int)
    parser.add_argument("--cert")
    parser.add_argument("--jwks")
    parser.add_argument("--client")
    parser.add_argument("--assertion-key", action="append", default=[])
    parser.add_argument("--life", type=int, default=300)
    parser.add_argument("--subject", default="alice")
    options = parser.parse_args()
    os.makedirs(options.dir, exist_ok=True)
    Handler.shared = Server(options)
    if options.jwks:
        with open(options.jwks, "w") as f:
            f.write(Handler.shared.jwks)
    servers = [Quiet(("127.0.0.1", options.port), Handler)]
    if options.tls_port:
        secured = Secured(("127.0.0.1", options.tls_port), Handler)
        secured.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        secured.context.load_cert_chain(options.cert)
        servers.append(secured)
    for server in servers[1:]:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print("ready", flush=True)
    servers[0].serve_forever()


main()
