"""Ten producers in one program: each sends its messages one by one, with a delay between them, and counts which of them the
cluster has acknowledged.

    pip install confluent-kafka
    python3 ten_producers.py BOOTSTRAP TOPIC MESSAGES DELAY_MS

Messages of one producer have the same key, so they go to one partition and keep their order. It ends with 0 if all have been
delivered, with 1 otherwise.
"""
import sys
import threading
import time

from confluent_kafka import Producer

PRODUCERS = 10
FLUSH_S = 30


class Sender(threading.Thread):
    def __init__(self, number, bootstrap, topic, messages, delay_s):
        super().__init__()
        self.number, self.topic, self.messages, self.delay_s = number, topic, messages, delay_s
        self.delivered = self.failed = 0
        # With idempotence, what the library sends again after a lost answer is written once and in order.
        self.producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True})

    def on_delivery(self, error, message):
        """Called by poll and flush, once for each message."""
        if error is None:
            self.delivered += 1
            return
        self.failed += 1
        print(f"producer {self.number}: not delivered: {error}", file=sys.stderr)

    def produce(self, n):
        while True:
            try:
                return self.producer.produce(self.topic, key=f"producer-{self.number}", value=f"message {n} of producer {self.number}",
                                             on_delivery=self.on_delivery)
            except BufferError:
                # The local queue is full while the cluster is slower than the program: poll serves reports, which make room.
                self.producer.poll(0.1)

    def run(self):
        for n in range(1, self.messages + 1):
            until = time.monotonic() + self.delay_s
            self.produce(n)
            # It returns as soon as it has served something.
            while (left := until - time.monotonic()) > 0:
                self.producer.poll(left)
        # What is left has been given no verdict within FLUSH_S.
        self.failed += self.producer.flush(FLUSH_S)


def main():
    if len(sys.argv) != 5:
        sys.exit(f"usage: {sys.argv[0]} BOOTSTRAP TOPIC MESSAGES DELAY_MS")
    bootstrap, topic, messages, delay_ms = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    senders = [Sender(n, bootstrap, topic, messages, delay_ms / 1000) for n in range(1, PRODUCERS + 1)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
        print(f"producer {sender.number}: {sender.delivered} delivered, {sender.failed} failed")
    sys.exit(1 if any(sender.failed for sender in senders) else 0)


if __name__ == "__main__":
    main()
