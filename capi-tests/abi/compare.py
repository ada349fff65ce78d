#!/usr/bin/env python3
"""Writes a C file that only compiles if the headers are the interface in data/.

Prototypes and typedefs are declared a second time as the data has them, which
the compiler refuses if they differ; constants and layouts are static assertions.
Each struct is compared with one made from structs.txt alone.
"""
import re
import sys
from pathlib import Path

DATA = Path(__file__).parent / "data"
# The data's macros were read from the header of 2.15; this is 2.16.
MACROS_NOW = {"RD_KAFKA_VERSION": str(0x021000FF)}


def rows(name):
    lines = (DATA / name).read_text().splitlines()[1:]
    return [line.split("\t") for line in lines if line]


def prototypes():
    for name, _area, returns, parameters, _header in rows("functions.tsv"):
        # A qualifier on a returned number means nothing, and compilers warn of it.
        returns = re.sub(r"^const (int)$", r"\1", returns)
        yield f"extern {returns} {name}({parameters});"


def constants():
    for enum, constant, value in rows("enums.tsv"):
        yield f'_Static_assert({constant} == {value}, "{constant}");'
        yield f'_Static_assert(sizeof({enum}) == sizeof(int), "{enum}");'
    for macro, value in rows("macros.tsv"):
        value = MACROS_NOW.get(macro, value)
        name = macro.split("(")[0]
        yield f"#ifndef {name}"
        yield f'#error "{name} is missing"'
        yield "#endif"
        if re.fullmatch(r"-?\d+", value):
            yield f'_Static_assert({name} == {value}, "{name}");'
        elif value != "(function-like)":
            yield f'_Static_assert(!__builtin_strcmp({name}, "{value}"), "{name}");'


def structs():
    for block in re.split(r"\n\s*\n", (DATA / "structs.txt").read_text()):
        block = block.strip()
        if not block:
            continue
        heading, body = block.split("\n", 1)
        name, real = re.match(r"(\w+): (struct \w+)", heading).groups()
        # Where there is a typedef of that name, it must be the struct.
        typedef = f"typedef {real} {name};" if name != real.split()[1] else ""
        yield f"struct expected_{name} {body};"
        yield typedef
        yield f'_Static_assert(sizeof({real}) == sizeof(struct expected_{name}), "{name}");'
        for path in paths(body):
            yield (
                f"_Static_assert(__builtin_offsetof({real}, {path}) == "
                f'__builtin_offsetof(struct expected_{name}, {path}), "{name}.{path}");'
            )
            if "." not in path and path != "u":
                yield same_type(real, name, path)
            elif path.count(".") and not path.endswith(("mem", "header")):
                yield same_type(real, name, path)


def same_type(real, name, path):
    return (
        f"_Static_assert(__builtin_types_compatible_p(__typeof__((({real} *)0)->{path}), "
        f'__typeof__(((struct expected_{name} *)0)->{path})), "type of {name}.{path}");'
    )


def paths(body):
    """The fields of a struct's body, with those of inner structs and unions."""
    stack = []
    held = []
    for line in body.splitlines()[1:-1]:
        line = line.strip()
        if re.match(r"(struct|union)\s*$", line):
            continue
        if line == "{":
            stack.append(len(held))
        elif closing := re.match(r"\} (\w+);", line):
            start = stack.pop()
            inner = [f"{closing[1]}.{path}" for path in held[start:]]
            held[start:] = [closing[1], *inner]
        else:
            held.append(re.search(r"(\w+)(\[\d+\])?;$", line)[1])
    return held


def main():
    out = ["#include <netdb.h>", '#include "rdkafka.h"', '#include "rdkafka_mock.h"']
    out += prototypes()
    out += [f"{line};" for line in (DATA / "typedefs.txt").read_text().splitlines() if line]
    out += constants()
    out += structs()
    sys.stdout.write("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
