"""Which texts stand both in this project and in librdkafka: runs of seven words, and whole strings of four or more.

shingles.py THEIRS... : folders of librdkafka's sources. Fails on common texts that allowed.tsv does not list.

A text is a comment, a string, or a document; code is not compared, since the interface is the same on purpose. Names such
as `socket.timeout.ms` are one word; case, punctuation and what a format puts in are left out.
"""
import os
import re
import subprocess
import sys

LENGTH = 7
WHOLE = 4
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
# Texts by others, under their own names.
NOT_OURS = {"LICENSE", "Cargo.lock"}
# Files without an ending that are looked at.
BARE = {"Makefile", "Dockerfile", "run"}

TOKENS = {
    # Comments, and strings with what stands in between where adjacent ones are one.
    "c": re.compile(r'(?P<comment>/\*.*?\*/|//[^\n]*)|(?P<string>"(?:\\.|[^"\\])*")|\'(?:\\.|[^\'\\])+\'', re.S),
    "rust": re.compile(
        r'(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<string>r(?P<hash>#*)".*?"(?P=hash)|"(?:\\.|[^"\\])*")'
        r"|'(?:\\[^']+|[^'\\])'",
        re.S,
    ),
    "script": re.compile(r'(?P<comment>(?<![^\s])#[^\n]*)|(?P<string>"""(?:\\.|[^\\])*?"""|"(?:\\.|[^"\\])*")', re.S),
}
KINDS = {
    ".c": "c", ".h": "c", ".cpp": "c", ".cc": "c", ".in": "c", ".go": "c", ".java": "c", ".js": "c", ".mjs": "c", ".cs": "c",
    ".rs": "rust", ".py": "script", ".sh": "script", ".toml": "script", ".yaml": "script",
    ".md": "text", ".tsv": "text", ".txt": "text",
}
GLUE = {
    "comment": re.compile(r"[ \t]*\n?[ \t]*"),
    "string": re.compile(r"(?:\s|\\\n|\b(?:PRI[A-Za-z0-9]+|BUILT_WITH|_[A-Z0-9_]+)\b)*"),
}
STRING_ENDS = re.compile(r'^(?:r#*)?"+|"+#*$')
FORMAT = re.compile(r'%[-+ #0]*(?:\d+|\*)?(?:\.(?:\d+|\*))?(?:hh|h|ll|l|z|j|t)?[diouxXeEfgGcsp]|\{[^{}\s]*\}')
WORD = re.compile(r"[A-Za-z0-9_]+(?:[.'-][A-Za-z0-9_]+)*")


def pieces(path, text):
    """(kind, offset, text) of each comment, string and paragraph."""
    kind = KINDS.get(os.path.splitext(path)[1], "script")
    if os.path.basename(path) == "CONFIGURATION.md":
        # Names, ranges, defaults and types are the interface; between them stands the help.
        for match in re.finditer(r"^.* \| (.*?)(?: <br>\*Type: .*)?$", text, re.M):
            yield "text", match.start(1), match.group(1)
    elif kind == "text":
        for match in re.finditer(r"(?:[^\n]+\n?)+", text):
            yield "text", match.start(), match.group()
    else:
        yield from joined(kind, text)


def joined(kind, text):
    """Comments and strings, those that stand beside each other as one."""
    last = None  # (kind, start, end, text)
    for match in TOKENS[kind].finditer(text):
        if match.group("comment") is not None:
            now, body = "comment", match.group("comment")
        elif match.group("string") is not None:
            now, body = "string", STRING_ENDS.sub("", match.group("string"))
            # Of the same length, so that offsets hold.
            body = re.sub(r"\\\n\s*|\\[nrt]", lambda gap: re.sub(r"[^\n]", " ", gap.group()), body)
        else:
            continue
        if last and last[0] == now and (now == "comment" or kind == "c") and GLUE[now].fullmatch(text, last[2], match.start()):
            between = text[last[2]:match.start()] if now == "comment" else " "
            last = (now, last[1], match.end(), last[3] + between + body)
            continue
        if last:
            yield last[0], last[1], last[3]
        last = (now, match.start(), match.end(), body)
    if last:
        yield last[0], last[1], last[3]


