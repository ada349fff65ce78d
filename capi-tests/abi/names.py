#!/usr/bin/env python3
"""Lists what the headers define under a name that an application may have for something of its own.

    cc -E -dD FILE | names.py FOLDER

reads the preprocessor's output and looks at what comes from files in FOLDER: macros, functions,
typedefs, tags and enumerators. All of them begin with RD_ or rd_, but for those in OURS.
"""
import re
import sys

# The guards against a second inclusion, and structs of the system's that prototypes name.
OURS = {"_RDKAFKA_H_", "_RDKAFKA_MOCK_H_", "addrinfo", "sockaddr"}


def own_text(output, folder):
    """The macros that the headers define, and their declarations with the directives taken out."""
    macros, lines, inside = set(), [], False
    for line in output.splitlines():
        if marker := re.match(r'# \d+ "([^"]*)"', line):
            inside = marker[1].startswith(folder + "/")
        elif not inside:
            continue
        elif macro := re.match(r"\s*#\s*define\s+(\w+)", line):
            macros.add(macro[1])
        elif not line.lstrip().startswith("#"):
            lines.append(line)
    return macros, "\n".join(lines)


def declared(text):
    """The names that C declarations bring in. Fields and parameters have a scope of their own."""
    names = set(re.findall(r"\b(?:struct|union|enum)\s+(\w+)", text))
    for body in re.findall(r"\benum\b[^{;]*\{([^}]*)\}", text):
        names.update(re.findall(r"(?:^|,)\s*(\w+)", body))
    # Bodies away, from the inside out.
    while (less := re.sub(r"\{[^{}]*\}", " ", text)) != text:
        text = less
    text = re.sub(r"__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)", "", text)
    for statement in text.split(";"):
        statement = statement.strip()
        if pointer := re.match(r"typedef\b[^(]*\(\s*\*\s*(\w+)\s*\)\s*\(", statement):
            names.add(pointer[1])
        elif function := re.match(r"[^(]*?(\w+)\s*\(", statement):
            names.add(function[1])
        elif last := re.search(r"(\w+)\s*(?:\[[^]]*\])?$", statement):
            names.add(last[1])
    return names


def main():
    macros, text = own_text(sys.stdin.read(), sys.argv[1].rstrip("/"))
    names = declared(text)
    if "RD_KAFKA_VERSION" not in macros or "rd_kafka_new" not in names:
        sys.exit("the headers were not read")
    strange = {name for name in macros | names if not name.startswith(("RD_", "rd_"))} - OURS
    print(*sorted(strange), sep="\n", end="\n" if strange else "")
    return 1 if strange else 0


if __name__ == "__main__":
    sys.exit(main())
