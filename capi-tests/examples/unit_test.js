// A unit test of an application that uses Kafka, without a Kafka: publish() of partial_publish.js against the mock cluster that is
// a part of the library.
//
//     npm install node-rdkafka
//     node unit_test.js
//
// It prints a line for each test, and ends with 0 if all of them have passed. C programs can also tell the mock cluster what to
// refuse: see unit_test.c.
const Kafka = require("node-rdkafka");
const assert = require("assert");
const { promisify } = require("util");
const { openPublisher, publish } = require("./partial_publish.js");

const TOPIC = "orders";
const { ERR_MSG_SIZE_TOO_LARGE } = Kafka.CODES.ERRORS;

// A mock cluster, which lives as long as the instance that has made it, and what the application has.
class World {
    async open() {
        this.owner = new Kafka.Producer({ "test.mock.num.brokers": 3 });
        await promisify(this.owner.connect.bind(this.owner))({ timeout: 10000 });
        const { brokers } = await promisify(this.owner.getMetadata.bind(this.owner))({ timeout: 10000 });
        const bootstrap = brokers.map((b) => `${b.host}:${b.port}`).join();
        this.publisher = await openPublisher(bootstrap);
        return this;
    }

    async close() {
        for (const client of [this.publisher, this.owner]) await promisify(client.disconnect.bind(client))();
    }

    // How many messages the topic has: what the application believes is one thing, what has arrived another.
    async arrived() {
        const { topics } = await promisify(this.publisher.getMetadata.bind(this.publisher))({ topic: TOPIC, timeout: 10000 });
        const watermarks = promisify(this.publisher.queryWatermarkOffsets.bind(this.publisher));
        const partitions = topics.find((t) => t.name === TOPIC).partitions;
        const offsets = await Promise.all(partitions.map((p) => watermarks(TOPIC, p.id, 10000)));
        return offsets.reduce((sum, o) => sum + o.highOffset - o.lowOffset, 0);
    }
}

const tests = {
    async all_arrive(world) {
        const items = [{ value: "tea" }, { value: "ink" }, { key: "k", value: "yarn" }];
        assert.deepStrictEqual(await publish(world.publisher, TOPIC, items), []);
        assert.strictEqual(await world.arrived(), 3);
    },
    async a_part_that_is_too_large(world) {
        const items = [{ value: "tea" }, { value: "x".repeat(2000000) }, { value: "ink" }];
        assert.deepStrictEqual(await publish(world.publisher, TOPIC, items), [items[1]]);
        assert.strictEqual(items[1].error.code, ERR_MSG_SIZE_TOO_LARGE);
        assert.strictEqual(await world.arrived(), 2);
    },
};

async function main() {
    let failed = 0;
    for (const [name, test] of Object.entries(tests)) {
        const world = await new World().open();
        try {
            await test(world);
            console.log(`ok: ${name}`);
        } catch (error) {
            failed++;
            console.log(`FAILED: ${name}: ${error.message}`);
        }
        await world.close();
    }
    return failed ? 1 : 0;
}

main().then((code) => process.exit(code), (error) => {
    console.error(error);
    process.exit(1);
});
