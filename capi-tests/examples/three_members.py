"""Three members of one consumer group: makes TOPIC with three partitions, unless it is there, and prints what each member
receives. Each partition belongs to one member at a time, so each message is printed once.

    pip install confluent-kafka
    python3 three_members.py BOOTSTRAP GROUP TOPIC

SIGINT and SIGTERM end it, with 0 if all went well. Members need not be in one program: started twice, it is a group of six, of
which three have nothing to do.
"""
import signal
import sys
import threading

from confluent_kafka import Consumer, KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

MEMBERS = 3
PARTITIONS = 3
POLL_S = 0.2
CREATE_S = 30

stopping = threading.Event()


def say(text):
    """With its line's end in one piece, since the members print from threads of their own."""
    print(text + "\n", end="", flush=True)


def make_topic(bootstrap, topic):
    """That it is there already is as good as that it is made."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    try:
        admin.create_topics([NewTopic(topic, num_partitions=PARTITIONS)], request_timeout=CREATE_S)[topic].result()
    except KafkaException as why:
        if why.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            sys.exit(f"{topic} is not made: {why.args[0]}")


class Member(threading.Thread):
    def __init__(self, number, bootstrap, group, topic):
        super().__init__()
        self.number, self.failed = number, False
        # auto.offset.reset: where a group that has committed nothing begins.
        self.consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest"})
        self.consumer.subscribe([topic], on_assign=self.tell("gets"), on_revoke=self.tell("gives up"))

    def tell(self, what):
        """Called by poll and close, when partitions are given to this member or taken from it."""
        def callback(consumer, partitions):
            for p in partitions:
                say(f"member {self.number} {what} partition {p.partition}")
        return callback

    def on_error(self, error):
        # A lost connection and the like, which the library gets over by itself.
        print(f"member {self.number}: {error}", file=sys.stderr)
        if error.fatal():
            self.failed = True
            stopping.set()

    def run(self):
        while not stopping.is_set():
            message = self.consumer.poll(POLL_S)
            if message is None:
                continue
            if message.error():
                self.on_error(message.error())
                continue
            say(f"member {self.number}: partition {message.partition()}, offset {message.offset()}: {message.value().decode()}")
        # Commits what was read, and leaves the group, so that the others get the partitions at once.
        self.consumer.close()


def main():
    if len(sys.argv) != 4:
        sys.exit(f"usage: {sys.argv[0]} BOOTSTRAP GROUP TOPIC")
    bootstrap, group, topic = sys.argv[1:]
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *_: stopping.set())
    make_topic(bootstrap, topic)
    members = [Member(n, bootstrap, group, topic) for n in range(1, MEMBERS + 1)]
    for member in members:
        member.start()
    for member in members:
        member.join()
    sys.exit(1 if any(member.failed for member in members) else 0)


if __name__ == "__main__":
    main()
