#!/usr/bin/env python3
"""The figures of docs/performance.md: its table and plots, from figures.tsv beside this script.

    make bench | tee REPORT
    plot.py record RUN REPORT    takes what `make bench` has printed into figures.tsv, as the run RUN; its line there says
                                 when, where and how it was measured, and is to be written by hand
    plot.py                      writes table and plots anew
    plot.py check                whether they are what figures.tsv makes
"""
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FIGURES = HERE / "figures.tsv"
PAGE = ROOT / "docs/performance.md"
PLOTS = ROOT / "docs/performance"
METRICS = {"CPU µs/message": "cpu", "messages/s": "rate", "p50 µs": "p50", "p99 µs": "p99", "peak RSS MiB": "rss"}
# file: metric, title, what the axis says
CHARTS = {
    "cpu.svg": ("cpu", "Processor time of the client for one message", "of librdkafka's; less is better"),
    "rate.svg": ("rate", "Messages a second", "times librdkafka's; more is better"),
    "p99.svg": ("p99", "Latency, 99th percentile", "of librdkafka's; less is better"),
    "rss.svg": ("rss", "Peak memory of the process", "of librdkafka's; less is better"),
}
LIKE = ("produce ", "consumer_poll", "batch,", "simple ", "latency", "share", "transactions", "php-rdkafka", "SASL_SSL")


def read():
    """The runs as their texts, and the rows: run, workload, metric, librdkafka, ours, ratio."""
    runs, rows = {}, []
    for line in FIGURES.read_text(encoding="utf-8").splitlines():
        if match := re.match(r"# run (\w+): (.*)", line):
            runs[match[1]] = match[2]
        elif line and not line.startswith("#") and not line.startswith("run\t"):
            run, workload, metric, theirs, ours, ratio = line.split("\t")
            rows.append((run, workload, metric, float(theirs), float(ours), float(ratio)))
    for run in {r[0] for r in rows} - set(runs):
        sys.exit(f"figures.tsv: nothing is said of the run {run}")
    return runs, rows


def record(run, report):
    out, workload = [], ""
    for line in pathlib.Path(report).read_text(encoding="utf-8").splitlines():
        match = re.fullmatch(r"  (\S.*?)\s{2,}([\d,.]+)\s+([\d,.]+)\s+([\d.]+)\s*(?:[<>]=.*)?", line)
        if match and match[1] in METRICS and workload:
            theirs, ours = (m.replace(",", "") for m in match.group(2, 3))
            out.append("\t".join((run, workload, METRICS[match[1]], theirs, ours, match[4])))
        elif line and not line.startswith(" "):
            workload = "" if " against " in line or not line.startswith(LIKE) else line.strip()
    if not out:
        sys.exit(f"{report}: no figures")
    kept = [line for line in FIGURES.read_text(encoding="utf-8").splitlines() if not line.startswith(f"{run}\t")]
    FIGURES.write_text("\n".join(kept + out) + "\n", encoding="utf-8")


def escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;")


def chart(title, axis, bars):
    """A bar for each workload, as long as the ratio is; a line where both libraries would be the same."""
    left, width, step, top = 276, 432, 24, 76
    longest = max(1.0, *(ratio for _, ratio in bars))
    # Ratios of more than three are cut off, with their number beside them: the others would be too short to see.
    most = min(longest, 3.0) * 1.02
    height = top + step * len(bars) + 16
    at = lambda ratio: left + width * min(ratio, most) / most
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 {height}" width="800" height="{height}" '
           f'font-family="sans-serif" font-size="13" role="img">',
           f"<title>{escape(title)}</title>", f'<rect width="800" height="{height}" fill="#fff"/>',
           f'<text x="16" y="24" font-size="16" font-weight="bold" fill="#222">{escape(title)}</text>',
           f'<text x="16" y="44" fill="#555">{escape(axis)}{"; bars end at 3" if longest > 3 else ""}{"; † another run, see below" if any("†" in w for w, _ in bars) else ""}</text>',
           f'<text x="{at(1):.1f}" y="66" text-anchor="middle" font-size="11" fill="#555">librdkafka</text>']
    out.append(f'<line x1="{at(1):.1f}" y1="72" x2="{at(1):.1f}" y2="{height - 12}" stroke="#b23a48" stroke-width="2"/>')
    for n, (workload, ratio) in enumerate(bars):
        y = top + step * n
        out += [f'<text x="{left - 8}" y="{y + 14}" text-anchor="end" fill="#222">{escape(workload)}</text>',
                f'<rect x="{left}" y="{y + 2}" width="{at(ratio) - left:.1f}" height="{step - 8}" fill="#33658a" fill-opacity="0.85"/>',
                f'<text x="{at(ratio) + 6:.1f}" y="{y + 14}" fill="#222" stroke="#fff" stroke-width="4" paint-order="stroke">{ratio:.2f}</text>']
    out.append("</svg>")
    return "\n".join(out) + "\n"


def table(runs, rows):
    out = []
    for run, about in runs.items():
        of_run = [r for r in rows if r[0] == run]
        if not of_run:
            continue
        out += [about, "", "| workload | figure | librdkafka | librskafka | ratio |", "|---|---|--:|--:|--:|"]
        names = {v: k for k, v in METRICS.items()}
        for _, workload, metric, theirs, ours, ratio in of_run:
            decimals = {"cpu": 3, "rate": 0, "rss": 1}.get(metric, 2)
            out.append(f"| {workload} | {names[metric]} | {theirs:,.{decimals}f} | {ours:,.{decimals}f} | {ratio:.2f} |")
        out.append("")
    return "\n".join(out)


def made():
    """Files and what they are to have."""
    runs, rows = read()
    files = {}
    for name, (metric, title, axis) in CHARTS.items():
        first = next(iter(runs))
        bars = [(w + ("" if run == first else " †"), ratio) for run, w, m, _, _, ratio in rows if m == metric]
        files[PLOTS / name] = chart(title, axis, bars)
    begin, end = "<!-- figures: capi-tests/bench/plot.py -->\n", "<!-- end of the figures -->\n"
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(begin)
    files[PAGE] = f"{before}{begin}\n{table(runs, rows)}\n{end}{rest.split(end)[1]}"
    return files


def main():
    if sys.argv[1:2] == ["record"]:
        record(*sys.argv[2:4])
        return
    stale = []
    for path, text in made().items():
        if sys.argv[1:] == ["check"]:
            stale += [path.name] if not path.exists() or path.read_text(encoding="utf-8") != text else []
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if stale:
        sys.exit(f"FAILED: {', '.join(stale)}: python3 capi-tests/bench/plot.py writes them anew")


main()
