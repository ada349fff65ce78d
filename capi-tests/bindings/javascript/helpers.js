// What the tests share. The binding's folder is in BINDING, the broker in BOOTSTRAP, the tool that makes topics in TOPIC_TOOL.
const { execFileSync } = require('node:child_process');
const { randomUUID } = require('node:crypto');

exports.bootstrap = process.env.BOOTSTRAP;
exports.RdKafka = require(process.env.BINDING);
const { Kafka, logLevel } = exports.RdKafka.KafkaJS;

exports.unique = prefix => `${prefix}-${randomUUID()}`;

exports.newTopic = (partitions = 1) => {
    const topic = exports.unique('javascript');
    execFileSync('python3', [process.env.TOPIC_TOOL, '--bootstrap-server', exports.bootstrap, '--create', '--topic', topic,
        '--partitions', String(partitions)]);
    return topic;
};

exports.kafka = () => new Kafka({ kafkaJS: { brokers: [exports.bootstrap], logLevel: logLevel.NOTHING } });

// Until `done` says yes; the limit is generous, for slow machines.
exports.until = async (what, done, limit = 60000) => {
    const end = Date.now() + limit;
    while (!done()) {
        if (Date.now() > end) throw new Error(`after ${limit} ms still waiting for ${what}`);
        await new Promise(resolve => setTimeout(resolve, 20));
    }
};

exports.withProducer = async (config, work) => {
    const producer = exports.kafka().producer(config);
    await producer.connect();
    try { return await work(producer); } finally { await producer.disconnect(); }
};

// A consumer that has subscribed; the test runs it.
exports.withConsumer = async (config, topics, work) => {
    const consumer = exports.kafka().consumer(config);
    await consumer.connect();
    try {
        await consumer.subscribe({ topics });
        return await work(consumer);
    } finally { await consumer.disconnect(); }
};

exports.fill = (topic, count, partition = 0) => exports.withProducer({}, producer => producer.send({
    topic, messages: Array.from({ length: count }, (_, n) => ({ partition, key: `k${n}`, value: `v${n}` })) }));

exports.group = (more = {}, prefix = 'group') => ({ kafkaJS: { groupId: exports.unique(prefix), fromBeginning: true, ...more } });
