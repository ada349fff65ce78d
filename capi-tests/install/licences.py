#!/usr/bin/env python3
"""Prints the licences of all that is linked into the library: crates, the C libraries in them, Rust's standard library.

licences.py            prints the list, as THIRD-PARTY-LICENCES has it
licences.py --check    fails if THIRD-PARTY-LICENCES is not that list

It reads `cargo metadata` for the dependencies of a build on x86-64 Linux, without what only programs need, and the licence files of each crate. Equal texts
are printed once.
"""
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIST = ROOT / "THIRD-PARTY-LICENCES"
# Folders of C sources in the crates, with the file that has their licence.
BUNDLED = {"lz4-sys": ("LZ4", "liblz4/lib/LICENSE"), "zstd-sys": ("Zstandard", "zstd/LICENSE"), "libdeflate-sys": ("libdeflate", "libdeflate/COPYING"),
           "openssl-src": ("OpenSSL (linked in by the feature tls-vendored alone)", "openssl/LICENSE.txt")}
# A crate that only brings sources, for the script that builds another.
SOURCES = {"openssl-src"}
NAMES = re.compile(r"(?i)^(licen[cs]e|copying|notice|copyright)([-._].*)?$")


def linked():
    # With the OpenSSL that only a build with the feature has inside.
    features = ["--no-default-features", "--features", "tls-vendored"]
    command = ["cargo", "metadata", "--format-version", "1", "--locked", *features, "--filter-platform", "x86_64-unknown-linux-gnu"]
    data = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
    packages = {p["id"]: p for p in data["packages"]}
    nodes = {n["id"]: n for n in data["resolve"]["nodes"]}
    root, found = data["resolve"]["root"], set()
    waiting = [root]
    while waiting:
        at = waiting.pop()
        for dep in nodes[at]["deps"]:
            is_linked = any(k["kind"] is None for k in dep["dep_kinds"]) or packages[dep["pkg"]]["name"] in SOURCES
            if dep["pkg"] not in found and is_linked:
                found.add(dep["pkg"])
                if packages[dep["pkg"]]["name"] not in SOURCES:
                    waiting.append(dep["pkg"])
    return sorted((packages[i] for i in found), key=lambda p: (p["name"], p["version"]))


def clean(text):
    return "\n".join(line.rstrip() for line in text.replace("\r", "").split("\n")).strip("\n")


def text():
    rows, texts = [], {}

    def add(owner, path):
        texts.setdefault(clean(path.read_text(encoding="utf-8", errors="replace")), []).append(f"{owner} ({path.name})")

    for package in linked():
        folder = pathlib.Path(package["manifest_path"]).parent
        rows.append(f"{package['name']} {package['version']}: {package['license']}")
        for path in sorted(folder.iterdir()):
            if NAMES.match(path.name) and path.is_file():
                add(package["name"], path)
        if package["name"] in BUNDLED:
            library, at = BUNDLED[package["name"]]
            rows.append(f"  with the sources of {library}, under {package['name']}/{at}")
            add(library, folder / at)
    rows.append("Rust's standard library: MIT OR Apache-2.0, Copyright The Rust Project contributors")
    rows.append("LLVM's libunwind (linked in by zig, in the tarballs of `make dist` alone): Apache-2.0 WITH LLVM-exception, which asks for no notice there")
    out = ["Licences of what is linked into librskafka. Made by capi-tests/install/licences.py.", "", *rows, ""]
    for licence, owners in sorted(texts.items(), key=lambda entry: entry[1]):
        out += ["=" * 100, "; ".join(owners), "=" * 100, "", licence, ""]
    return "\n".join(out)


def main():
    made = text()
    if sys.argv[1:] != ["--check"]:
        sys.stdout.write(made)
    elif not LIST.is_file() or LIST.read_text() != made:
        sys.exit(f"{LIST.name} is not what is linked: python3 capi-tests/install/licences.py >{LIST.name}")


main()
