"""As pytest's plugin (-p report): writes each test's states into the file REPORT as they come. As a program, `report.py FILE REPORT`
prints one line for each test that was collected: its name, a tab, and pass, fail or skip."""
import os
import sys


def note(*fields):
    with open(os.environ["REPORT"], "a", encoding="utf-8") as f:
        f.write("\t".join(fields) + "\n")


def pytest_collection_finish(session):
    for item in session.items:
        note("collected", item.nodeid.encode("unicode_escape").decode())


def pytest_runtest_logreport(report):
    outcome = report.outcome
    if hasattr(report, "wasxfail"):  # an expected failure that came, or did not
        outcome = "passed" if outcome == "skipped" else "failed"
    if report.when == "call" or outcome != "passed":
        note(outcome, report.nodeid.encode("unicode_escape").decode())


def main():
    file, path = sys.argv[1:]
    states = {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as f:
            for line in f:
                outcome, test = line.rstrip("\n").split("\t")
                if outcome == "collected":
                    states.setdefault(test, "fail")
                elif states.get(test) != "failed":
                    states[test] = outcome
    words = {"passed": "pass", "failed": "fail", "skipped": "skip", "fail": "fail"}
    for test, state in states.items():
        print(f"{test}\t{words[state]}")
    if not states:
        print(f"{file}\tfail")


if __name__ == "__main__":
    main()
