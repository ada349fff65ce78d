<?php
declare(strict_types=1);

/** An item in the hands of the process that claimed it. */
final class QueueItem
{
    public function __construct(
        public readonly string $id,
        public readonly mixed $data,
        public readonly float $created,
        public readonly int $partition,
        public readonly int $offset,
        public readonly int $claim,
    ) {
    }
}

/** What a process knows of a partition while it is assigned to it. */
final class QueuePartition
{
    /** @var array<int, array{string, ?int}> payload and claim (null: unclaimed) of each item that was read and not deleted, in the log's order */
    public array $live = [];
    /** @var array<int, ?int> offsets of deleted items, with that of the record that tells so once it was read */
    public array $deleted = [];
    /** The offset behind the last item that was read. */
    public ?int $next = null;
    /** The offset behind the last record of the list of deleted items that was read. */
    public ?int $deletedNext = null;
    public bool $loaded = false;

    /** Before it, no item is left. */
    public function base(): ?int
    {
        return array_key_first($this->live) ?? $this->next;
    }
}

/**
 * A queue of work over Kafka, with the calls of Drupal's queues: items are created, claimed for a time, and then deleted or released.
 *
 * The topic NAME has the items, and the topic NAME-deleted, with as many partitions, the offsets of those deleted, each in the
 * partition with the item's number. Both exist before the queue is used, and keep their records for longer than an item waits; two
 * partitions for each server let two processes of it work. All processes are one consumer group. The range assignor gives a
 * process the same partitions of both topics, and a process that gets a partition reads the list of deleted items to its end
 * before it hands out the first item: so a deleted item never comes again, whichever process deleted it, and what a process had
 * claimed when it died comes again elsewhere. Garbage is collected by committing, for the items, the first that is not deleted,
 * and for the list, the first record that tells of an item behind that one: a process that comes later reads from there.
 *
 * Of an item that was claimed while its partition went to another process, the claim is lost: the other one gets the item, too,
 * and deleteItem() answers false. A process that Kafka takes for dead (session.timeout.ms, max.poll.interval.ms) does not know
 * of that before its next call, so what it deletes until then may have been claimed elsewhere already.
 */
final class KafkaQueue
{
    private const COLLECT_EVERY = 100;
    private const POLL_EVERY_NS = 100_000_000;

    private RdKafka\Producer $producer;
    private RdKafka\ProducerTopic $items;
    private RdKafka\ProducerTopic $deletions;
    private ?RdKafka\KafkaConsumer $consumer = null;
    /** @var array<int, QueuePartition> */
    private array $partitions = [];
    /** @var SplQueue<array{int, int}> partition and offset of items that can be claimed; some of them may be gone by then */
    private SplQueue $ready;
    /** @var SplPriorityQueue<array{int, int, int}, float> partition, offset and claim, the lease that ends first on top */
    private SplPriorityQueue $leases;
    /** @var array<int, ?string> what became of the messages being sent: "PARTITION-OFFSET", or null */
    private array $reports = [];
    private int $claims = 0;
    private int $uncollected = 0;
    private int $polled = 0;

    /**
     * @param array<string, string> $properties librdkafka's, for the producer as for the consumer: metadata.broker.list at least
     * @param array<string, string> $forConsumer properties that only consumers have
     */
    public function __construct(private readonly string $name, private readonly array $properties, private readonly array $forConsumer = [])
    {
        $this->ready = new SplQueue();
        $this->leases = new SplPriorityQueue();
        $conf = $this->conf(['enable.idempotence' => 'true']);
        $conf->setDrMsgCb(function ($producer, RdKafka\Message $message): void {
            $this->reports[(int) $message->opaque] = $message->err ? null : "{$message->partition}-{$message->offset}";
        });
        $this->producer = new RdKafka\Producer($conf);
        $this->items = $this->producer->newTopic($name);
        $this->deletions = $this->producer->newTopic($this->deletedTopic());
    }

    /** The id of the new item, or false if it is not certain that Kafka has it. */
    public function createItem(mixed $data): string|false
    {
        return $this->createItems([$data])[0];
    }

    /**
     * @param list<mixed> $data
     * @return list<string|false> for each its id, or false if it is not certain that Kafka has it: only those are to be tried again
     */
    public function createItems(array $data): array
    {
        $payloads = array_map(fn ($d) => json_encode(['data' => $d, 'created' => microtime(true)], JSON_THROW_ON_ERROR), $data);
        return $this->send($this->items, array_map(fn ($payload) => [RD_KAFKA_PARTITION_UA, $payload], $payloads));
    }

