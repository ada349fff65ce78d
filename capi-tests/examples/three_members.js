// Three members of one consumer group: makes TOPIC with three partitions, unless it is there, and prints what each member
// receives. Each partition belongs to one member at a time, so each message is printed once.
//
//     npm install node-rdkafka
//     node three_members.js BOOTSTRAP GROUP TOPIC
//
// SIGINT and SIGTERM end it, with 0 if all went well. Members need not be in one program: started twice, it is a group of six, of
// which three have nothing to do.
const Kafka = require("node-rdkafka");
const { promisify } = require("util");

const MEMBERS = 3;
const PARTITIONS = 3;
const CREATE_MS = 30000;
const { ERR_TOPIC_ALREADY_EXISTS, ERR__ASSIGN_PARTITIONS } = Kafka.CODES.ERRORS;

// That it is there already is as good as that it is made.
async function makeTopic(bootstrap, topic) {
    const admin = Kafka.AdminClient.create({ "bootstrap.servers": bootstrap });
    try {
        const wanted = { topic, num_partitions: PARTITIONS, replication_factor: 1 };
        await promisify(admin.createTopic.bind(admin))(wanted, CREATE_MS);
    } catch (error) {
        if (error.code !== ERR_TOPIC_ALREADY_EXISTS) throw new Error(`${topic} is not made: ${error.message}`);
    } finally {
        admin.disconnect();
    }
}

async function open(number, bootstrap, group, topic) {
    const onRebalance = (error, partitions) => {
        const what = error.code === ERR__ASSIGN_PARTITIONS ? "gets" : "gives up";
        for (const p of partitions) console.log(`member ${number} ${what} partition ${p.partition}`);
    };
    const consumer = new Kafka.KafkaConsumer({ "bootstrap.servers": bootstrap, "group.id": group, "rebalance_cb": true },
        { "auto.offset.reset": "earliest" }); // Where a group that has committed nothing begins.
    consumer.on("rebalance", onRebalance);
    // A lost connection and the like, which the library gets over by itself.
    consumer.on("event.error", (error) => console.error(`member ${number}: ${error.message}`));
    consumer.on("data", (m) => console.log(`member ${number}: partition ${m.partition}, offset ${m.offset}: ${m.value}`));
    await promisify(consumer.connect.bind(consumer))({});
    consumer.subscribe([topic]);
    consumer.consume();
    return consumer;
}

async function main() {
    const [bootstrap, group, topic] = process.argv.slice(2);
    if (!topic) {
        console.error("usage: three_members.js BOOTSTRAP GROUP TOPIC");
        return 1;
    }
    const ending = new Promise((resolve) => {
        for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, resolve);
    });
    await makeTopic(bootstrap, topic);
    const members = await Promise.all(Array.from({ length: MEMBERS }, (_, i) => open(i + 1, bootstrap, group, topic)));
    await ending;
    // Commits what was read, and leaves the group, so that the others get the partitions at once.
    await Promise.all(members.map((m) => promisify(m.disconnect.bind(m))()));
    return 0;
}

main().then((code) => process.exit(code), (error) => {
    console.error(error.message);
    process.exit(1);
});
