// The interface with callbacks: delivery reports, polling and streaming consumers, and what is asked of the broker.
const test = require('node:test');
const assert = require('node:assert');
const { RdKafka, bootstrap, fill, newTopic, unique, until } = require('./helpers');

const LIMIT = 60000;
const call = (object, method, ...args) => new Promise((resolve, reject) =>
    object[method](...args, (err, value) => err ? reject(err) : resolve(value)));

const connected = async (client, work) => {
    await call(client, 'connect', { timeout: LIMIT });
    try { return await work(client); } finally { await call(client, 'disconnect'); }
};
const producer = (work, config = {}) => connected(new RdKafka.Producer({ 'bootstrap.servers': bootstrap, dr_cb: true, ...config }), work);
const consumer = (work, config = {}) => connected(new RdKafka.KafkaConsumer(
    { 'bootstrap.servers': bootstrap, 'group.id': unique('group'), ...config }, { 'auto.offset.reset': 'earliest' }), work);

// Messages of polling, until there are `count` of them.
const consume = async (client, count) => {
    const got = [];
    const end = Date.now() + LIMIT;
    while (got.length < count) {
        assert.ok(Date.now() < end, `${got.length} of ${count} messages`);
        got.push(...await call(client, 'consume', count - got.length));
    }
    return got;
};

test('each message has its delivery report', () => producer(async client => {
    const topic = newTopic();
    const reports = [];
    client.setPollInterval(10).on('delivery-report', (err, report) => reports.push([err, report.offset, String(report.key), report.opaque]));
    for (let n = 0; n < 100; n++) client.produce(topic, 0, Buffer.from(`v${n}`), `k${n}`, null, { n });
    await call(client, 'flush', LIMIT);
    await until('the reports', () => reports.length === 100);
    assert.deepStrictEqual(reports, Array.from({ length: 100 }, (_, n) => [null, n, `k${n}`, { n }]));
}));

test('a message that is too large is refused at once', () => producer(async client => {
    assert.throws(() => client.produce(newTopic(), 0, Buffer.alloc(3000)), { code: RdKafka.CODES.ERRORS.ERR_MSG_SIZE_TOO_LARGE });
}, { 'message.max.bytes': 1000 }));

test('HighLevelProducer calls back with the offset', () => connected(
    new RdKafka.HighLevelProducer({ 'bootstrap.servers': bootstrap }), async client => {
        const topic = newTopic();
        const offsets = await Promise.all([0, 1, 2].map(n => call(client, 'produce', topic, 0, Buffer.from(`v${n}`), null, Date.now())));
        assert.deepStrictEqual(offsets, [0, 1, 2]);
    }));

test('consume gives what was assigned, from its offset', async () => {
    const topic = newTopic();
    await fill(topic, 10);
    await consumer(async client => {
        client.assign([{ topic, partition: 0, offset: 4 }]);
        const got = await consume(client, 6);
        assert.deepStrictEqual(got.map(m => [m.offset, String(m.key), String(m.value), m.size]),
            [4, 5, 6, 7, 8, 9].map(n => [n, `k${n}`, `v${n}`, 2]));
        assert.deepStrictEqual(client.position([{ topic, partition: 0 }]).map(p => p.offset), [10]);
    });
});

test('a consumer without a limit gets data events', async () => {
    const topic = newTopic();
    await fill(topic, 20);
    await consumer(async client => {
        const got = [];
        client.on('data', m => got.push(m.offset));
        client.subscribe([topic]);
        client.consume();
        await until('the messages', () => got.length === 20);
        assert.deepStrictEqual(got, Array.from({ length: 20 }, (_, n) => n));
    });
});

test('streams write and read', async () => {
    const topic = newTopic();
    const write = RdKafka.Producer.createWriteStream({ 'bootstrap.servers': bootstrap }, {}, { topic });
    for (let n = 0; n < 10; n++) write.write(Buffer.from(`v${n}`));
    await new Promise((resolve, reject) => { write.on('error', reject); write.on('close', resolve); write.end(); });
    const read = RdKafka.KafkaConsumer.createReadStream({ 'bootstrap.servers': bootstrap, 'group.id': unique('group') },
        { 'auto.offset.reset': 'earliest' }, { topics: [topic] });
    const got = [];
    read.on('data', m => got.push(String(m.value)));
    await until('the messages', () => got.length === 10);
    assert.deepStrictEqual(got, Array.from({ length: 10 }, (_, n) => `v${n}`));
    await new Promise(resolve => read.close(resolve));
});

test('a commit is told, and found again', async () => {
    const topic = newTopic();
    await fill(topic, 5);
    await consumer(async client => {
        const told = [];
        client.on('offset.commit', (err, partitions) => told.push([err ?? null, partitions.map(p => p.offset)]));
        client.subscribe([topic]);
        await consume(client, 5);
        client.commit([{ topic, partition: 0, offset: 3 }]);
        // The event comes with a later poll.
        const end = Date.now() + LIMIT;
        while (told.length === 0 && Date.now() < end) await call(client, 'consume', 1);
        assert.deepStrictEqual(told, [[null, [3]]]);
        const [committed] = await call(client, 'committed', [{ topic, partition: 0 }], LIMIT);
        assert.strictEqual(committed.offset, 3);
    }, { 'enable.auto.commit': false, offset_commit_cb: true });
});

test('seek goes back', async () => {
    const topic = newTopic();
    await fill(topic, 5);
    await consumer(async client => {
        client.assign([{ topic, partition: 0, offset: 0 }]);
        await consume(client, 5);
        await call(client, 'seek', { topic, partition: 0, offset: 1 }, LIMIT);
        assert.deepStrictEqual((await consume(client, 4)).map(m => m.offset), [1, 2, 3, 4]);
    });
});

test('watermarks, offsets of a time and metadata', async () => {
    const topic = newTopic(2);
    const before = Date.now() - 1000;
    await fill(topic, 7);
    await consumer(async client => {
        assert.deepStrictEqual(await call(client, 'queryWatermarkOffsets', topic, 0, LIMIT), { lowOffset: 0, highOffset: 7 });
        const found = await call(client, 'offsetsForTimes', [0, 1].map(partition => ({ topic, partition, offset: before })), LIMIT);
        assert.deepStrictEqual(found.map(p => p.offset), [0, -1]);
        const metadata = await call(client, 'getMetadata', { topic, allTopics: false, timeout: LIMIT });
        assert.deepStrictEqual(metadata.topics.map(t => [t.name, t.partitions.length]), [[topic, 2]]);
        assert.ok(metadata.brokers.length > 0);
        // Without that word, and for a topic, all topics are told.
        const all = await call(client, 'getMetadata', { topic: newTopic(), timeout: LIMIT });
        assert.ok(all.topics.some(t => t.name === topic));
    });
});
