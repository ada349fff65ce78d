"""Pauses a partition when a message of it cannot be handled, and tries the same message again later, while the other partitions
go on: the order within a partition is kept, and no message is left out. Each message is handled by COMMAND, which gets it as its
standard input and says by its exit code whether it has been handled.

    pip install confluent-kafka
    python3 pause_on_failure.py BOOTSTRAP GROUP TOPIC COMMAND

SIGINT and SIGTERM end it, with 0 if all went well. A message may be handled twice, when the program dies between the handling and
the commit; it is never left out. A handler that can fail for good needs another place for such messages: see
retry_acknowledged.py.
"""
import signal
import subprocess
import sys
import time

from confluent_kafka import Consumer, TopicPartition

POLL_S = 0.2
PAUSE_S = 1


class Worker:
    def __init__(self, bootstrap, group, topic, command):
        self.topic, self.command = topic, command
        self.paused = {}  # Until when, by partition.
        self.stopping = self.failed = False
        # Offsets are stored by this program, when a message has been handled.
        self.consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest",
                                  "enable.auto.offset.store": False})
        self.consumer.subscribe([topic], on_revoke=self.on_revoke)

    def on_revoke(self, consumer, partitions):
        """A partition that goes to another member is no longer paused, wherever it comes to."""
        consumer.resume(partitions)
        for p in partitions:
            self.paused.pop(p.partition, None)

    def handle(self, message):
        """The work itself."""
        return subprocess.run(self.command, shell=True, input=message.value()).returncode == 0

    def pause_at(self, message):
        """Stops the fetching from the partition, and puts it back to the message."""
        place = TopicPartition(self.topic, message.partition(), message.offset())
        self.consumer.pause([place])
        self.consumer.seek(place)
        self.paused[message.partition()] = time.monotonic() + PAUSE_S
        print(f"partition {message.partition()} is paused at offset {message.offset()}", flush=True)

    def resume_due(self):
        due = [partition for partition, until in self.paused.items() if until <= time.monotonic()]
        for partition in due:
            del self.paused[partition]
        if due:
            self.consumer.resume([TopicPartition(self.topic, partition) for partition in due])

    def on_message(self, message):
        if message.error():
            # A lost connection and the like, which the library gets over by itself.
            print(f"consumer: {message.error()}", file=sys.stderr)
            self.failed = message.error().fatal()
            self.stopping = self.stopping or self.failed
            return
        if not self.handle(message):
            self.pause_at(message)
            return
        print(f"partition {message.partition()}, offset {message.offset()}: handled", flush=True)
        # This offset is committed with the next automatic commit, and when the consumer closes.
        self.consumer.store_offsets(message)

    def run(self):
        # Polling goes on while partitions are paused: it keeps the member in its group.
        while not self.stopping:
            self.resume_due()
            message = self.consumer.poll(POLL_S)
            if message is not None:
                self.on_message(message)
        self.consumer.close()

    def stop(self, *_):
        self.stopping = True


def main():
    if len(sys.argv) != 5:
        sys.exit(f"usage: {sys.argv[0]} BOOTSTRAP GROUP TOPIC COMMAND")
    worker = Worker(*sys.argv[1:])
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, worker.stop)
    worker.run()
    sys.exit(1 if worker.failed else 0)


if __name__ == "__main__":
    main()
