<?php
declare(strict_types=1);
/*
 * worker.php create BOOTSTRAP QUEUE COUNT NAME     creates items, ten at a time, with a pause after each ten
 * worker.php work BOOTSTRAP QUEUE SEED             claims up to five items at a time, and deletes or releases each, until SIGTERM
 * worker.php hold BOOTSTRAP QUEUE LEASE            claims all that comes, and does what its standard input says, line by line: `first ID` and
 *                                                  `last ID` delete an item by its first and its last claim, `release ID` releases
 *                                                  it, `lease SECONDS` is for the claims from then on
 * worker.php drain BOOTSTRAP QUEUE                 deletes what there is until nothing comes for ten seconds
 *
 * It writes what it does, with the time that all processes of the machine share: TIME WORD ID, tabs between. What changes the
 * queue is written before it is tried, and again after it is done.
 */
require __DIR__ . '/KafkaQueue.php';

pcntl_async_signals(true);
$stop = false;
pcntl_signal(SIGTERM, function () use (&$stop): void {
    $stop = true;
});

function say(string $word, string $id): void
{
    fwrite(STDOUT, hrtime(true) . "\t$word\t$id\n");
}

function done_with(KafkaQueue $queue, QueueItem $item, bool $delete): void
{
    say($delete ? 'deleting' : 'releasing', $item->id);
    $done = $delete ? $queue->deleteItem($item) : $queue->releaseItem($item);
    say($done ? ($delete ? 'deleted' : 'released') : 'lost', $item->id);
}

[, $role, $bootstrap, $name] = $argv;
$queue = new KafkaQueue($name, ['metadata.broker.list' => $bootstrap], ['session.timeout.ms' => '6000']);
switch ($role) {
    case 'create':
        for ($i = 0; $i < (int) $argv[4]; $i += 10) {
            $ids = $queue->createItems(array_map(fn ($n) => ['from' => $argv[5], 'number' => $n], range($i, $i + 9)));
            foreach ($ids as $id) {
                say($id === false ? 'failed' : 'created', (string) $id);
            }
            usleep(20_000);
        }
        break;
    case 'work':
        mt_srand((int) $argv[4]);
        $held = [];
        while (!$stop) {
            if ($item = $queue->claimItem(lease: 30, timeoutMs: 200)) {
                say('claimed', $item->id);
                $held[] = $item;
            }
            if (count($held) === 5 || (!$item && $held)) {
                shuffle($held);
                done_with($queue, array_pop($held), mt_rand(1, 5) > 1);
            }
        }
        $queue->close();
        break;
    case 'hold':
        $lease = (float) $argv[4];
        stream_set_blocking(STDIN, false);
        /** @var array<string, list<QueueItem>> $claims */
        $claims = [];
        while (!$stop) {
            while (($line = fgets(STDIN)) !== false) {
                [$command, $id] = explode(' ', rtrim($line));
                match ($command) {
                    'first' => done_with($queue, $claims[$id][0], true),
                    'last' => done_with($queue, end($claims[$id]), true),
                    'release' => done_with($queue, end($claims[$id]), false),
                    'lease' => $lease = (float) $id,
                };
                $command === 'lease' && say('leasing', $id);
            }
            if ($item = $queue->claimItem($lease, timeoutMs: 100)) {
                say('claimed', $item->id);
                $claims[$item->id][] = $item;
            }
        }
        $queue->close();
        break;
    case 'drain':
        while ($item = $queue->claimItem(timeoutMs: 10_000)) {
            say('claimed', $item->id);
            done_with($queue, $item, true);
        }
        say('left', (string) $queue->numberOfItems());
        $queue->close();
        break;
}