    /** An item that no other process of the queue gets for $lease seconds, or null if none comes within $timeoutMs. */
    public function claimItem(float $lease = 3600, int $timeoutMs = 0): ?QueueItem
    {
        $until = hrtime(true) + $timeoutMs * 1_000_000;
        if (hrtime(true) - $this->polled > self::POLL_EVERY_NS) {
            $this->poll(0);
        }
        while (true) {
            $this->endLeases();
            while (!$this->ready->isEmpty()) {
                if ($item = $this->claim(...$this->ready->dequeue(), ...[$lease])) {
                    return $item;
                }
            }
            $left = intdiv(max(0, $until - hrtime(true)), 1_000_000);
            if (!$this->poll($left) && $left <= 0) {
                return null;
            }
        }
    }

    /** Whether it was this process's to release: it can be claimed again at once. */
    public function releaseItem(QueueItem $item): bool
    {
        if (!$this->isHeld($item)) {
            return false;
        }
        $this->partitions[$item->partition]->live[$item->offset][1] = null;
        $this->ready->enqueue([$item->partition, $item->offset]);
        return true;
    }

    /** Whether it is deleted: then it never comes again. It was not if the claim is lost, or Kafka did not take it in. */
    public function deleteItem(QueueItem $item): bool
    {
        if (!$this->isHeld($item) || $this->send($this->deletions, [[$item->partition, (string) $item->offset]]) === [false]) {
            return false;
        }
        $partition = $this->partitions[$item->partition];
        unset($partition->live[$item->offset]);
        $partition->deleted[$item->offset] ??= null;
        if (++$this->uncollected >= self::COLLECT_EVERY) {
            $this->garbageCollection();
        }
        return true;
    }

    /** How many items wait or are claimed; an estimate: those deleted behind one that is not are counted. */
    public function numberOfItems(int $timeoutMs = 10_000): int
    {
        $topic = $this->producer->getMetadata(false, $this->items, $timeoutMs)->getTopics()->current();
        $wanted = [];
        foreach ($topic->getPartitions() as $partition) {
            $wanted[] = new RdKafka\TopicPartition($this->name, $partition->getId());
        }
        $number = 0;
        foreach ($this->consumer()->getCommittedOffsets($wanted, $timeoutMs) as $committed) {
            $low = $high = 0;
            $this->producer->queryWatermarkOffsets($this->name, $committed->getPartition(), $low, $high, $timeoutMs);
            $number += max(0, $high - max($low, $committed->getOffset()));
        }
        return $number;
    }

    /** Forgets deleted items that no later process has to know of. It is called now and then by itself. */
    public function garbageCollection(): void
    {
        $offsets = [];
        foreach ($this->partitions as $number => $partition) {
            if (($base = $partition->base()) === null) {
                continue;
            }
            $partition->deleted = array_filter($partition->deleted, fn ($offset) => $offset >= $base, ARRAY_FILTER_USE_KEY);
            $offsets[] = new RdKafka\TopicPartition($this->name, $number, $base);
            $told = array_filter($partition->deleted, fn ($record) => $record !== null);
            if (($first = $told ? min($told) : $partition->deletedNext) !== null) {
                $offsets[] = new RdKafka\TopicPartition($this->deletedTopic(), $number, $first);
            }
        }
        $this->uncollected = 0;
        try {
            $offsets && $this->consumer()->commit($offsets);
        } catch (RdKafka\Exception) {
            // Another process has the partition by now, or will: it has some more deleted items to pass over.
        }
    }

    /** Claimed items are free for other processes then. */
    public function close(): void
    {
        $this->consumer?->close();
        $this->consumer = null;
    }

    private function deletedTopic(): string
    {
        return "{$this->name}-deleted";
    }

    /** @param array<string, string> $own */
    private function conf(array $own): RdKafka\Conf
    {
        $conf = new RdKafka\Conf();
        foreach ($own + $this->properties as $name => $value) {
            $conf->set($name, $value);
        }
        return $conf;
    }

    /** A process that only creates items is no member of the group. */
    private function consumer(): RdKafka\KafkaConsumer
    {
        if ($this->consumer) {
            return $this->consumer;
        }
        $conf = $this->conf([
            'group.id' => "queue-{$this->name}",
            'enable.auto.commit' => 'false',
            'enable.partition.eof' => 'true',
            'auto.offset.reset' => 'earliest',
            'partition.assignment.strategy' => 'range',
        ] + $this->forConsumer);
        $conf->setRebalanceCb(function (RdKafka\KafkaConsumer $consumer, int $err, ?array $partitions): void {
            $err === RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS ? $this->assigned($consumer, $partitions ?? []) : $this->revoked($consumer, $err);
        });
        $this->consumer = new RdKafka\KafkaConsumer($conf);
        $this->consumer->subscribe([$this->name, $this->deletedTopic()]);
        return $this->consumer;
    }

