#!/usr/bin/env python3
"""test.py LOGS [PATTERN]: rsyslogd's modules for Kafka on the library that LD_LIBRARY_PATH has; prints a line for each test: its name, a
tab, pass or fail. ROOT_FOLDER has Debian's packages, unpacked. What the modules wrote is read with kcat, and the other way round.
"""
import concurrent.futures
import glob
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import uuid

BOOTSTRAP = os.environ["BOOTSTRAP"].split(",")[0]
ROOT = os.environ["ROOT_FOLDER"]
MODULES = glob.glob(ROOT + "/usr/lib/*-linux-gnu/rsyslog")[0]
LIBRARIES = os.environ["LD_LIBRARY_PATH"] + ":" + os.path.dirname(MODULES)
PATIENCE = 120


def topic(partitions=1, *configs):
    name = "rsyslog-" + uuid.uuid4().hex
    subprocess.run([sys.executable, os.environ["TOPIC_TOOL"], "--bootstrap-server", BOOTSTRAP, "--create", "--topic", name, "--partitions",
                    str(partitions), *(word for config in configs for word in ("--config", config))], check=True, stdout=subprocess.DEVNULL)
    return name


def kcat(*arguments, data=None):
    run = subprocess.run(["kcat", "-b", BOOTSTRAP, *arguments], input=data, stdout=subprocess.PIPE, timeout=PATIENCE, check=True, text=True)
    return run.stdout


def read(name, count, form="%s\\n", *more):
    return kcat("-C", "-t", name, "-o", "beginning", "-c", str(count), "-q", "-f", form, *more).splitlines()


