"""What became of every record of share groups, read from the lines of their members and of the feeder."""
import os
import subprocess

from crew import Process, parts, records

LIMIT, LOCK_MS = 5, 5000
ACCEPT, RELEASE, REJECT = "1", "2", "3"
FINAL = (ACCEPT, REJECT)
# The broker has refused the acknowledgement, for sure.
REFUSED = {"INVALID_RECORD_STATE", "_INVALID_ARG", "_STATE"}


class Record:
    def __init__(self, number):
        self.number = number
        self.count = 0
        # member -> what it said and was not answered yet, in that order
        self.said = {}
        # Who said it, and of which delivery.
        self.final, self.final_count = None, 0
        self.unknown = False


class Ledger:
    def __init__(self):
        self.records, self.problems, self.errors = {}, [], {}

    def problem(self, text):
        self.problems.append(text)
        if len(self.problems) < 30:
            print("  FAILED: " + text, flush=True)

    def on_line(self, process, at, word, rest):
        if word == "acked":
            for place, offset, number in records(rest):
                self.record(place, offset).number = number
        elif word == "d":
            for place, offset, value in records(rest):
                self.delivered(process.name, place, offset, *value.split("/"))
        elif word == "c":
            self.answered(process.name, *rest.split(" "))
        elif word == "error":
            name = rest.split(" ")[0]
            self.errors[name] = self.errors.get(name, 0) + 1
        elif word == "undelivered":
            self.problem(f"{process.name}: {rest}")

    def record(self, place, offset):
        return self.records.setdefault((place, offset), Record(None))

    def delivered(self, member, place, offset, count, kind):
        r = self.record(place, offset)
        r.count = max(r.count, int(count))
        r.said.setdefault(member, []).append((kind, int(count)))
        if int(count) > LIMIT:
            self.problem(f"{place}:{offset} was delivered for the {count}th time")
        if int(count) < 1:
            self.problem(f"{place}:{offset} has the delivery count {count}")

    def answered(self, member, code, text):
        place, offsets = text.rsplit(":", 1)
        place = parts(place)[0]
        for offset in map(int, filter(None, offsets.split(","))):
            r = self.record(place, offset)
            waiting = r.said.get(member)
            kind, count = waiting.pop(0) if waiting else (None, 0)
            if kind is None:
                self.problem(f"{member}: {code} for {place}:{offset}, which it did not acknowledge")
            elif code == "ok":
                if kind not in FINAL:
                    continue
                # Of a delivery whose lock has ended, Kafka confirms without a word what the group has left behind since.
                if r.final and count > r.final_count:
                    self.problem(f"{place}:{offset}: delivery {count}: {kind} by {member} is confirmed after {r.final}")
                if count >= r.final_count:
                    r.final, r.final_count = f"{kind} by {member}", count
            elif code not in REFUSED and kind in FINAL:
                r.unknown = True

    def gone(self, name):
        """What it said and had no answer to may have been heard or not."""
        with Process.lock:
            for r in self.records.values():
                if any(kind in FINAL for kind, _ in r.said.pop(name, ())):
                    r.unknown = True

    def unfinished(self):
        with Process.lock:
            return [at for at, r in self.records.items() if r.number is not None and not self.ended(r)]

    @staticmethod
    def ended(r):
        return r.final or r.count >= LIMIT or r.unknown


def java(program):
    return ["java", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp",
            os.environ["JARS"] + "/*", program]


def start_offsets(bootstrap, group):
    """Below these offsets the cluster has ended every record of the group: accepted, rejected, or delivered as often as the limit says."""
    out = subprocess.run(java("org.apache.kafka.tools.consumer.group.ShareGroupCommand")
                         + ["--bootstrap-server", bootstrap, "--describe", "--offsets", "--group", group], stdout=subprocess.PIPE, text=True).stdout
    rows = [line.split() for line in out.splitlines()]
    return {(r[1], int(r[2])): int(r[3]) for r in rows if len(r) >= 4 and r[0] == group and r[2].isdigit() and r[3].isdigit()}


def configure_group(bootstrap, group):
    settings = {"share.auto.offset.reset": "earliest", "share.record.lock.duration.ms": LOCK_MS, "share.session.timeout.ms": 6000,
                "share.heartbeat.interval.ms": 1000}
    subprocess.run(java("kafka.admin.ConfigCommand")
                   + ["--bootstrap-server", bootstrap, "--alter", "--entity-type", "groups", "--entity-name", group, "--add-config",
                      ",".join(f"{k}={v}" for k, v in settings.items())], check=True, stdout=subprocess.DEVNULL)
