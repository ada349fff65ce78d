<?php
declare(strict_types=1);
/*
 * Retries with acknowledgement: a message that cannot be handled goes to TOPIC-retry, is tried again from there, and after three
 * attempts goes to TOPIC-failed. Its place in the topic is given up only when it has been handled, or when the cluster has
 * acknowledged its copy, so that no message is lost and none holds up those behind it. Each message is handled by COMMAND, which
 * gets it as its standard input and says by its exit code whether it has been handled.
 *
 *     pecl install rdkafka
 *     php retry_acknowledged.php BOOTSTRAP GROUP TOPIC COMMAND
 *
 * SIGINT and SIGTERM end it, with 0 if all went well. A message may be handled twice, when the program dies at the wrong moment.
 * Where the order within a partition matters, see pause_on_failure.php.
 */
const POLL_MS = 200;
const RETRY_S = 0.5; // So long after it was put there, a message in TOPIC-retry is tried again.
const ATTEMPTS = 3;
const HEADER = 'attempts';

final class Worker
{
    public bool $stopping = false;
    public bool $failed = false;
    private RdKafka\Producer $producer;
    private RdKafka\KafkaConsumer $consumer;
    /** @var array<string, RdKafka\ProducerTopic|RdKafka\KafkaConsumerTopic> by whose they are and their name */
    private array $topics = [];
    private readonly string $retryTopic;
    /** What became of the copy that is being sent. */
    private ?int $outcome = null;

    public function __construct(string $bootstrap, string $group, private readonly string $topic, private readonly string $command)
    {
        $this->retryTopic = "$topic-retry";
        // A copy that the library sends again is written once.
        $conf = self::conf(['bootstrap.servers' => $bootstrap, 'enable.idempotence' => 'true', 'linger.ms' => '0']);
        $conf->setDrMsgCb(function (RdKafka\Producer $producer, RdKafka\Message $message): void {
            $this->outcome = $message->err;
        });
        $this->producer = new RdKafka\Producer($conf);
        // Offsets are stored by this program, when a message has been settled. TOPIC-retry need not be there before: it is made by
        // the first question for it, and found by the next one.
        $this->consumer = new RdKafka\KafkaConsumer(self::conf([
            'bootstrap.servers' => $bootstrap,
            'group.id' => $group,
            'auto.offset.reset' => 'earliest',
            'enable.auto.offset.store' => 'false',
            'allow.auto.create.topics' => 'true',
            'topic.metadata.refresh.interval.ms' => '3000',
        ]));
        $this->consumer->subscribe([$topic, $this->retryTopic]);
    }

    public function run(): void
    {
        while (!$this->stopping) {
            $message = $this->consumer->consume(POLL_MS);
            if ($message->err === RD_KAFKA_RESP_ERR_NO_ERROR) {
                if ($this->settle($message)) {
                    // This offset is committed with the next automatic commit, and when the consumer closes.
                    $this->topicOf($this->consumer, $message->topic_name)->offsetStore($message->partition, $message->offset);
                }
            } elseif ($message->err !== RD_KAFKA_RESP_ERR__TIMED_OUT) {
                // A lost connection, a topic that is not made yet and the like, which the library gets over by itself.
                fprintf(STDERR, "consumer: %s\n", $message->errstr());
                $this->failed = $message->err === RD_KAFKA_RESP_ERR__FATAL;
                $this->stopping = $this->stopping || $this->failed;
            }
        }
        $this->consumer->close();
    }

    /** @param array<string, string> $properties */
    private static function conf(array $properties): RdKafka\Conf
    {
        $conf = new RdKafka\Conf();
        foreach ($properties as $name => $value) {
            $conf->set($name, $value);
        }
        return $conf;
    }

    private function topicOf(RdKafka\Producer|RdKafka\KafkaConsumer $client, string $name): RdKafka\ProducerTopic|RdKafka\KafkaConsumerTopic
    {
        return $this->topics[$client::class . $name] ??= $client->newTopic($name);
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

    /** Waits until the cluster has acknowledged the copy or the library has given it up (message.timeout.ms). */
    private function sendCopy(RdKafka\Message $message, string $to, int $tried): int
    {
        $this->outcome = null;
        try {
            $this->topicOf($this->producer, $to)->producev(RD_KAFKA_PARTITION_UA, 0, $message->payload, $message->key, [HEADER => (string) $tried]);
        } catch (RdKafka\Exception $why) {
            return $why->getCode();
        }
        while ($this->outcome === null) {
            $this->producer->poll(POLL_MS);
        }
        return $this->outcome;
    }

    /** The same, again and again: without its copy, the message must keep its place. Says whether there is one. */
    private function put(RdKafka\Message $message, string $to, int $tried): bool
    {
        while (($err = $this->sendCopy($message, $to, $tried)) !== RD_KAFKA_RESP_ERR_NO_ERROR) {
            fprintf(STDERR, "%s: %s\n", $to, rd_kafka_err2str($err));
            if ($err === RD_KAFKA_RESP_ERR__FATAL || $err === RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
                $this->failed = $this->stopping = true;
            }
            if ($this->stopping) {
                return false;
            }
            sleep(1);
        }
        return true;
    }

    /** Says whether the message may give up its place. */
    private function settle(RdKafka\Message $message): bool
    {
        $where = "$message->topic_name [$message->partition] $message->offset";
        $tried = (int) ($message->headers[HEADER] ?? 0);
        if ($message->topic_name === $this->retryTopic) {
            // A message that has just failed is not tried again at once.
            $left = $message->timestamp / 1000 + RETRY_S - microtime(true);
            usleep((int) (min(max($left, 0), RETRY_S) * 1_000_000));
        }
        $tried++;
        if ($this->handle($message)) {
            echo "$where: handled at attempt $tried\n";
            return true;
        }
        echo "$where: attempt $tried failed\n";
        return $this->put($message, $tried < ATTEMPTS ? $this->retryTopic : "$this->topic-failed", $tried);
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
