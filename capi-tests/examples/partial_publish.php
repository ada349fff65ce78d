<?php
declare(strict_types=1);
/*
 * Publishes a batch of which a part may fail: the lines of standard input go to TOPIC, and the program tells which of them have not
 * arrived, and why. A line is VALUE, or KEY, a tab and VALUE.
 *
 *     pecl install rdkafka
 *     php partial_publish.php BOOTSTRAP TOPIC <LINES
 *
 * It ends with 0 if all lines have been delivered, with 2 if some have not. unit_test.php tests publish() against a mock cluster.
 */
const ATTEMPTS = 3;

// The library itself sends again, until message.timeout.ms, what a broker refuses for a passing reason. What is left for the
// application: the time was over, or another message spoilt the batch that this one was in. All else would be refused again.
const WORTH_ANOTHER_ATTEMPT = [RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, RD_KAFKA_RESP_ERR__INVALID_DIFFERENT_RECORD];

final class Item
{
    public int $err = RD_KAFKA_RESP_ERR_NO_ERROR;

    public function __construct(public readonly string $value, public readonly ?string $key = null)
    {
    }
}

final class Publisher
{
    private RdKafka\Producer $producer;
    /** @var array<int, Item> those that are being sent, by the opaque value of their messages */
    private array $sent = [];

    /** @param array<string, string> $more properties */
    public function __construct(string $bootstrap, array $more = [])
    {
        $conf = new RdKafka\Conf();
        $properties = ['bootstrap.servers' => $bootstrap, 'enable.idempotence' => 'true', 'message.timeout.ms' => '10000'];
        foreach ($more + $properties as $name => $value) {
            $conf->set($name, $value);
        }
        $conf->setDrMsgCb(function (RdKafka\Producer $producer, RdKafka\Message $message): void {
            $this->sent[(int) $message->opaque]->err = $message->err;
        });
        $this->producer = new RdKafka\Producer($conf);
    }

    private function produce(RdKafka\ProducerTopic $topic, int $number, Item $item): void
    {
        while (true) {
            try {
                $topic->produce(RD_KAFKA_PARTITION_UA, 0, $item->value, $item->key, (string) $number);
                return;
            } catch (RdKafka\Exception $why) {
                if ($why->getCode() !== RD_KAFKA_RESP_ERR__QUEUE_FULL) {
                    // One that is not taken at all, such as one that is too large, gets no report.
                    $item->err = $why->getCode();
                    return;
                }
                // The local queue is full: poll serves reports, which make room.
                $this->producer->poll(100);
            }
        }
    }

    /**
     * Publishes all items.
     *
     * @param list<Item> $items
     * @return list<Item> those that have failed: their `err` says the reason
     */
    public function publish(string $name, array $items): array
    {
        $topic = $this->producer->newTopic($name);
        $this->sent = $items;
        for ($attempt = 0; $attempt < ATTEMPTS && $this->sent; $attempt++) {
            foreach ($this->sent as $number => $item) {
                $item->err = RD_KAFKA_RESP_ERR_NO_ERROR;
                $this->produce($topic, $number, $item);
            }
            // Every message is reported in the end, at the latest after message.timeout.ms.
            while ($this->producer->getOutQLen() > 0) {
                $this->producer->flush(1000);
            }
            $this->sent = array_filter($this->sent, fn (Item $item) => in_array($item->err, WORTH_ANOTHER_ATTEMPT, true));
        }
        return array_values(array_filter($items, fn (Item $item) => $item->err !== RD_KAFKA_RESP_ERR_NO_ERROR));
    }
}

/** The name of a code, such as INVALID_RECORD. */
function name_of(int $err): string
{
    $names = array_filter(get_defined_constants(true)['rdkafka'], fn ($value) => $value === $err);
    $names = array_filter(array_keys($names), fn (string $name) => str_starts_with($name, 'RD_KAFKA_RESP_ERR_'));
    return $names ? substr(reset($names), strlen('RD_KAFKA_RESP_ERR_')) : (string) $err;
}

function main(array $arguments): int
{
    if (count($arguments) !== 3) {
        fwrite(STDERR, "usage: php $arguments[0] BOOTSTRAP TOPIC <LINES\n");
        return 1;
    }
    $items = [];
    while (($line = fgets(STDIN)) !== false) {
        $parts = explode("\t", rtrim($line, "\n"), 2);
        $items[] = new Item(array_pop($parts), $parts[0] ?? null);
    }
    $failed = (new Publisher($arguments[1]))->publish($arguments[2], $items);
    foreach ($items as $index => $item) {
        if ($item->err !== RD_KAFKA_RESP_ERR_NO_ERROR) {
            printf("line %d not delivered: %s: %s\n", $index + 1, name_of($item->err), rd_kafka_err2str($item->err));
        }
    }
    printf("%d of %d delivered\n", count($items) - count($failed), count($items));
    return $failed ? 2 : 0;
}

// Another program that includes this one is not it.
if (realpath($_SERVER['SCRIPT_FILENAME']) === __FILE__) {
    exit(main($argv));
}
