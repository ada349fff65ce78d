#!/usr/bin/env python3
"""Runs the command blocks of README.md and docs/*.md as a reader would: pasted from the top of the page to its end.

    commands.py [--list] [--show] [PAGE...]     --list names the blocks and what becomes of them; --show prints their output

A fenced block says what it is: `sh` is run, in one shell for the page, and has to succeed; `python` is run in one Python;
`properties` is tried by capi-tests/secure/docs.py; `text` and `c` are only to be read, and those in other languages tried
elsewhere. A comment in the line before says what is special:

    <!-- until Ctrl-C -->      runs until the page ends, and is given a Ctrl-C then; the next block begins when it has printed a line
    <!-- Python -->            starts the Python that the `python` blocks are for
    <!-- saved as: NAME -->    a program that the blocks after it use as the file NAME
    <!-- prints -->            a `text` block: what the block before it prints, where … stands for anything within a line
    <!-- tried by: PATH -->    not run here: PATH, which make runs, tries it
    <!-- not run: REASON -->   not run

The commands run in a folder of their own inside the repository, where they find its folders, and in a network of their own,
where port 9092 is free and nothing else is reached. Without the right to make one, they share this machine's.
"""
import argparse
import fcntl
import os
import pathlib
import queue
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(os.environ.get("LRK_CACHE", ROOT / ".cache"))
LANGUAGES = {"sh", "python", "properties", "text", "c", "go", "javascript", "php"}
LIMIT_S = 300
END = "--- end of the block:"
# Reads names of files, and runs each in the same namespace.
PYTHON = f"""
import os, sys, traceback
names = {{"__name__": "__main__"}}
for path in os.fdopen(int(os.environ["BLOCKS"])):
    code = 0
    try:
        exec(compile(open(path.strip()).read(), "the block", "exec"), names)
    except BaseException:
        traceback.print_exc()
        code = 1
    print("{END}", code, flush=True)
"""


class Failed(Exception):
    pass


class Block:
    def __init__(self, page, line, language, mark, text):
        self.page, self.line, self.language, self.text = page, line, language, text
        kind, _, self.detail = mark.partition(":")
        self.kind, self.detail = kind.strip(), self.detail.strip()

    def __str__(self):
        first = self.text.strip().splitlines()[0] if self.text.strip() else ""
        return f"{self.page.relative_to(ROOT)}:{self.line}: {first[:90]}"


def blocks(page):
    """The fenced blocks. A block that is only indented does not say what it is, and fails."""
    found, mark, fence, before = [], "", None, ""
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if fence:
            if line.strip() == "```":
                found.append(Block(page, *fence[:3], "\n".join(fence[3]) + "\n"))
                fence = None
            else:
                fence[3].append(line)
        elif line.startswith("```"):
            fence = (number, line[3:].strip(), mark, [])
        elif line.startswith("    ") and not before.strip():
            raise Failed(f"{page.name}:{number}: an indented block: fence it, and say its language")
        else:
            comment = re.fullmatch(r"<!-- (.*) -->", line.strip())
            mark = comment[1] if comment else ""
        before = line if not fence else before
    return found


def judge(block):
    """What becomes of a block, or why that cannot be."""
    if block.language not in LANGUAGES:
        raise Failed(f"{block}: a block of the language '{block.language}'")
    if block.kind == "prints" and block.language == "text":
        return "compared"
    if block.kind == "tried by":
        make = (ROOT / "Makefile").read_text() + (ROOT / "capi-tests/test.sh").read_text()
        if not (ROOT / block.detail).exists() or block.detail not in make:
            raise Failed(f"{block}: {block.detail} is no script that make runs")
        return f"tried by {block.detail}"
    if block.kind == "saved as" and re.fullmatch(r"[\w-]+\.\w+", block.detail):
        return "saved"
    if block.kind == "not run":
        if len(block.detail.split()) < 3:
            raise Failed(f"{block}: not run, for no reason")
        return f"not run: {block.detail}"
    if block.language == "sh" and block.kind in ("", "until Ctrl-C", "Python"):
        return block.kind or "run"
    if block.language == "python" and not block.kind:
        return "run by Python"
    if block.language == "properties" and block.kind == "lab":
        return "tried by capi-tests/secure/docs.py"
    if block.language in ("text", "c") and not block.kind:
        return "to be read"
    raise Failed(f"{block}: '{block.kind}' is no comment for a block of {block.language}")


