"""Retries with acknowledgement: a message that cannot be handled goes to TOPIC-retry, is tried again from there, and after three
attempts goes to TOPIC-failed. Its place in the topic is given up only when it has been handled, or when the cluster has
acknowledged its copy, so that no message is lost and none holds up those behind it. Each message is handled by COMMAND, which
gets it as its standard input and says by its exit code whether it has been handled.

    pip install confluent-kafka
    python3 retry_acknowledged.py BOOTSTRAP GROUP TOPIC COMMAND

SIGINT and SIGTERM end it, with 0 if all went well. A message may be handled twice, when the program dies at the wrong moment.
Where the order within a partition matters, see pause_on_failure.py.
"""
import signal
import subprocess
import sys
import time

from confluent_kafka import Consumer, KafkaException, Producer

POLL_S = 0.2
RETRY_S = 0.5  # So long after it was put there, a message in TOPIC-retry is tried again.
ATTEMPTS = 3
HEADER = "attempts"


def attempts(message):
    """How often the message has been tried before."""
    return int(dict(message.headers() or []).get(HEADER, 0))


class Worker:
    def __init__(self, bootstrap, group, topic, command):
        self.retry_topic, self.failed_topic, self.command = topic + "-retry", topic + "-failed", command
        self.stopping = self.failed = False
        # A copy that the library sends again is written once.
        self.producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "linger.ms": 0})
        # Offsets are stored by this program, when a message has been settled. TOPIC-retry need not be there before: it is made
        # by the first question for it, and found by the next one.
        self.consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest",
                                  "enable.auto.offset.store": False, "allow.auto.create.topics": True,
                                  "topic.metadata.refresh.interval.ms": 3000})
        self.consumer.subscribe([topic, self.retry_topic])

    def handle(self, message):
        """The work itself."""
        return subprocess.run(self.command, shell=True, input=message.value()).returncode == 0

    def send_copy(self, message, to, tried):
        """Waits until the cluster has acknowledged the copy or the library has given it up (message.timeout.ms)."""
        outcome = []
        self.producer.produce(to, key=message.key(), value=message.value(), headers={HEADER: str(tried)},
                              on_delivery=lambda error, _: outcome.append(error))
        while not outcome:
            self.producer.poll(POLL_S)
        if outcome[0]:
            raise KafkaException(outcome[0])

    def put(self, message, to, tried):
        """The same, again and again: without its copy, the message must keep its place. Says whether there is one."""
        while True:
            try:
                self.send_copy(message, to, tried)
                return True
            except KafkaException as why:
                print(f"{to}: {why.args[0]}", file=sys.stderr)
                if why.args[0].fatal() or why.args[0].name() == "MSG_SIZE_TOO_LARGE":
                    self.failed = self.stopping = True
            if self.stopping:
                return False
            time.sleep(1)

    def settle(self, message):
        """Says whether the message may give up its place."""
        where, tried = f"{message.topic()} [{message.partition()}] {message.offset()}", attempts(message)
        if message.topic() == self.retry_topic:
            # A message that has just failed is not tried again at once.
            left = message.timestamp()[1] / 1000 + RETRY_S - time.time()
            time.sleep(min(max(left, 0), RETRY_S))
        if self.handle(message):
            print(f"{where}: handled at attempt {tried + 1}", flush=True)
            return True
        tried += 1
        print(f"{where}: attempt {tried} failed", flush=True)
        return self.put(message, self.retry_topic if tried < ATTEMPTS else self.failed_topic, tried)

    def run(self):
        while not self.stopping:
            message = self.consumer.poll(POLL_S)
            if message is None:
                continue
            if message.error():
                # A lost connection, a topic that is not made yet and the like, which the library gets over by itself.
                print(f"consumer: {message.error()}", file=sys.stderr)
                self.failed = message.error().fatal()
                self.stopping = self.stopping or self.failed
            elif self.settle(message):
                # This offset is committed with the next automatic commit, and when the consumer closes.
                self.consumer.store_offsets(message)
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
