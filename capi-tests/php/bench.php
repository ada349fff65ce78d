<?php
declare(strict_types=1);
/*
 * bench.php WORKLOAD COUNT TOPIC [conf=value]...: one workload of make bench through php-rdkafka, with the figures of bench.c.
 *
 * php-produce: messages of 100 bytes, polled after each. php-low: RdKafka\Consumer's topic, one message a call, partition 0.
 * php-high: RdKafka\KafkaConsumer, assigned to partition 0. php-latency: from produce() to what consume() returns, ten a second.
 */
[, $workload, $count, $topic] = $argv;
$count = (int) $count;
$conf = new RdKafka\Conf();
$conf->set('metadata.broker.list', getenv('BOOTSTRAP'));
foreach (array_slice($argv, 4) as $property) {
    $conf->set(...explode('=', $property, 2));
}

function cpu_us(): int
{
    $u = getrusage();
    return ($u['ru_utime.tv_sec'] + $u['ru_stime.tv_sec']) * 1_000_000 + $u['ru_utime.tv_usec'] + $u['ru_stime.tv_usec'];
}

function fail(string $why): never
{
    fwrite(STDERR, "bench.php: $why\n");
    exit(1);
}

/** What is measured begins when a first message has come or gone, so that connecting is not. */
function begin(): array
{
    return [hrtime(true), cpu_us()];
}

function produce(RdKafka\Conf $conf, string $topic, int $count): array
{
    $failed = $delivered = 0;
    $conf->setDrMsgCb(function ($producer, $message) use (&$failed, &$delivered): void {
        $message->err ? $failed++ : $delivered++;
    });
    $producer = new RdKafka\Producer($conf);
    $to = $producer->newTopic($topic);
    $payload = str_repeat('0123456789', 10);
    $to->produce(RD_KAFKA_PARTITION_UA, 0, $payload);
    $producer->flush(30_000) === RD_KAFKA_RESP_ERR_NO_ERROR || fail('no first message');
    $begin = begin();
    for ($i = 0; $i < $count; $i++) {
        $to->produce(RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_BLOCK, $payload);
        $producer->poll(0);
    }
    $producer->flush(120_000) === RD_KAFKA_RESP_ERR_NO_ERROR || fail('not all messages went');
    $delivered === $count + 1 || fail("$failed messages failed");
    return $begin;
}

function consume(int $count, callable $next): array
{
    $begin = null;
    $waited = 0;
    for ($i = 0; $i < $count;) {
        $message = $next();
        if ($message === null || $message->err === RD_KAFKA_RESP_ERR__TIMED_OUT) {
            ++$waited < 30 || fail("only $i of $count messages came");
            continue;
        }
        $message->err === RD_KAFKA_RESP_ERR_NO_ERROR || fail($message->errstr());
        $begin ??= begin();
        $waited = 0;
        $i++;
    }
    return $begin;
}

function low(RdKafka\Conf $conf, string $topic, int $count): array
{
    $from = (new RdKafka\Consumer($conf))->newTopic($topic);
    $from->consumeStart(0, RD_KAFKA_OFFSET_BEGINNING);
    $begin = consume($count, fn () => $from->consume(0, 1000));
    $GLOBALS['end'] = begin();
    $from->consumeStop(0);
    return $begin;
}

function high(RdKafka\Conf $conf, string $topic, int $count): array
{
    $consumer = new RdKafka\KafkaConsumer($conf);
    $consumer->assign([new RdKafka\TopicPartition($topic, 0, RD_KAFKA_OFFSET_BEGINNING)]);
    $begin = consume($count, fn () => $consumer->consume(1000));
    $GLOBALS['end'] = begin();
    return $begin;
}

/** @param list<int> $samples nanoseconds, filled in */
function latency(RdKafka\Conf $conf, string $topic, int $count, array &$samples): array
{
    $producer = new RdKafka\Producer($conf);
    $to = $producer->newTopic($topic);
    $conf->set('group.id', 'bench');
    $consumer = new RdKafka\KafkaConsumer($conf);
    $low = $high = 0;
    $producer->queryWatermarkOffsets($topic, 0, $low, $high, 30_000);
    $consumer->assign([new RdKafka\TopicPartition($topic, 0, $high)]);
    for ($i = -5; $i < $count; $i++) {
        $i === 0 && $begin = begin();
        $sent = hrtime(true);
        $to->produce(0, 0, (string) $i);
        do {
            $message = $consumer->consume(30_000);
        } while ($message->payload !== (string) $i || $message->err);
        $i >= 0 && $samples[] = hrtime(true) - $sent;
        $producer->poll(0);
        usleep(100_000);
    }
    $producer->flush(30_000);
    return $begin;
}

$samples = [];
$end = null;
[$started, $cpu] = match ($workload) {
    'php-produce' => produce($conf, $topic, $count),
    'php-low' => low($conf, $topic, $count),
    'php-high' => high($conf, $topic, $count),
    'php-latency' => latency($conf, $topic, $count, $samples),
};
[$ended, $cpuEnd] = $end ?? begin();
sort($samples);
$percentile = fn (float $p) => $samples ? $samples[(int) ((count($samples) - 1) * $p)] / 1000 : 0;
$seconds = ($ended - $started) / 1e9;
printf(
    "workload=%s count=%d cpu=%.4f rate=%.0f p50=%.2f p99=%.2f full_p50=0 full_p99=0 rss=%d seconds=%.3f\n",
    $workload, $count, ($cpuEnd - $cpu) / $count, $samples ? 0 : $count / $seconds, $percentile(0.5), $percentile(0.99), getrusage()['ru_maxrss'], $seconds,
);
