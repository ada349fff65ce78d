#!/usr/bin/env python3
"""Prints the table of make bench from results.tsv: medians of both libraries, the ratio, and the threshold.

What a wake-up costs changes by the minute, for both libraries alike: so the ratio is the median of the ratios within pairs
of runs that followed one another, not that of the medians.
"""
import statistics
import sys

METRICS = [  # field, title, factor, decimals, is more better
    ("cpu", "CPU µs/message", 1, 3, False),
    ("rate", "messages/s", 1, 0, True),
    ("p50", "p50 µs", 1, 2, False),
    ("p99", "p99 µs", 1, 2, False),
    ("full_p50", "p50 µs, queue full", 1, 2, False),
    ("full_p99", "p99 µs, queue full", 1, 2, False),
    ("rss", "peak RSS MiB", 1 / 1024, 1, False),
]


def cpu_limit(name):
    # Most of it is encrypting, which both leave to OpenSSL.
    if name.startswith("SASL_SSL"):
        return 1.0 if name.endswith("connecting") else 0.9
    if name.startswith(("idempotent against plain", "consumer protocol against classic")):
        return 1.05
    if name.startswith("transactions"):
        return 0.6
    return 0.5 if name == "produce 100 B" or name.startswith(("consumer_poll", "share consumer")) else 0.8


# Most of the processor time is PHP's own.
PHP_RATES = {"produce 100 B": 1.0, "low-level consumer": 4.0, "high-level consumer": 3.0}


def limit(name, field):
    """The ratio wanted, None for a figure that is only shown."""
    if name.startswith("php-rdkafka, "):
        return PHP_RATES.get(name.removeprefix("php-rdkafka, ")) if field == "rate" else None
    if name.startswith("first message"):
        return 1.0 if field == "p50" else None
    if " against " in name:
        return cpu_limit(name) if field == "cpu" else None
    if name == "SASL_SSL, connecting" and field == "rss":
        return None  # that of OpenSSL: a library of its own here, a part of the wheel's there
    return {"cpu": cpu_limit(name), "rate": 1.0, "p99": 1.0, "rss": 1.0}.get(field)


def load(path):
    data, broken = {}, []
    for row in open(path, encoding="utf-8"):
        round_, name, lib, line = row.rstrip("\n").split("\t")
        if line == "failed":
            broken.append(f"{name}: {lib} failed in round {round_}")
            data.setdefault(name, {})
            continue
        fields = dict(pair.split("=", 1) for pair in line.split())
        if not round_.startswith("0."):  # the warm-up
            data.setdefault(name, {}).setdefault(lib, {})[round_] = fields
    return data, broken


def main():
    data, broken = load(sys.argv[1])
    met = total = 0
    print(f"{'':40}{'librdkafka':>14}{'ours':>14}{'ratio':>8}   wanted")
    for name, libs in data.items():
        print(name + (" (both ours)" if " against " in name else ""))
        pairs = [(libs["upstream"][r], libs["ours"][r]) for r in libs.get("ours", {}) if r in libs.get("upstream", {})]
        if not pairs:
            print("  no figures of both libraries")
            total += 4
            continue
        for field, title, factor, decimals, more in METRICS:
            figures = [tuple(float(run[field]) * factor for run in pair) for pair in pairs]
            if not any(us for _, us in figures):
                continue
            up, us = (statistics.median(side) for side in zip(*figures))
            ratio = statistics.median(us / up if up else float("nan") for up, us in figures)
            wanted, verdict = limit(name, field), ""
            if wanted is not None:
                total += 1
                good = round(ratio, 2) >= wanted if more else round(ratio, 2) <= wanted
                met += good
                verdict = f"{'>=' if more else '<='} {wanted:.2f}  {'met' if good else 'NOT MET'}"
            print(f"  {title:38}{up:14,.{decimals}f}{us:14,.{decimals}f}{ratio:8.2f}   {verdict}")
    for line in broken:
        print(line)
    print(f"bench: {met} of {total} thresholds met")


main()
