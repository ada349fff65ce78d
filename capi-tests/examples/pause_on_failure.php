<?php
declare(strict_types=1);
/*
 * Pauses a partition when a message of it cannot be handled, and tries the same message again later, while the other partitions go
 * on: the order within a partition is kept, and no message is left out. Each message is handled by COMMAND, which gets it as its
 * standard input and says by its exit code whether it has been handled.
 *
 *     pecl install rdkafka
 *     php pause_on_failure.php BOOTSTRAP GROUP TOPIC COMMAND
 *
 * SIGINT and SIGTERM end it, with 0 if all went well. A message may be handled twice, when the program dies between the handling
 * and the commit; it is never left out. A handler that can fail for good needs another place for such messages: see
 * retry_acknowledged.php.
 */
const POLL_MS = 200;
const PAUSE_NS = 1_000_000_000;

final class Worker
{
    public bool $stopping = false;
    public bool $failed = false;
    private RdKafka\KafkaConsumer $consumer;
    private RdKafka\KafkaConsumerTopic $offsets;
    /** @var array<int, array{RdKafka\Message, int}> the message that has failed, and until when it waits, by partition */
    private array $paused = [];

    public function __construct(string $bootstrap, string $group, private readonly string $topic, private readonly string $command)
    {
        $conf = new RdKafka\Conf();
        $conf->set('bootstrap.servers', $bootstrap);
        $conf->set('group.id', $group);
        $conf->set('auto.offset.reset', 'earliest');
        // Offsets are stored by this program, when a message has been handled.
        $conf->set('enable.auto.offset.store', 'false');
        $conf->setRebalanceCb($this->onRebalance(...));
        $this->consumer = new RdKafka\KafkaConsumer($conf);
        $this->offsets = $this->consumer->newTopic($topic);
        $this->consumer->subscribe([$topic]);
    }

    /** A partition that goes to another member is no longer paused, wherever it comes to. */
    public function onRebalance(RdKafka\KafkaConsumer $consumer, int $err, ?array $partitions): void
    {
        if ($err === RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
            $consumer->assign($partitions);
            return;
        }
        $this->paused && $consumer->resumePartitions($this->places(array_keys($this->paused)));
        $this->paused = [];
        $consumer->assign(null);
    }

    public function run(): void
    {
        // Polling goes on while partitions are paused: it keeps the member in its group.
        while (!$this->stopping) {
            $this->tryAgain();
            $this->onMessage($this->consumer->consume(POLL_MS));
        }
        $this->consumer->close();
    }

    /** The work itself. */
    private function handle(RdKafka\Message $message): bool
    {
        $process = proc_open($this->command, [['pipe', 'r'], STDOUT, STDERR], $pipes);
        // A handler that does not read to the end gets a broken pipe, which is its own affair.
        @fwrite($pipes[0], (string) $message->payload);
        fclose($pipes[0]);
        return proc_close($process) === 0;
    }

    private function attempt(RdKafka\Message $message): bool
    {
        if (!$this->handle($message)) {
            echo "partition $message->partition is paused at offset $message->offset\n";
            $this->paused[$message->partition] = [$message, hrtime(true) + PAUSE_NS];
            return false;
        }
        echo "partition $message->partition, offset $message->offset: handled\n";
        // This offset is committed with the next automatic commit, and when the consumer closes.
        $this->offsets->offsetStore($message->partition, $message->offset);
        return true;
    }

    /** The messages whose time has come. php-rdkafka cannot seek, so they have been kept. */
    private function tryAgain(): void
    {
        foreach ($this->paused as $partition => [$message, $until]) {
            if ($until <= hrtime(true) && $this->attempt($message)) {
                unset($this->paused[$partition]);
                $this->consumer->resumePartitions($this->places([$partition]));
            }
        }
    }

    private function onMessage(RdKafka\Message $message): void
    {
        if ($message->err === RD_KAFKA_RESP_ERR_NO_ERROR) {
            // What the library has fetched behind the message is not delivered while the partition is paused.
            $this->attempt($message) || $this->consumer->pausePartitions($this->places([$message->partition]));
        } elseif ($message->err !== RD_KAFKA_RESP_ERR__TIMED_OUT) {
            // A lost connection and the like, which the library gets over by itself.
            fprintf(STDERR, "consumer: %s\n", $message->errstr());
            $this->failed = $message->err === RD_KAFKA_RESP_ERR__FATAL;
            $this->stopping = $this->stopping || $this->failed;
        }
    }

    /**
     * @param list<int> $partitions
     * @return list<RdKafka\TopicPartition>
     */
    private function places(array $partitions): array
    {
        return array_map(fn (int $partition) => new RdKafka\TopicPartition($this->topic, $partition), $partitions);
    }
}

if ($argc !== 5) {
    fwrite(STDERR, "usage: php $argv[0] BOOTSTRAP GROUP TOPIC COMMAND\n");
    exit(1);
}
$worker = new Worker(...array_slice($argv, 1));
pcntl_async_signals(true);
foreach ([SIGINT, SIGTERM] as $ending) {
    pcntl_signal($ending, function () use ($worker): void {
        $worker->stopping = true;
    });
}
$worker->run();
exit($worker->failed ? 1 : 0);