def words(text):
    """(offset, word) of each."""
    text = FORMAT.sub(lambda match: " " * len(match.group()), text)
    return [(match.start(), match.group().lower()) for match in WORD.finditer(text)]


def runs(path, text):
    """Each piece of a file: (offset, text, words, what is looked for in it). A run of words that is found begins at its index;
    a whole string has the index None."""
    for kind, at, piece in pieces(path, text):
        line = words(piece)
        plain = tuple(word for _, word in line)
        found = [(first, plain[first:first + LENGTH]) for first in range(len(plain) - LENGTH + 1)]
        if kind == "string" and WHOLE <= len(plain) < LENGTH:
            found.append((None, plain))
        yield at, piece, line, found


def files_of(folder):
    for top, dirs, names in os.walk(folder):
        dirs[:] = sorted(name for name in dirs if not name.startswith("."))
        for name in sorted(names):
            if os.path.splitext(name)[1] in KINDS:
                yield os.path.join(top, name)


def ours():
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    for path in sorted(filter(None, listed.split("\0"))):
        name = os.path.basename(path)
        known = os.path.splitext(name)[1] in KINDS or name in BARE
        # A file that is gone may still be listed.
        if known and name not in NOT_OURS and not path.startswith("capi-tests/text/") and os.path.exists(os.path.join(ROOT, path)):
            yield path


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def allowed():
    """The runs of words that may be common, and the texts that have to be in ours: {text: its words}."""
    fine, texts = set(), {}
    path = os.path.join(HERE, "allowed.tsv")
    for number, line in enumerate(read(path).splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        cells = line.split("\t")
        if len(cells) != 2 or not all(cells):
            sys.exit(f"{path}:{number}: a text, a tab and a reason are wanted")
        if cells[0].startswith("@"):
            listed = re.split(r"[\t\n]", read(os.path.join(ROOT, cells[0][1:])))
        else:
            listed = [cells[0]]
        for text in listed:
            plain = tuple(word for _, word in words(text))
            fine.add(plain)
            fine.update(plain[first:first + LENGTH] for first in range(len(plain) - LENGTH + 1))
        if listed == [cells[0]]:
            texts[cells[0]] = f" {' '.join(plain)} "
    return fine, texts


def main(folders):
    theirs = {}
    for folder in folders:
        for path in files_of(folder):
            for _, _, _, found in runs(path, read(path)):
                for _, run in found:
                    theirs.setdefault(run, path)
    if len(theirs) < 100_000:
        sys.exit(f"too few texts in {' '.join(folders)}")
    fine, stale = allowed()
    bad, common = [], 0
    for path in ours():
        text = read(os.path.join(ROOT, path))
        for at, piece, line, found in runs(path, text):
            joined_words = f" {' '.join(word for _, word in line)} "
            stale = {row: plain for row, plain in stale.items() if plain not in joined_words}
            hits = [(first, run) for first, run in found if run in theirs]
            while hits:
                # Runs that begin at words which follow each other are one text.
                group = [hits.pop(0)]
                while hits and hits[0][0] == group[-1][0] + 1:
                    group.append(hits.pop(0))
                common += 1
                if all(run in fine for _, run in group):
                    continue
                first, run = group[0][0] or 0, group[0][1]
                shown = " ".join(word for _, word in line[first:first + len(run) + len(group) - 1])
                number = text.count("\n", 0, at) + piece.count("\n", 0, line[first][0]) + 1
                bad.append(f"{path}:{number}: {shown}\n    as in {theirs[run]}")
    for text in bad + [f"allowed.tsv: ours has no such text any more: {text}" for text in stale]:
        print(text)
    print(f"{common} texts are common: {common - len(bad)} may be, {len(bad)} may not")
    return 1 if bad or stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