class Running:
    """A program whose output is collected by threads."""

    def __init__(self, command, scratch, environment, **more):
        self.lines, self.errors = queue.Queue(), []
        self.process = subprocess.Popen(command, cwd=scratch, env=environment, text=True, start_new_session=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
        for read in (self.read, self.read_errors):
            threading.Thread(target=read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def read_errors(self):
        for line in self.process.stderr:
            self.errors.append(line)

    def until(self, pattern, what):
        """The lines before the one that matches, and the match."""
        before, deadline = [], time.monotonic() + LIMIT_S
        while True:
            try:
                line = self.lines.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                raise Failed(f"{what}: not done after {LIMIT_S} s:\n{self.said(before)}") from None
            if line is None:
                raise Failed(f"{what}: the program has ended:\n{self.said(before)}")
            if match := re.fullmatch(pattern, line.rstrip("\n")):
                return "".join(before), match
            before.append(line)

    def said(self, printed):
        return "".join([*printed, *(["-- its errors:\n"] if self.errors else []), *self.errors[-40:]])

    def stop(self, by=signal.SIGKILL):
        try:
            os.killpg(self.process.pid, by)
        except ProcessLookupError:
            pass
        return self.process.wait(timeout=60)


class Session:
    """The programs of a reader of one page: a shell, a Python, and what runs beside them."""

    def __init__(self, scratch, show):
        self.scratch, self.show, self.beside, self.python, self.count = scratch, show, [], None, 0
        wheel = CACHE / "upstream/wheel"
        self.environment = dict(os.environ, CARGO_NET_OFFLINE="true", CARGO_TERM_COLOR="never", PYTHONUNBUFFERED="1",
                                PIP_NO_INDEX="1", PIP_FIND_LINKS=str(wheel), PIP_DISABLE_PIP_VERSION_CHECK="1")
        self.shell = Running(["bash", "-s"], scratch, self.environment, stdin=subprocess.PIPE)

    def file(self, block):
        self.count += 1
        path = self.scratch / f".block-{self.count}"
        path.write_text(block.text)
        return path

    def run(self, block):
        """Runs the block, and returns what it has printed."""
        if block.kind == "until Ctrl-C":
            beside = Running(["bash", self.file(block)], self.scratch, self.exported(), stdin=subprocess.DEVNULL)
            self.beside.append(beside)
            beside.until(".*", block)
            return ""
        if block.kind == "Python":
            self.start_python(block)
            return ""
        if block.language == "python":
            if not self.python:
                raise Failed(f"{block}: no Python has been started for it")
            running, to = self.python, self.blocks
            to.write(f"{self.file(block)}\n")
        else:
            running, to = self.shell, self.shell.process.stdin
            # Each command has to succeed, as a reader would see it.
            to.write(f"failed=0; trap 'failed=$?' ERR; . {self.file(block)} </dev/null\ntrap - ERR; echo '{END}' $failed\n")
        to.flush()
        output, match = running.until(rf"(.*){END} (\d+)", block)
        output += match[1]
        if self.show:
            print(output)
        if match[2] != "0":
            raise Failed(f"{block}: ended with {match[2]}:\n{running.said([output])}")
        return output

    def start_python(self, block):
        """The program that the Python reads first comes in where a reader would type."""
        out, into = os.pipe()
        self.python = Running(["bash", self.file(block)], self.scratch, dict(self.exported(), BLOCKS=str(out)),
                              stdin=subprocess.PIPE, pass_fds=[out])
        os.close(out)
        self.blocks = os.fdopen(into, "w")
        self.python.process.stdin.write(PYTHON)
        self.python.process.stdin.close()

    def exported(self):
        """What the page's shell hands to the programs that it starts."""
        path = self.scratch / ".environment"
        self.shell.process.stdin.write(f"env -0 >{path}; echo '{END}'\n")
        self.shell.process.stdin.flush()
        self.shell.until(END, "the shell")
        return dict(pair.split("=", 1) for pair in path.read_text().split("\0") if pair)

    def interrupt(self):
        """As by Ctrl-C, the last one first."""
        while self.beside:
            beside = self.beside.pop()
            code = beside.stop(signal.SIGINT)
            if code:
                raise Failed(f"what ran until Ctrl-C ended with {code}:\n{beside.said([])}")

    def end(self):
        if self.python:
            self.blocks.close()
            self.python.stop()
        self.shell.stop()
        for beside in self.beside:
            beside.stop()


def compare(block, printed):
    """Whether that is what the page shows; … stands for anything within a line."""
    wanted = [line.rstrip() for line in block.text.strip("\n").splitlines()]
    got = [line.rstrip() for line in printed.strip("\n").splitlines()]
    same = len(wanted) == len(got) and all(
        re.fullmatch(".*".join(map(re.escape, w.split("…"))), g) for w, g in zip(wanted, got))
    if not same:
        raise Failed(f"{block}: what the page shows is not what is printed:\n" + "\n".join(got))


def run_page(page, show):
    printed = ""
    (ROOT / ".cache").mkdir(exist_ok=True)
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="docs.", dir=ROOT / ".cache"))
    for name in ("capi-tests", "docs", "docker", "include"):
        (scratch / name).symlink_to(ROOT / name)
    # Cargo finds the repository above this folder by itself.
    (scratch / "Makefile").write_text(f"Makefile: ;\n%:\n\t@$(MAKE) --no-print-directory -C {ROOT} $@\n")
    (scratch / "target").symlink_to(pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve())
    session = Session(scratch, show)
    try:
        for block in blocks(page):
            fate = judge(block)
            if fate == "compared":
                compare(block, printed)
            elif fate == "saved":
                (scratch / block.detail).write_text(block.text)
            elif fate in ("run", "until Ctrl-C", "Python", "run by Python"):
                if show:
                    print(f"\n{block.text.rstrip()}\n-----", flush=True)
                started = time.monotonic()
                printed = session.run(block)
                print(f"ok: {block} ({time.monotonic() - started:.1f} s)", flush=True)
        session.interrupt()
    finally:
        session.end()
        shutil.rmtree(scratch, ignore_errors=True)


