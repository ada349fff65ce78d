<?php
declare(strict_types=1);
/*
 * A unit test of an application that uses Kafka, without a Kafka: publish() of partial_publish.php against the mock cluster that is
 * a part of the library.
 *
 *     pecl install rdkafka
 *     php unit_test.php
 *
 * It prints a line for each test, and ends with 0 if all of them have passed. C programs can also tell the mock cluster what to
 * refuse: see unit_test.c.
 */
require __DIR__ . '/partial_publish.php';

const TOPIC = 'orders';
const ASK_MS = 10_000;

/** A mock cluster, which lives as long as the instance that has made it, and what the application has. */
final class World
{
    public ?RdKafka\Producer $owner;
    public Publisher $publisher;
    private string $bootstrap;

    public function __construct()
    {
        $conf = new RdKafka\Conf();
        $conf->set('test.mock.num.brokers', '3');
        $this->owner = new RdKafka\Producer($conf);
        $brokers = iterator_to_array($this->owner->getMetadata(true, null, ASK_MS)->getBrokers());
        $this->bootstrap = implode(',', array_map(fn ($broker) => "{$broker->getHost()}:{$broker->getPort()}", $brokers));
        // A time-out that a test can wait for.
        $this->publisher = new Publisher($this->bootstrap, ['message.timeout.ms' => '1000']);
    }

    /** How many messages the topic has: what the application believes is one thing, what has arrived another. */
    public function arrived(): int
    {
        $conf = new RdKafka\Conf();
        $conf->set('bootstrap.servers', $this->bootstrap);
        $reader = new RdKafka\Producer($conf);
        $topic = $reader->getMetadata(false, $reader->newTopic(TOPIC), ASK_MS)->getTopics()->current();
        $total = 0;
        foreach ($topic->getPartitions() as $partition) {
            $low = $high = 0;
            $reader->queryWatermarkOffsets(TOPIC, $partition->getId(), $low, $high, ASK_MS);
            $total += $high - $low;
        }
        return $total;
    }
}

/** @var array<string, Closure(World): bool> */
$tests = [
    'all arrive' => function (World $world): bool {
        return $world->publisher->publish(TOPIC, [new Item('tea'), new Item('ink'), new Item('yarn', 'k')]) === [] && $world->arrived() === 3;
    },
    'a part that is too large' => function (World $world): bool {
        $items = [new Item('tea'), new Item(str_repeat('x', 2_000_000)), new Item('ink')];
        return $world->publisher->publish(TOPIC, $items) === [$items[1]]
            && $items[1]->err === RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE
            && $world->arrived() === 2;
    },
    'a cluster that goes away' => function (World $world): bool {
        $first = $world->publisher->publish(TOPIC, [new Item('tea')]);
        $world->owner = null;
        $items = [new Item('ink'), new Item('yarn')];
        return $first === []
            && $world->publisher->publish(TOPIC, $items) === $items
            && array_map(fn (Item $item) => $item->err, $items) === [RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT];
    },
];
$failed = 0;
foreach ($tests as $name => $test) {
    $passed = $test(new World());
    echo $passed ? 'ok' : 'FAILED', ": $name\n";
    $failed += !$passed;
}
exit($failed ? 1 : 0);
