<?php
declare(strict_types=1);
/*
 * Ten producers in one program: each sends its messages one by one, with a delay between them, and counts which of them the cluster
 * has acknowledged.
 *
 *     pecl install rdkafka
 *     php ten_producers.php BOOTSTRAP TOPIC MESSAGES DELAY_MS
 *
 * Messages of one producer have the same key, so they go to one partition and keep their order. It ends with 0 if all have been
 * delivered, with 1 otherwise.
 */
const PRODUCERS = 10;
const FLUSH_MS = 30_000;

final class Sender
{
    public int $delivered = 0;
    public int $failed = 0;
    private RdKafka\Producer $producer;
    private RdKafka\ProducerTopic $topic;

    public function __construct(private readonly int $number, string $bootstrap, string $topic)
    {
        $conf = new RdKafka\Conf();
        $conf->set('bootstrap.servers', $bootstrap);
        // With idempotence, what the library sends again after a lost answer is written once and in order.
        $conf->set('enable.idempotence', 'true');
        $conf->setDrMsgCb($this->onDelivery(...));
        $this->producer = new RdKafka\Producer($conf);
        $this->topic = $this->producer->newTopic($topic);
    }

    /** Called by poll and flush, once for each message. */
    public function onDelivery(RdKafka\Producer $producer, RdKafka\Message $message): void
    {
        if ($message->err === RD_KAFKA_RESP_ERR_NO_ERROR) {
            $this->delivered++;
            return;
        }
        $this->failed++;
        fprintf(STDERR, "producer %d: not delivered: %s\n", $this->number, rd_kafka_err2str($message->err));
    }

    public function produce(int $n): void
    {
        while (true) {
            try {
                $this->topic->produce(RD_KAFKA_PARTITION_UA, 0, "message $n of producer $this->number", "producer-$this->number");
                return;
            } catch (RdKafka\Exception $why) {
                if ($why->getCode() !== RD_KAFKA_RESP_ERR__QUEUE_FULL) {
                    throw $why;
                }
                // The local queue is full while the cluster is slower than the program: poll serves reports, which make room.
                $this->producer->poll(100);
            }
        }
    }

    public function poll(int $milliseconds): void
    {
        $this->producer->poll($milliseconds);
    }

    public function finish(): void
    {
        $this->producer->flush(FLUSH_MS);
        // What is left has been given no verdict within FLUSH_MS.
        $this->failed += $this->producer->getOutQLen();
    }
}

if ($argc !== 5) {
    fwrite(STDERR, "usage: php $argv[0] BOOTSTRAP TOPIC MESSAGES DELAY_MS\n");
    exit(1);
}
[, $bootstrap, $topic, $messages, $delayMs] = $argv;
$senders = array_map(fn (int $number) => new Sender($number, $bootstrap, $topic), range(1, PRODUCERS));
// PHP has one thread: the producers take turns. What they have produced is sent meanwhile by threads of the library.
for ($n = 1; $n <= (int) $messages; $n++) {
    $until = hrtime(true) + (int) $delayMs * 1_000_000;
    foreach ($senders as $sender) {
        $sender->produce($n);
        $sender->poll(0);
    }
    if (($left = $until - hrtime(true)) > 0) {
        usleep(intdiv($left, 1000));
    }
}
$failed = 0;
foreach ($senders as $index => $sender) {
    $sender->finish();
    printf("producer %d: %d delivered, %d failed\n", $index + 1, $sender->delivered, $sender->failed);
    $failed += $sender->failed;
}
exit($failed ? 1 : 0);