    /** @param list<RdKafka\TopicPartition> $assigned */
    private function assigned(RdKafka\KafkaConsumer $consumer, array $assigned): void
    {
        $consumer->assign($assigned);
        // A client that knows of one topic before the other has only its partitions assigned at first: they wait.
        $of = fn (string $topic) => array_filter($assigned, fn ($partition) => $partition->getTopic() === $topic);
        $numbers = fn (array $partitions) => array_map(fn ($partition) => $partition->getPartition(), $partitions);
        $items = $of($this->name);
        foreach (array_intersect($numbers($items), $numbers($of($this->deletedTopic()))) as $number) {
            $this->partitions[$number] = new QueuePartition();
        }
        $items && $consumer->pausePartitions(array_values($items));
    }

    private function revoked(RdKafka\KafkaConsumer $consumer, int $err): void
    {
        if ($err === RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) {
            $this->consumer && $this->garbageCollection();
        }
        $this->partitions = [];
        $consumer->assign(null);
    }

    /** Whether something came. */
    private function poll(int $timeoutMs): bool
    {
        $this->polled = hrtime(true);
        $message = $this->consumer()->consume($timeoutMs);
        $partition = $this->partitions[$message->partition] ?? null;
        $ofItems = $message->topic_name === $this->name;
        switch ($message->err) {
            case RD_KAFKA_RESP_ERR_NO_ERROR:
                // Of a partition that has gone in the meantime nothing is delivered.
                if ($partition && $ofItems) {
                    $this->read($partition, $message);
                } elseif ($partition) {
                    $partition->deletedNext = $message->offset + 1;
                    $this->readDeletion($partition, (int) $message->payload, $message->offset);
                }
                return true;
            case RD_KAFKA_RESP_ERR__PARTITION_EOF:
                if ($partition && !$ofItems) {
                    $partition->deletedNext ??= $message->offset;
                    if (!$partition->loaded) {
                        $partition->loaded = true;
                        $this->consumer()->resumePartitions([new RdKafka\TopicPartition($this->name, $message->partition)]);
                    }
                }
                return true;
            case RD_KAFKA_RESP_ERR__TIMED_OUT:
                return false;
            default:
                // The library goes on by itself after what it tells here, if it is not fatal.
                if ($message->err === RD_KAFKA_RESP_ERR__FATAL) {
                    throw new RuntimeException($message->errstr());
                }
                return false;
        }
    }

    private function read(QueuePartition $partition, RdKafka\Message $message): void
    {
        $partition->next = $message->offset + 1;
        if (!array_key_exists($message->offset, $partition->deleted)) {
            $partition->live[$message->offset] = [$message->payload, null];
            $this->ready->enqueue([$message->partition, $message->offset]);
        }
    }

    private function readDeletion(QueuePartition $partition, int $offset, int $record): void
    {
        $base = $partition->base();
        unset($partition->live[$offset]);
        if ($base === null || $offset >= $base) {
            $partition->deleted[$offset] = $record;
        }
    }

    private function claim(int $partition, int $offset, float $lease): ?QueueItem
    {
        $item = $this->partitions[$partition]->live[$offset] ?? null;
        if ($item === null || $item[1] !== null) {
            return null;
        }
        $claim = ++$this->claims;
        $this->partitions[$partition]->live[$offset][1] = $claim;
        $this->leases->insert([$partition, $offset, $claim], -(microtime(true) + $lease));
        ['data' => $data, 'created' => $created] = json_decode($item[0], true, flags: JSON_THROW_ON_ERROR);
        return new QueueItem("$partition-$offset", $data, $created, $partition, $offset, $claim);
    }

    private function endLeases(): void
    {
        $this->leases->setExtractFlags(SplPriorityQueue::EXTR_BOTH);
        while (!$this->leases->isEmpty() && -$this->leases->top()['priority'] <= microtime(true)) {
            [$partition, $offset, $claim] = $this->leases->extract()['data'];
            if (($this->partitions[$partition]->live[$offset][1] ?? null) === $claim) {
                $this->partitions[$partition]->live[$offset][1] = null;
                $this->ready->enqueue([$partition, $offset]);
            }
        }
    }

    private function isHeld(QueueItem $item): bool
    {
        return ($this->partitions[$item->partition]->live[$item->offset][1] ?? null) === $item->claim;
    }

    /**
     * @param list<array{int, string}> $messages partition and payload of each
     * @return list<string|false> the ids, false for those that failed
     */
    private function send(RdKafka\ProducerTopic $topic, array $messages): array
    {
        $this->reports = [];
        foreach ($messages as $number => [$partition, $payload]) {
            try {
                $topic->produce($partition, RD_KAFKA_MSG_F_BLOCK, $payload, null, (string) $number);
            } catch (RdKafka\Exception) {
                $this->reports[$number] = null;
            }
            $this->producer->poll(0);
        }
        while (count($this->reports) < count($messages)) {
            $this->producer->poll(1000);
        }
        return array_map(fn ($number) => $this->reports[$number] ?? false, array_keys($messages));
    }
}