def wait_for(what, condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("waited in vain for " + what)
        time.sleep(0.05)


def lines_of(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as f:
        return f.read().splitlines()


class Rsyslogd:
    """A daemon in a folder of its own, with a socket that what is to be written comes in by."""

    def __init__(self, logs, configuration):
        self.folder = tempfile.mkdtemp(dir=logs)
        # A socket's path is short.
        self.socket = tempfile.mktemp(prefix="rsyslog-", dir="/tmp")
        path = os.path.join(self.folder, "conf")
        with open(path, "w", encoding="utf-8") as f:
            f.write(f'global(workDirectory="{self.folder}" processInternalMessages="on")\n'
                    'module(load="imuxsock" SysSock.Use="off" SysSock.RateLimit.Interval="0")\n'
                    'template(name="plain" type="string" string="%msg:2:$%")\ntemplate(name="line" type="string" string="%msg%\\n")\n'
                    'template(name="raw" type="string" string="%rawmsg%\\n")\n'
                    f'input(type="imuxsock" Socket="{self.socket}" RateLimit.Interval="0" ruleset="in")\n'
                    + configuration.replace("FOLDER", self.folder) + f'\naction(type="omfile" file="{self.folder}/own")\n')
        self.output = open(os.path.join(self.folder, "output"), "w")
        self.process = subprocess.Popen([ROOT + "/usr/sbin/rsyslogd", "-n", "-f", path, "-i", self.folder + "/pid", "-M", MODULES],
                                        env=dict(os.environ, LD_LIBRARY_PATH=LIBRARIES), stdout=self.output, stderr=subprocess.STDOUT)

    def file(self, name):
        return os.path.join(self.folder, name)

    def says(self, word):
        return any(word in line for line in lines_of(self.file("own")) + lines_of(self.file("output")))

    def log(self, lines):
        wait_for("the socket", lambda: os.path.exists(self.socket) or self.process.poll() is not None)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.connect(self.socket)
            for line in lines:
                s.send(f"<13>Jan  1 00:00:00 app: {line}".encode())

    def __enter__(self):
        return self

    def __exit__(self, failed, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("it did not end within its time after SIGTERM")
        finally:
            self.output.close()
            if os.path.exists(self.socket):
                os.unlink(self.socket)
        if code != 0 and not failed:
            raise AssertionError(f"it ended with {code}")


def out(name, more="", template="plain"):
    """The configuration that sends what comes in by the socket to a topic."""
    return (f'module(load="omkafka")\nruleset(name="in") {{ action(type="omkafka" broker=["{BOOTSTRAP}"] topic="{name}" template="{template}"'
            f' errorFile="FOLDER/errors" {more}) }}')


def source(names, group, more=""):
    """The configuration that writes what comes from topics into a file."""
    inputs = "".join(f'input(type="imkafka" topic="{name}" broker=["{BOOTSTRAP}"] consumergroup="{group}" ruleset="kafka" {more})\n' for name in names)
    return ('module(load="imkafka")\nruleset(name="kafka") { action(type="omfile" file="FOLDER/got" template="raw") }\n'
            'ruleset(name="in") { stop }\n' + inputs)


def numbered(count, word="m"):
    return [f"{word}{n}" for n in range(count)]


def writes_in_order(logs):
    name = topic()
    with Rsyslogd(logs, out(name)) as daemon:
        daemon.log(numbered(5000))
        assert read(name, 5000) == numbered(5000)


def what_waits_is_sent_when_it_ends(logs):
    name = topic()
    # What it has not read from its socket by its end is lost: the file tells when all has been read.
    more = 'closeTimeout="60000" confParam=["queue.buffering.max.ms=20000"]) action(type="omfile" file="FOLDER/beside" template="line"'
    with Rsyslogd(logs, out(name, more)) as daemon:
        daemon.log(numbered(1000))
        wait_for("the file beside", lambda: len(lines_of(daemon.file("beside"))) == 1000)
    assert read(name, 1000) == numbered(1000)


def writes_to_all_partitions(logs):
    name = topic(4)
    with Rsyslogd(logs, out(name, 'partitions.auto="on" confParam=["sticky.partitioning.linger.ms=0"]')) as daemon:
        daemon.log(numbered(2000))
        found = [line.split() for line in read(name, 2000, "%p %s\\n")]
        assert {p for p, _ in found} == {"0", "1", "2", "3"}
        assert sorted(m for _, m in found) == sorted(numbered(2000))


def writes_to_one_partition(logs):
    name = topic(4)
    with Rsyslogd(logs, out(name, 'partitions.useFixed="2"')) as daemon:
        daemon.log(numbered(500))
        assert read(name, 500, "%p %s\\n") == [f"2 {m}" for m in numbered(500)]


def writes_keys(logs):
    name = topic(4)
    with Rsyslogd(logs, out(name, 'key="same" partitions.auto="on"')) as daemon:
        daemon.log(numbered(500))
        found = read(name, 500, "%p %k %s\\n")
        assert len({line.split()[0] for line in found}) == 1 and [line.split(" ", 1)[1] for line in found] == [f"same {m}" for m in numbered(500)]


def writes_compressed_with_acks(codec):
    def test(logs):
        name = topic()
        with Rsyslogd(logs, out(name, f'confParam=["compression.codec={codec}"] topicConfParam=["request.required.acks=-1"]')) as daemon:
            daemon.log(numbered(3000))
            assert read(name, 3000) == numbered(3000)
    return test


def chooses_the_topic_by_message(logs):
    names = [topic(), topic()]
    config = ('template(name="to" type="string" string="%msg:F,32:2%")\ntemplate(name="rest" type="string" string="%msg:F,32:3%")\n'
              + out("to", 'dynaTopic="on"', "rest"))
    with Rsyslogd(logs, config) as daemon:
        daemon.log(f"{names[n % 2]} m{n}" for n in range(1000))
        for i, name in enumerate(names):
            assert read(name, 500) == [f"m{n}" for n in range(i, 1000, 2)]


def what_cannot_be_sent_is_in_its_file(logs):
    """A message over the topic's limit is refused by the broker, and those around it are sent."""
    name = topic(1, "max.message.bytes=2000")
    with Rsyslogd(logs, out(name)) as daemon:
        daemon.log(["before"])
        assert read(name, 1) == ["before"]
        daemon.log(["x" * 5000])

        # It looks for reports when it has something to send.
        def told():
            daemon.log(["after"])
            return any("xxx" in line for line in lines_of(daemon.file("errors")))
        wait_for("the file of errors", told)
        daemon.log(["last"])
        wait_for("the last one", lambda: kcat("-C", "-t", name, "-o", "-1", "-c", "1", "-q").strip() == "last")
    found = kcat("-C", "-t", name, "-o", "beginning", "-e", "-q").splitlines()
    assert found[0] == "before" and found[-1] == "last" and set(found[1:-1]) <= {"after"}, found


def a_wrong_property_is_told(logs):
    name = topic()
    with Rsyslogd(logs, out(name, 'confParam=["no.such.property=1"]')) as daemon:
        # It makes its producer when there is something to send.
        daemon.log(["m"])
        wait_for("the error", lambda: daemon.says("no.such.property"))


def a_broker_that_is_not_there_holds_up_nothing(logs):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    config = ('module(load="omkafka")\nruleset(name="in") {\n action(type="omfile" file="FOLDER/beside" template="line")\n'
              f' action(type="omkafka" broker=["127.0.0.1:{port}"] topic="t" template="plain" closeTimeout="500" action.resumeRetryCount="0")\n}}')
    with Rsyslogd(logs, config) as daemon:
        daemon.log(numbered(200))
        wait_for("the file beside", lambda: len(lines_of(daemon.file("beside"))) == 200)


def gives_statistics(logs):
    name = topic()
    config = ('module(load="impstats" interval="1" format="json" log.file="FOLDER/stats" log.syslog="off")\n' +
              out(name, 'statsName="ours" confParam=["statistics.interval.ms=500"]'))
    with Rsyslogd(logs, config) as daemon:
        daemon.log(numbered(100))
        assert read(name, 100) == numbered(100)
        wait_for("counters", lambda: any('"omkafka"' in line and '"submitted": 100' in line for line in lines_of(daemon.file("stats"))))
        wait_for("the library's times", lambda: any("rtt_avg_usec" in line or "int_latency_avg_usec" in line for line in lines_of(daemon.file("stats"))))


def reads_what_is_there_and_what_comes(logs):
    name = topic()
    kcat("-P", "-t", name, data="\n".join(numbered(1000)) + "\n")
    with Rsyslogd(logs, source([name], uuid.uuid4().hex)) as daemon:
        wait_for("1000 lines", lambda: len(lines_of(daemon.file("got"))) >= 1000)
        kcat("-P", "-t", name, data="\n".join(numbered(3000, "n")) + "\n")
        wait_for("4000 lines", lambda: len(lines_of(daemon.file("got"))) >= 4000)
        assert lines_of(daemon.file("got")) == numbered(1000) + numbered(3000, "n")


def reads_as_a_group(logs):
    name, group = topic(4), uuid.uuid4().hex
    kcat("-P", "-t", name, "-X", "topic.partitioner=random", "-X", "sticky.partitioning.linger.ms=0", data="\n".join(numbered(2000)) + "\n")
    config = source([name], group, 'confParam=["auto.offset.reset=earliest"]')
    with Rsyslogd(logs, config) as daemon:
        wait_for("2000 lines", lambda: len(lines_of(daemon.file("got"))) >= 2000)
        assert sorted(lines_of(daemon.file("got"))) == sorted(numbered(2000))
    # The next one of the group goes on where it ended.
    kcat("-P", "-t", name, data="\n".join(numbered(500, "n")) + "\n")
    with Rsyslogd(logs, config) as daemon:
        wait_for("500 lines", lambda: len(lines_of(daemon.file("got"))) >= 500)
        assert sorted(lines_of(daemon.file("got"))) == sorted(numbered(500, "n"))


def reads_two_topics(logs):
    names = [topic(), topic()]
    for i, name in enumerate(names):
        kcat("-P", "-t", name, data="\n".join(numbered(1000, f"t{i}-")) + "\n")
    with Rsyslogd(logs, source(names, uuid.uuid4().hex, 'confParam=["auto.offset.reset=earliest"]')) as daemon:
        wait_for("2000 lines", lambda: len(lines_of(daemon.file("got"))) >= 2000)
        for i in range(2):
            assert [m for m in lines_of(daemon.file("got")) if m.startswith(f"t{i}-")] == numbered(1000, f"t{i}-")


def both_ends(logs):
    """From one daemon into Kafka, and out of it into the other's file."""
    name = topic(2)
    group = uuid.uuid4().hex
    with Rsyslogd(logs, source([name], group, 'confParam=["auto.offset.reset=earliest"]')) as reader:
        with Rsyslogd(logs, out(name, 'partitions.auto="on"')) as writer:
            writer.log(numbered(5000))
            wait_for("5000 lines", lambda: len(lines_of(reader.file("got"))) >= 5000)
        assert sorted(lines_of(reader.file("got"))) == sorted(numbered(5000))


def on_hangup_it_goes_on(logs):
    name = topic()
    with Rsyslogd(logs, out(name)) as daemon:
        daemon.log(numbered(100))
        assert read(name, 100) == numbered(100)
        daemon.process.send_signal(signal.SIGHUP)
        daemon.log(numbered(100, "n"))
        assert read(name, 200) == numbered(100) + numbered(100, "n")


TESTS = {
    "omkafka: 5000 messages in order": writes_in_order,
    "omkafka: what waits is sent when it ends": what_waits_is_sent_when_it_ends,
    "omkafka: all partitions": writes_to_all_partitions,
    "omkafka: a fixed partition": writes_to_one_partition,
    "omkafka: keys": writes_keys,
    **{f"omkafka: {codec}, acks of all": writes_compressed_with_acks(codec) for codec in ("gzip", "snappy", "lz4", "zstd")},
    "omkafka: the topic by message": chooses_the_topic_by_message,
    "omkafka: what cannot be sent is in its file": what_cannot_be_sent_is_in_its_file,
    "omkafka: a wrong property is told": a_wrong_property_is_told,
    "omkafka: no broker holds up nothing": a_broker_that_is_not_there_holds_up_nothing,
    "omkafka: statistics": gives_statistics,
    "omkafka: goes on after SIGHUP": on_hangup_it_goes_on,
    "imkafka: what is there, and what comes": reads_what_is_there_and_what_comes,
    "imkafka: a group, and the next one in it": reads_as_a_group,
    "imkafka: two topics": reads_two_topics,
    "imkafka and omkafka: 5000 messages": both_ends,
}


def run(name, test, logs):
    try:
        test(logs)
        state = "pass"
    except Exception:
        state = "fail"
        print(f"== {name}\n{traceback.format_exc()}", file=sys.stderr, flush=True)
    print(f"{name}\t{state}", flush=True)


def main():
    logs, pattern = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""
    # They mostly wait.
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        for name, test in TESTS.items():
            if pattern in name:
                pool.submit(run, name, test, logs)


if __name__ == "__main__":
    main()