def prepare():
    """What blocks want that takes long, or cannot be had without the network."""
    script = """. capi-tests/setup/lib.sh && . capi-tests/setup/rust.sh && cargo build -q --bins &&
        bash capi-tests/setup/kcat.sh && bash capi-tests/setup/c.sh && bash capi-tests/setup/library.sh ours && bash capi-tests/setup/upstream.sh &&
        need openssl openssl && { python3 -c 'import venv, ensurepip' 2>/dev/null || apt_install python3-venv; }"""
    if subprocess.run(["bash", "-c", script], cwd=ROOT, stdout=subprocess.DEVNULL, check=False).returncode:
        sys.exit("what the pages want is not there")


def own_network():
    """Goes on in a network of its own, if this machine lets it."""
    if "DOCS_NETWORK" in os.environ:
        if os.environ["DOCS_NETWORK"] == "own":
            loopback_up()
        return
    for flags in (["-n"], ["-r", "-n"]):
        if subprocess.run(["unshare", *flags, "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0:
            os.environ["DOCS_NETWORK"] = "own"
            os.execvp("unshare", ["unshare", *flags, sys.executable, *sys.argv])
    os.environ["DOCS_NETWORK"] = "shared"


def loopback_up():
    get_flags, set_flags, up = 0x8913, 0x8914, 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        request = fcntl.ioctl(s, get_flags, struct.pack("16sh14x", b"lo", 0))
        flags = struct.unpack("16sh14x", request)[1]
        fcntl.ioctl(s, set_flags, struct.pack("16sh14x", b"lo", flags | up))


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    arguments.add_argument("--list", action="store_true")
    arguments.add_argument("--show", action="store_true")
    arguments.add_argument("pages", nargs="*", type=pathlib.Path, metavar="PAGE")
    wanted = arguments.parse_args()
    pages = [p.resolve() for p in wanted.pages] or [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
    if not wanted.list:
        if "DOCS_NETWORK" not in os.environ:
            prepare()
        own_network()
    failed = 0
    for page in pages:
        try:
            if wanted.list:
                for block in blocks(page):
                    print(f"{block}\n    {judge(block)}")
            else:
                run_page(page, wanted.show)
        except Failed as why:
            failed += 1
            print(f"FAILED: {why}", flush=True)
    sys.exit(1 if failed else 0)


main()
