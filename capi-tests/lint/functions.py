#!/usr/bin/env python3
"""Lists the functions of src that are longer than 70 lines, from `fn` to the closing brace.

Tests are left out, and so are the functions in functions.txt beside this file, where each
has its reason. Fails on any other, and on an exception that is not needed any more.

    functions.py [--all] [FILE ...]     --all lists the exceptions as well
"""

import pathlib
import re
import sys

MOST = 70
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
EXCEPTIONS = HERE / "functions.txt"

FN = re.compile(r"\bfn\s+([A-Za-z_][A-Za-z0-9_]*)")
ATTRIBUTE = re.compile(r"#\[\s*(cfg\s*\((?:[^\]]*\b)?test\b[^\]]*\)|test)\s*\]")
RAW = re.compile(r"\b(?:b|c)?r(#*)\"")
LITERAL_CHAR = re.compile(r"b?'(?:[^'\\\n]|\\(?:x[0-9a-fA-F]{2}|u\{[0-9a-fA-F_]+\}|.))'")


def blank(text):
    """The text with comments and literals replaced by spaces; lines stay where they are."""
    out = list(text)

    def erase(start, end):
        for i in range(start, end):
            if out[i] != "\n":
                out[i] = " "

    at = 0
    while at < len(text):
        two = text[at : at + 2]
        if two == "//":
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
        elif two == "/*":
            depth, end = 1, at + 2
            while end < len(text) and depth:
                pair = text[end : end + 2]
                if pair == "/*":
                    depth, end = depth + 1, end + 2
                elif pair == "*/":
                    depth, end = depth - 1, end + 2
                else:
                    end += 1
        elif text[at] in "bcr" and (at == 0 or not (text[at - 1].isalnum() or text[at - 1] == "_")) and RAW.match(text, at):
            raw = RAW.match(text, at)
            closing = '"' + raw.group(1)
            found = text.find(closing, raw.end())
            end = len(text) if found < 0 else found + len(closing)
        elif text[at] == '"':
            end = at + 1
            while end < len(text) and text[end] != '"':
                end += 2 if text[end] == "\\" else 1
            end += 1
        elif text[at] == "'" and LITERAL_CHAR.match(text, at):
            # Otherwise it begins a lifetime.
            end = LITERAL_CHAR.match(text, at).end()
        else:
            at += 1
            continue
        erase(at, min(end, len(text)))
        at = end
    return "".join(out)


def closing(code, opening):
    """Where the brace is that closes the one at `opening`."""
    depth = 0
    for at in range(opening, len(code)):
        if code[at] == "{":
            depth += 1
        elif code[at] == "}":
            depth -= 1
            if depth == 0:
                return at
    raise ValueError("a brace is not closed")


def body(code, start):
    """The opening brace of the item that begins at `start`; None for one without a body."""
    depth = 0
    for at in range(start, len(code)):
        c = code[at]
        if c in "([":
            depth += 1
        elif c in ")]":
            depth -= 1
        elif depth == 0 and c == "{":
            return at
        elif depth == 0 and c == ";":
            return None
    return None


def functions(text):
    """Name, first line and number of lines of each function outside of tests."""
    code = blank(text)
    tests = []
    for attribute in ATTRIBUTE.finditer(code):
        if attribute.group(1) != "test" and re.search(r"\bnot\s*\(\s*test", attribute.group(1)):
            continue
        opening = body(code, attribute.end())
        if opening is not None:
            tests.append((attribute.start(), closing(code, opening)))
    for found in FN.finditer(code):
        if any(start <= found.start() < end for start, end in tests):
            continue
        opening = body(code, found.end())
        if opening is None:
            continue
        first = code.count("\n", 0, found.start()) + 1
        last = code.count("\n", 0, closing(code, opening)) + 1
        yield found.group(1), first, last - first + 1


def test_modules(files):
    """The files and folders of modules that are declared under `#[cfg(test)]`."""
    declared = re.compile(r"\s*(?:#\[[^\]]*\]\s*)*(?:pub(?:\([^)]*\))?\s+)?mod\s+([A-Za-z0-9_]+)\s*;")
    found = set()
    for path, text in files.items():
        code = blank(text)
        # cfg's own words stand outside of literals, so they are left in `code`.
        for attribute in ATTRIBUTE.finditer(code):
            if re.search(r"\bnot\s*\(\s*test", attribute.group(1)):
                continue
            module = declared.match(code, attribute.end())
            if not module:
                continue
            folder = path.parent if path.name in ("mod.rs", "lib.rs", "main.rs") else path.with_suffix("")
            found.add(folder / (module.group(1) + ".rs"))
            found.add(folder / module.group(1))
    return found


def exceptions():
    """`file::function` and its reason, a line each."""
    allowed = {}
    for number, line in enumerate(EXCEPTIONS.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, reason = line.partition("\t")
        if not reason.strip():
            sys.exit(f"{EXCEPTIONS}:{number}: no reason (a tab stands before it)")
        if name in allowed:
            sys.exit(f"{EXCEPTIONS}:{number}: {name} stands there twice")
        allowed[name] = reason.strip()
    return allowed


def main(arguments):
    show_all = "--all" in arguments
    named = [pathlib.Path(a).resolve() for a in arguments if a != "--all"]
    files = {path: path.read_text(encoding="utf-8") for path in sorted((ROOT / "src").rglob("*.rs"))}
    if len(files) < 50 and not named:
        sys.exit("the sources are not where they should be")
    tests = test_modules(files)
    if named:
        files = {path: path.read_text(encoding="utf-8") for path in named}
    allowed = exceptions()
    needed = set()
    wrong = []
    for path, text in files.items():
        if any(path == t or t in path.parents for t in tests):
            continue
        shown = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)
        for name, line, lines in functions(text):
            if lines <= MOST:
                continue
            key = f"{shown}::{name}"
            if key in allowed:
                needed.add(key)
                if show_all:
                    print(f"{shown}:{line}: {name} has {lines} lines: {allowed[key]}")
            else:
                wrong.append(f"{shown}:{line}: {name} has {lines} lines, {MOST} are allowed")
    if not named:
        wrong += [f"{EXCEPTIONS.name}: {key} needs no exception" for key in allowed if key not in needed]
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
