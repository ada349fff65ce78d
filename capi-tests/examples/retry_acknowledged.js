// Retries with acknowledgement: a message that cannot be handled goes to TOPIC-retry, is tried again from there, and after three
// attempts goes to TOPIC-failed. Its place in the topic is given up only when it has been handled, or when the cluster has
// acknowledged its copy, so that no message is lost and none holds up those behind it. Each message is handled by COMMAND, which
// gets it as its standard input and says by its exit code whether it has been handled.
//
//     npm install node-rdkafka
//     node retry_acknowledged.js BOOTSTRAP GROUP TOPIC COMMAND
//
// SIGINT and SIGTERM end it, with 0 if all went well. A message may be handled twice, when the program dies at the wrong moment.
// Where the order within a partition matters, see pause_on_failure.js.
const Kafka = require("node-rdkafka");
const { spawn } = require("child_process");
const { promisify } = require("util");
const { setTimeout: sleep } = require("timers/promises");

const POLL_MS = 200;
const RETRY_MS = 500; // So long after it was put there, a message in TOPIC-retry is tried again.
const ATTEMPTS = 3;
const HEADER = "attempts";

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

// How often the message has been tried before.
function attempts(message) {
    const header = (message.headers ?? []).find((h) => HEADER in h);
    return header ? Number(header[HEADER].toString()) : 0;
}

class Worker {
    constructor(bootstrap, group, topic, command) {
        this.topic = topic;
        this.retryTopic = `${topic}-retry`;
        this.failedTopic = `${topic}-failed`;
        this.command = command;
        this.stopping = this.failed = false;
        // A copy that the library sends again is written once.
        this.producer = new Kafka.Producer({ "bootstrap.servers": bootstrap, "enable.idempotence": true, "linger.ms": 0, "dr_cb": true });
        this.producer.on("delivery-report", (error, report) => report.opaque(error));
        // Offsets are stored by this program, when a message has been settled. TOPIC-retry need not be there before: it is made
        // by the first question for it, and found by the next one.
        this.consumer = new Kafka.KafkaConsumer({ "bootstrap.servers": bootstrap, "group.id": group, "enable.auto.offset.store": false,
            "allow.auto.create.topics": true, "topic.metadata.refresh.interval.ms": 3000 }, { "auto.offset.reset": "earliest" });
        // A lost connection and the like, which the library gets over by itself.
        this.consumer.on("event.error", (error) => console.error(`consumer: ${error.message}`));
    }

    // Rejects unless the cluster acknowledges the copy within message.timeout.ms.
    sendCopy(message, to, tried) {
        return new Promise((resolve, reject) => {
            const reported = (error) => (error ? reject(error) : resolve());
            this.producer.produce(to, null, message.value, message.key, null, reported, [{ [HEADER]: String(tried) }]);
        });
    }

    // The same, again and again: without its copy, the message must keep its place. Says whether there is one.
    async put(message, to, tried) {
        for (;;) {
            try {
                await this.sendCopy(message, to, tried);
                return true;
            } catch (error) {
                console.error(`${to}: ${error.message}`);
                if (error.isFatal || error.code === Kafka.CODES.ERRORS.ERR_MSG_SIZE_TOO_LARGE) this.failed = this.stopping = true;
            }
            if (this.stopping) return false;
            await sleep(1000);
        }
    }

    // Says whether the message may give up its place.
    async settle(message) {
        const where = `${message.topic} [${message.partition}] ${message.offset}`;
        const tried = attempts(message) + 1;
        if (message.topic === this.retryTopic) {
            // A message that has just failed is not tried again at once.
            const left = message.timestamp + RETRY_MS - Date.now();
            await sleep(Math.min(Math.max(left, 0), RETRY_MS));
        }
        if (await handle(this.command, message.value)) {
            console.log(`${where}: handled at attempt ${tried}`);
            return true;
        }
        console.log(`${where}: attempt ${tried} failed`);
        return this.put(message, tried < ATTEMPTS ? this.retryTopic : this.failedTopic, tried);
    }

    async take() {
        try {
            return await promisify(this.consumer.consume.bind(this.consumer))(1);
        } catch (error) {
            // A topic that is not made yet and the like, which the library gets over by itself, or the end of this consumer.
            console.error(`consumer: ${error.message}`);
            if (error.isFatal) this.failed = this.stopping = true;
            return [];
        }
    }

    async run() {
        const { producer, consumer } = this;
        await promisify(producer.connect.bind(producer))({});
        producer.setPollInterval(20);
        await promisify(consumer.connect.bind(consumer))({});
        consumer.subscribe([this.topic, this.retryTopic]);
        consumer.setDefaultConsumeTimeout(POLL_MS);
        while (!this.stopping) {
            for (const message of await this.take()) {
                if (!await this.settle(message)) break;
                // This offset is committed with the next automatic commit, and when the consumer disconnects.
                consumer.offsetsStore([{ topic: message.topic, partition: message.partition, offset: message.offset + 1 }]);
            }
        }
        await promisify(consumer.disconnect.bind(consumer))();
        await promisify(producer.disconnect.bind(producer))();
    }
}

async function main() {
    if (process.argv.length !== 6) {
        console.error("usage: retry_acknowledged.js BOOTSTRAP GROUP TOPIC COMMAND");
        return 1;
    }
    const worker = new Worker(...process.argv.slice(2));
    for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => { worker.stopping = true; });
    await worker.run();
    return worker.failed ? 1 : 0;
}

main().then((code) => process.exit(code), (error) => {
    console.error(error.message);
    process.exit(1);
});
