// Publishes a batch of which a part may fail: the lines of standard input go to TOPIC, and the program tells which of them have
// not arrived, and why. A line is VALUE, or KEY, a tab and VALUE.
//
//     npm install node-rdkafka
//     node partial_publish.js BOOTSTRAP TOPIC <LINES
//
// It ends with 0 if all lines have been delivered, with 2 if some have not, with 1 if it could not begin. unit_test.js tests
// publish() against a mock cluster.
const Kafka = require("node-rdkafka");
const fs = require("fs");
const { promisify } = require("util");
const { setTimeout: sleep } = require("timers/promises");

const ATTEMPTS = 3;
const { ERR__QUEUE_FULL } = Kafka.CODES.ERRORS;

async function openPublisher(bootstrap) {
    const producer = new Kafka.Producer({ "bootstrap.servers": bootstrap, "enable.idempotence": true, "message.timeout.ms": 10000,
        "dr_cb": true });
    // Each message has what waits for its report as its opaque.
    producer.on("delivery-report", (error, report) => report.opaque(error));
    await promisify(producer.connect.bind(producer))({});
    producer.setPollInterval(20);
    return producer;
}

// Resolves with the message's report: item.error is null then, or the reason. One that is not taken at all,
// such as one that is too large, would be refused again: item.refused.
async function produce(producer, topic, item) {
    for (;;) {
        let reported;
        const report = new Promise((resolve) => { reported = resolve; });
        try {
            producer.produce(topic, null, Buffer.from(item.value), item.key, null, reported);
            item.error = await report;
            return;
        } catch (error) {
            if (error.code !== ERR__QUEUE_FULL) {
                item.error = error;
                item.refused = true;
                return;
            }
            await sleep(100);
        }
    }
}

// Publishes all items, and returns those that have failed: their `error` says the reason. The library itself sends again, until
// message.timeout.ms, what a broker refuses for a passing reason. What fails then is tried again here, each message in a batch of
// its own, since one that a broker does not take spoils the batch for the others. (This package's reports have the text of an
// error but not its code, which would tell for which of them that is worth it.)
async function publish(producer, topic, items) {
    await Promise.all(items.map((item) => produce(producer, topic, item)));
    for (let attempt = 2; attempt <= ATTEMPTS; attempt++) {
        for (const item of items) {
            if (item.error && !item.refused) await produce(producer, topic, item);
        }
    }
    return items.filter((item) => item.error);
}

async function main() {
    const [bootstrap, topic] = process.argv.slice(2);
    if (!topic) {
        console.error("usage: partial_publish.js BOOTSTRAP TOPIC <LINES");
        return 1;
    }
    const lines = fs.readFileSync(0, "utf8").split("\n").slice(0, -1);
    const items = lines.map((line) => {
        const tab = line.indexOf("\t");
        return tab < 0 ? { value: line } : { key: line.slice(0, tab), value: line.slice(tab + 1) };
    });
    const producer = await openPublisher(bootstrap);
    const failed = await publish(producer, topic, items);
    items.forEach((item, i) => {
        if (item.error) console.log(`line ${i + 1} not delivered: ${item.error.message}`);
    });
    console.log(`${items.length - failed.length} of ${items.length} delivered`);
    await promisify(producer.disconnect.bind(producer))();
    return failed.length ? 2 : 0;
}

module.exports = { openPublisher, publish };
if (require.main === module) {
    main().then((code) => process.exit(code), (error) => {
        console.error(error.message);
        process.exit(1);
    });
}
