#!/usr/bin/env python3
"""Tries each set of properties of docs/connecting.md on the secured Kafka (kafka.sh up --secure) with kafka-check.

docs.py [KAFKA-CHECK]     KAFKA_PORT says which Kafka; target/release/kafka-check without an argument

The comment before a block names the listener and the mechanism that it is tried on (see properties.sh). The block goes
through as it stands, but for the values that are the reader's own: those are the lab's. Where the lab has no such service
(MSK_IAM, AZURE_IMDS), the properties are only shown to be taken: the program gets as far as the login.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/connecting.md"
HERE = ROOT / "capi-tests/secure"
WITHOUT_SERVICE = {"MSK_IAM", "AZURE_IMDS"}
# What the lab's clients need beside a block: an authority that no system knows, and one family of addresses for localhost.
BESIDE = {"broker.address.family", "ssl.ca.location"}


def pairs(text):
    lines = (line.strip() for line in text.splitlines())
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def blocks():
    text = PAGE.read_text(encoding="utf-8")
    found = re.findall(r"```properties\n(.*?)```", text, re.S)
    named = re.findall(r"<!-- lab: ([^>]*?) -->\n```properties\n(.*?)```", text, re.S)
    if len(found) != len(named):
        sys.exit(f"{PAGE.name}: {len(found) - len(named)} blocks are tried nowhere")
    return [(lab.split(), pairs(block)) for lab, block in named]


def lab_properties(where):
    listed = subprocess.run(["bash", HERE / "properties.sh", *where], check=True, capture_output=True, text=True).stdout
    lab = pairs(listed)
    if "sasl.mechanism" in lab:
        lab["sasl.mechanisms"] = lab.pop("sasl.mechanism")
    return lab


def own(value):
    """A value with a word in capitals is the reader's, as is the name of a file."""
    return re.search(r"[A-Z]{3}", value) or re.search(r"\.(crt|key|pem|cert|keytab)$", value)


def tried(block, lab):
    """The block with the lab's values, or why that is not the same form."""
    properties = {}
    for name, value in block.items():
        theirs = lab.get(name)
        if name in ("security.protocol", "sasl.mechanisms", "sasl.oauthbearer.method"):
            if (theirs or "").lower() != value.lower():
                return None, f"{name} is {value}, and {theirs} on the lab's listener"
            properties[name] = value
        elif theirs is not None:
            properties[name] = theirs
        elif name == "ssl.key.password":
            folder = pathlib.Path(lab["ssl.key.location"]).parent
            properties["ssl.key.location"] = str(folder / "client-pkcs8.key")
            properties[name] = (folder / "passphrase").read_text(encoding="utf-8").strip()
        elif name == "ssl.server.name":
            properties[name] = "localhost"
        elif name == "sasl.oauthbearer.extensions" or not own(value):
            properties[name] = value
        else:
            return None, f"the lab has no value for {name}"
    properties.update({name: lab[name] for name in BESIDE & lab.keys() if name not in properties})
    missing = lab.keys() - properties.keys()
    if missing:
        return None, f"the lab's client sets {', '.join(sorted(missing))}, and the block does not"
    return properties, None


def check(program, properties):
    with tempfile.NamedTemporaryFile("w", suffix=".properties") as file:
        file.write("".join(f"{name}={value}\n" for name, value in properties.items()))
        file.flush()
        command = [program, "-F", file.name, "--timeout", "30"]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **lab_environment()})
    return done.returncode, done.stdout + done.stderr


def lab_environment():
    krb5 = ROOT / f".cache/kafka/run-{os.environ.get('KAFKA_PORT', '19092')}/secure/krb5.conf"
    return {"KRB5_CONFIG": str(krb5)}


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else ROOT / "target/release/kafka-check"
    failed = 0
    for where, block in blocks():
        title = f"{block['bootstrap.servers']} on {' '.join(where)}"
        if where[0] in WITHOUT_SERVICE:
            properties = dict(block, **{"bootstrap.servers": "127.0.0.1:1"})
            code, output = check(program, properties)
            good = code == 1
        else:
            properties, output = tried(block, lab_properties(where))
            good = False
            if properties:
                code, output = check(program, properties)
                good = code == 0
        print(f"{'ok' if good else 'FAILED'}: {title}")
        if not good:
            failed += 1
            print("    " + output.replace("\n", "\n    "))
    sys.exit(1 if failed else 0)


main()
