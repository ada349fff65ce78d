#!/usr/bin/env python3
"""mocha.py FILE UI LOG SECONDS: runs the tests of one file with mocha and prints one line for each: its name, a tab, pass or fail.

A hook that fails keeps the tests behind it from running, and so does a crash: each of those is then run by itself. Two lines more:
"FILE: hooks" fails when a hook does, and "FILE: ends" when a process that has reported its last test does not end within 30
seconds, as an instance that was not closed can hold it for ever.
"""
import json
import re
import subprocess
import sys
import time


def mocha(ui, arguments):
    return ["node_modules/.bin/mocha", "--exit", "--timeout", "60000", "--ui", ui, "--reporter", "json-stream", *arguments]


def events(path):
    """The tests of a log in one line of JSON for each event, so that what ran before a crash is known, and whether it has the last."""
    results, ended = [], False
    with open(path, errors="replace") as log:
        for line in log:
            if line.startswith('["end"'):
                ended = True
            elif line.startswith(('["pass"', '["fail"')):
                try:
                    word, test = json.loads(line)
                except ValueError:
                    continue  # cut off by a crash
                results.append((test["fullTitle"], word))
    return results, ended


def run(command, log, seconds):
    """Whether the process came to its end by itself."""
    with open(log, "w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    deadline, told = time.monotonic() + seconds, False
    while True:
        try:
            process.wait(1)
            return events(log)[1]
        except subprocess.TimeoutExpired:
            if not told and events(log)[1]:
                told, deadline = True, time.monotonic() + 30
            if time.monotonic() >= deadline:
                process.kill()
                process.wait()
                return False


def main():
    file, ui, log, seconds = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    run(mocha(ui, ["--dry-run", file]), log, 300)
    titles, listed = events(log)
    if not listed:
        print(f"{file}\tfail")
        return
    titles = list(dict.fromkeys(title for title, _ in titles))
    ends = run(mocha(ui, [file]), log, seconds)
    results, _ = events(log)
    seen = {title for title, _ in results}
    for number, title in enumerate(title for title in titles if title not in seen):
        alone = f"{log}-{number}"
        ends &= run(mocha(ui, ["--grep", f"^{re.escape(title)}$", file]), alone, 180)
        results += events(alone)[0]
        if title not in {title for title, _ in results}:
            results.append((title, "fail"))
    states = {title: "pass" for title in titles + ["hooks", "ends"]}
    for title, word in results + [("ends", "pass" if ends else "fail")]:
        if word == "fail":
            states[title if title in states else "hooks"] = "fail"
    for name, word in states.items():
        print(f"{file}: {' '.join(name.split())}\t{word}")


if __name__ == "__main__":
    main()
