// Pauses a partition when a message of it cannot be handled, and tries the same message again later, while the other partitions
// go on: the order within a partition is kept, and no message is left out. Each message is handled by COMMAND, which gets it as its
// standard input and says by its exit code whether it has been handled.
//
//     npm install node-rdkafka
//     node pause_on_failure.js BOOTSTRAP GROUP TOPIC COMMAND
//
// SIGINT and SIGTERM end it, with 0 if all went well. A message may be handled twice, when the program dies between the handling
// and the commit; it is never left out. A handler that can fail for good needs another place for such messages: see
// retry_acknowledged.js.
const Kafka = require("node-rdkafka");
const { spawn } = require("child_process");
const { promisify } = require("util");

const POLL_MS = 200;
const PAUSE_MS = 1000;
const CALL_MS = 10000;
const { ERR__ASSIGN_PARTITIONS } = Kafka.CODES.ERRORS;

// The work itself.
function handle(command, value) {
    return new Promise((resolve) => {
        const child = spawn(command, { shell: true, stdio: ["pipe", "inherit", "inherit"] });
        child.on("error", () => resolve(false));
        child.on("close", (code) => resolve(code === 0));
        child.stdin.on("error", () => {}); // A command need not read all of its message.
        child.stdin.end(value);
    });
}

async function main() {
    const [bootstrap, group, topic, command] = process.argv.slice(2);
    if (!command) {
        console.error("usage: pause_on_failure.js BOOTSTRAP GROUP TOPIC COMMAND");
        return 1;
    }
    const paused = new Map(); // Until when, by partition.
    let stopping = false;
    let failed = false;
    for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => { stopping = true; });
    // Offsets are stored by this program, when a message has been handled.
    const consumer = new Kafka.KafkaConsumer({ "bootstrap.servers": bootstrap, "group.id": group, "enable.auto.offset.store": false,
        "rebalance_cb": true }, { "auto.offset.reset": "earliest" });
    // A lost connection and the like, which the library gets over by itself.
    consumer.on("event.error", (error) => console.error(`consumer: ${error.message}`));
    // A partition that goes to another member is no longer paused, wherever it comes to.
    consumer.on("rebalance", (error, partitions) => {
        if (error.code !== ERR__ASSIGN_PARTITIONS) for (const p of partitions) paused.delete(p.partition);
    });
    await promisify(consumer.connect.bind(consumer))({});
    consumer.subscribe([topic]);
    consumer.setDefaultConsumeTimeout(POLL_MS);
    // A lost connection and the like, which the library gets over by itself, and otherwise the end of this consumer.
    const take = (count) => promisify(consumer.consume.bind(consumer))(count).catch((error) => {
        console.error(`consumer: ${error.message}`);
        if (error.isFatal) failed = stopping = true;
        return [];
    });
    const seek = promisify(consumer.seek.bind(consumer));

    const resumeDue = () => {
        const due = [...paused].filter(([, until]) => until <= Date.now()).map(([partition]) => ({ topic, partition }));
        for (const p of due) paused.delete(p.partition);
        if (due.length) consumer.resume(due);
    };
    // Stops the fetching from the partition, and puts it back to the message.
    const pauseAt = async ({ partition, offset }) => {
        consumer.pause([{ topic, partition }]);
        await seek({ topic, partition, offset }, CALL_MS);
        paused.set(partition, Date.now() + PAUSE_MS);
        console.log(`partition ${partition} is paused at offset ${offset}`);
    };

    // Taking goes on while partitions are paused: it keeps the member in its group.
    while (!stopping) {
        resumeDue();
        // One at a time, so that nothing of a partition is on its way when it is paused.
        for (const message of await take(1)) {
            if (!await handle(command, message.value)) {
                await pauseAt(message);
                continue;
            }
            console.log(`partition ${message.partition}, offset ${message.offset}: handled`);
            // This offset is committed with the next automatic commit, and when the consumer disconnects.
            consumer.offsetsStore([{ topic, partition: message.partition, offset: message.offset + 1 }]);
        }
    }
    await promisify(consumer.disconnect.bind(consumer))();
    return failed ? 1 : 0;
}

main().then((code) => process.exit(code), (error) => {
    console.error(error.message);
    process.exit(1);
});
