// Ten producers in one program: each sends its messages one by one, with a delay between them, and counts which of them the
// cluster has acknowledged.
//
//     npm install node-rdkafka
//     node ten_producers.js BOOTSTRAP TOPIC MESSAGES DELAY_MS
//
// Messages of one producer have the same key, so they go to one partition and keep their order. It ends with 0 if all have been
// delivered, with 1 otherwise.
const Kafka = require("node-rdkafka");
const { promisify } = require("util");
const { setTimeout: sleep } = require("timers/promises");

const PRODUCERS = 10;
const FLUSH_MS = 30000;
const QUEUE_FULL = Kafka.CODES.ERRORS.ERR__QUEUE_FULL;

async function open(bootstrap, onDelivery) {
    // With idempotence, what the library sends again after a lost answer is written once and in order.
    const producer = new Kafka.Producer({ "bootstrap.servers": bootstrap, "enable.idempotence": true, "dr_cb": true });
    producer.on("delivery-report", onDelivery);
    await promisify(producer.connect.bind(producer))({});
    producer.setPollInterval(20);
    return producer;
}

async function produce(producer, topic, key, value) {
    for (;;) {
        try {
            return producer.produce(topic, null, Buffer.from(value), key);
        } catch (error) {
            if (error.code !== QUEUE_FULL) throw error;
            // The local queue is full while the cluster is slower than the program: reports make room.
            await sleep(100);
        }
    }
}

async function run(number, bootstrap, topic, messages, delayMs) {
    const outcome = { number, delivered: 0, failed: 0 };
    const producer = await open(bootstrap, (error) => {
        if (!error) return outcome.delivered++;
        outcome.failed++;
        console.error(`producer ${number}: not delivered: ${error.message}`);
    });
    for (let n = 1; n <= messages; n++) {
        await produce(producer, topic, `producer-${number}`, `message ${n} of producer ${number}`);
        await sleep(delayMs);
    }
    await promisify(producer.flush.bind(producer))(FLUSH_MS).catch((error) => console.error(`producer ${number}: ${error.message}`));
    // The last reports come with a poll after that.
    for (let waited = 0; outcome.delivered + outcome.failed < messages && waited < 1000; waited += 20) await sleep(20);
    // What is left has been given no verdict within FLUSH_MS.
    outcome.failed = messages - outcome.delivered;
    await promisify(producer.disconnect.bind(producer))();
    return outcome;
}

async function main() {
    const [bootstrap, topic, messages, delayMs] = process.argv.slice(2);
    if (!delayMs) {
        console.error("usage: ten_producers.js BOOTSTRAP TOPIC MESSAGES DELAY_MS");
        return 1;
    }
    const numbers = Array.from({ length: PRODUCERS }, (_, i) => i + 1);
    const outcomes = await Promise.all(numbers.map((n) => run(n, bootstrap, topic, Number(messages), Number(delayMs))));
    for (const o of outcomes) console.log(`producer ${o.number}: ${o.delivered} delivered, ${o.failed} failed`);
    return outcomes.some((o) => o.failed) ? 1 : 0;
}

main().then((code) => process.exit(code), (error) => {
    console.error(error.message);
    process.exit(1);
});
