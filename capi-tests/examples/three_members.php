<?php
declare(strict_types=1);
/*
 * Three members of one consumer group: prints what each member receives. Each partition belongs to one member at a time, so each
 * message is printed once. php-rdkafka has no call that makes a topic: one that is not there is made by the broker that is asked
 * for it, if it may (auto.create.topics.enable), with as many partitions as it gives to such topics (num.partitions).
 *
 *     pecl install rdkafka
 *     php three_members.php BOOTSTRAP GROUP TOPIC
 *
 * SIGINT and SIGTERM end it, with 0 if all went well. Members need not be in one program: most PHP programs have one, and are
 * started as often as there are to be members.
 */
const MEMBERS = 3;
const POLL_MS = 50;
const ASK_MS = 30_000;

function tell(string $text): void
{
    fwrite(STDOUT, "$text\n");
}

/** Asks for the topic until it is there, and says how many partitions it has. */
function partitions_of(string $bootstrap, string $name): int
{
    $conf = new RdKafka\Conf();
    $conf->set('bootstrap.servers', $bootstrap);
    $producer = new RdKafka\Producer($conf);
    $topic = $producer->newTopic($name);
    $until = hrtime(true) + ASK_MS * 1_000_000;
    do {
        $found = $producer->getMetadata(false, $topic, ASK_MS)->getTopics()->current();
        if ($found->getErr() === RD_KAFKA_RESP_ERR_NO_ERROR) {
            return count($found->getPartitions());
        }
        usleep(100_000);
    } while (hrtime(true) < $until);
    fprintf(STDERR, "%s is not made: %s\n", $name, rd_kafka_err2str($found->getErr()));
    exit(1);
}

final class Member
{
    public bool $failed = false;
    private RdKafka\KafkaConsumer $consumer;

    public function __construct(private readonly int $number, string $bootstrap, string $group, string $topic)
    {
        $conf = new RdKafka\Conf();
        $conf->set('bootstrap.servers', $bootstrap);
        $conf->set('group.id', $group);
        // Where a group that has committed nothing begins.
        $conf->set('auto.offset.reset', 'earliest');
        $conf->setRebalanceCb($this->onRebalance(...));
        $this->consumer = new RdKafka\KafkaConsumer($conf);
        $this->consumer->subscribe([$topic]);
    }

    /** Called by consume and close, when partitions are given to this member or taken from it. */
    public function onRebalance(RdKafka\KafkaConsumer $consumer, int $err, ?array $partitions): void
    {
        $assigned = $err === RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        $consumer->assign($assigned ? $partitions : null);
        foreach ($partitions ?? [] as $partition) {
            tell("member $this->number " . ($assigned ? 'gets' : 'gives up') . " partition {$partition->getPartition()}");
        }
    }

    public function poll(int $milliseconds): void
    {
        $message = $this->consumer->consume($milliseconds);
        if ($message->err === RD_KAFKA_RESP_ERR_NO_ERROR) {
            tell("member $this->number: partition $message->partition, offset $message->offset: $message->payload");
        } elseif ($message->err !== RD_KAFKA_RESP_ERR__TIMED_OUT) {
            // A lost connection and the like, which the library gets over by itself.
            fprintf(STDERR, "member %d: %s\n", $this->number, $message->errstr());
            $this->failed = $message->err === RD_KAFKA_RESP_ERR__FATAL;
        }
    }

    /** Commits what was read, and leaves the group, so that the others get the partitions at once. */
    public function close(): void
    {
        $this->consumer->close();
    }
}

if ($argc !== 4) {
    fwrite(STDERR, "usage: php $argv[0] BOOTSTRAP GROUP TOPIC\n");
    exit(1);
}
[, $bootstrap, $group, $topic] = $argv;
$stopping = false;
pcntl_async_signals(true);
foreach ([SIGINT, SIGTERM] as $ending) {
    pcntl_signal($ending, function () use (&$stopping): void {
        $stopping = true;
    });
}
$partitions = partitions_of($bootstrap, $topic);
if ($partitions < MEMBERS) {
    fprintf(STDERR, "%s has %d partitions: a member without one has nothing to do\n", $topic, $partitions);
}
$members = array_map(fn (int $number) => new Member($number, $bootstrap, $group, $topic), range(1, MEMBERS));
$failed = false;
while (!$stopping && !$failed) {
    // They take turns, each often enough to stay in the group.
    foreach ($members as $member) {
        $member->poll(POLL_MS);
        $failed = $failed || $member->failed;
    }
}
foreach ($members as $member) {
    $member->close();
}
exit($failed ? 1 : 0);
