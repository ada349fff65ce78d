// The interface with promises: what resolves, in which order, and where a group goes on.
const test = require('node:test');
const assert = require('node:assert');
const { RdKafka, fill, group, newTopic, until, withConsumer, withProducer } = require('./helpers');

test('send resolves with the offsets of each partition', () => withProducer({}, async producer => {
    const topic = newTopic(2);
    for (const base of ['0', '2']) {
        const messages = [0, 0, 1, 1].map(partition => ({ partition, value: 'v' }));
        const reports = await producer.send({ topic, messages });
        assert.deepStrictEqual(reports.map(r => [r.topicName, r.partition, r.errorCode, r.baseOffset]).sort(),
            [[topic, 0, 0, base], [topic, 1, 0, base]]);
    }
}));

test('many sends at a time keep their order', () => withProducer({}, async producer => {
    const topic = newTopic();
    const reports = await Promise.all(Array.from({ length: 500 }, (_, n) =>
        producer.send({ topic, messages: [{ value: String(n) }] })));
    assert.deepStrictEqual(reports.map(([r]) => Number(r.baseOffset)), Array.from({ length: 500 }, (_, n) => n));
}));

test('sendBatch reaches each of its topics', () => withProducer({}, async producer => {
    const topics = [newTopic(), newTopic()];
    const reports = await producer.sendBatch({ topicMessages: topics.map(topic => ({ topic, messages: [{ value: 'v' }] })) });
    assert.deepStrictEqual(reports.map(r => r.topicName).sort(), topics.sort());
}));

test('send to a name that no topic can have rejects', () => withProducer({}, async producer => {
    await assert.rejects(producer.send({ topic: 'not a topic/', messages: [{ value: 'v' }] }));
}));

test('disconnect waits for what was sent', async () => {
    const topic = newTopic();
    let sent;
    await withProducer({ 'linger.ms': 500 }, async producer => {
        sent = Promise.all([producer.send({ topic, messages: [{ value: 'a' }] }), producer.send({ topic, messages: [{ value: 'b' }] })]);
        await producer.flush({ timeout: 60000 });
    });
    assert.strictEqual((await sent).length, 2);
});

test('an idempotent producer sends', () => withProducer({ kafkaJS: { idempotent: true } }, async producer => {
    const topic = newTopic();
    const [report] = await producer.send({ topic, messages: [{ value: 'a' }, { value: 'b' }] });
    assert.strictEqual(report.baseOffset, '0');
}));

test('statistics come to producer and consumer', async () => {
    const topic = newTopic();
    const seen = { producer: 0, consumer: 0 };
    const config = type => ({ 'statistics.interval.ms': 100, stats_cb: event => { seen[type] += JSON.parse(event.message).type === type; } });
    await withProducer(config('producer'), () => withConsumer({ ...group(), ...config('consumer') }, [topic], async consumer => {
        await consumer.run({ eachMessage: async () => {} });
        await until('statistics', () => seen.producer > 1 && seen.consumer > 1);
    }));
});

for (const protocol of ['classic', 'consumer']) {
    const member = more => ({ ...group(more, protocol), 'group.protocol': protocol });

    test(`${protocol}: eachMessage gets all there is of a message`, async () => {
        const topic = newTopic();
        await withProducer({}, producer => producer.send({ topic, messages: [
            { key: 'k', value: 'v', timestamp: '1700000000000', headers: { one: 'a', more: ['b', 'c'] } }, { key: null, value: null }] }));
        const got = [];
        await withConsumer(member(), [topic], async consumer => {
            await consumer.run({ eachMessage: async ({ partition, message }) => { got.push([partition, message]); } });
            await until('two messages', () => got.length === 2);
        });
        const [[partition, first], [, second]] = got;
        assert.deepStrictEqual([partition, first.offset, String(first.key), String(first.value), first.timestamp],
            [0, '0', 'k', 'v', '1700000000000']);
        assert.deepStrictEqual([String(first.headers.one), first.headers.more.map(String)], ['a', ['b', 'c']]);
        assert.deepStrictEqual([second.offset, second.key, second.value], ['1', null, null]);
    });

    test(`${protocol}: a group goes on where it has committed`, async () => {
        const topic = newTopic();
        await fill(topic, 10);
        const config = member({ autoCommit: false });
        let got = [];
        const run = consumer => consumer.run({ eachMessage: async ({ message }) => { got.push(message.offset); } });
        await withConsumer(config, [topic], async consumer => {
            await run(consumer);
            await until('ten messages', () => got.length === 10);
            await consumer.commitOffsets([{ topic, partition: 0, offset: '4' }]);
            const [committed] = await consumer.committed([{ topic, partition: 0 }], 60000);
            assert.strictEqual(committed.offset, '4');
        });
        got = [];
        await withConsumer(config, [topic], async consumer => {
            await run(consumer);
            await until('the rest', () => got.length === 6);
        });
        assert.deepStrictEqual(got, ['4', '5', '6', '7', '8', '9']);
    });

    test(`${protocol}: leaving commits what eachMessage has had`, async () => {
        const topic = newTopic();
        await fill(topic, 5);
        const config = member();
        let got = [];
        const run = consumer => consumer.run({ eachMessage: async ({ message }) => { got.push(message.offset); } });
        await withConsumer(config, [topic], async consumer => { await run(consumer); await until('five messages', () => got.length === 5); });
        got = [];
        await fill(topic, 1);
        await withConsumer(config, [topic], async consumer => { await run(consumer); await until('the sixth', () => got.length === 1); });
        assert.deepStrictEqual(got, ['5']);
    });

    test(`${protocol}: eachBatch gives messages of one partition in order`, async () => {
        const topic = newTopic(2);
        await fill(topic, 50, 0);
        await fill(topic, 50, 1);
        const offsets = [[], []];
        await withConsumer(member(), [topic], async consumer => {
            await consumer.run({ eachBatch: async ({ batch }) => { offsets[batch.partition].push(...batch.messages.map(m => Number(m.offset))); } });
            await until('a hundred messages', () => offsets[0].length + offsets[1].length >= 100);
        });
        const all = Array.from({ length: 50 }, (_, n) => n);
        assert.deepStrictEqual(offsets, [all, all]);
    });

    test(`${protocol}: seek goes back`, async () => {
        const topic = newTopic();
        await fill(topic, 5);
        const got = [];
        await withConsumer(member(), [topic], async consumer => {
            await consumer.run({ eachMessage: async ({ message }) => { got.push(Number(message.offset)); } });
            await until('five messages', () => got.length === 5);
            consumer.seek({ topic, partition: 0, offset: '2' });
            await until('three of them again', () => got.length === 8);
        });
        assert.deepStrictEqual(got, [0, 1, 2, 3, 4, 2, 3, 4]);
    });

    test(`${protocol}: a paused partition brings nothing until it is resumed`, async () => {
        const topic = newTopic(2);
        const got = [[], []];
        await withConsumer(member(), [topic], async consumer => {
            await consumer.run({ eachMessage: async ({ partition, message }) => { got[partition].push(Number(message.offset)); } });
            await until('the assignment', () => consumer.assignment().length === 2);
            consumer.pause([{ topic, partitions: [0] }]);
            await fill(topic, 3, 0);
            await fill(topic, 3, 1);
            await until('the other partition', () => got[1].length === 3);
            assert.deepStrictEqual(got[0], []);
            consumer.resume([{ topic, partitions: [0] }]);
            await until('the resumed partition', () => got[0].length === 3);
        });
        assert.deepStrictEqual(got, [[0, 1, 2], [0, 1, 2]]);
    });

    test(`${protocol}: two members share the partitions, and one that leaves gives its own back`, async () => {
        const topic = newTopic(4);
        const config = member();
        await withConsumer(config, [topic], async first => {
            await first.run({ eachMessage: async () => {} });
            await until('all partitions', () => first.assignment().length === 4);
            await withConsumer(config, [topic], async second => {
                await second.run({ eachMessage: async () => {} });
                await until('half of them', () => first.assignment().length === 2 && second.assignment().length === 2);
            });
            await until('all of them again', () => first.assignment().length === 4);
        });
    });
}

test('rebalance_cb hears what is assigned and what is lost', async () => {
    const topic = newTopic(2);
    const heard = [];
    await withConsumer({ ...group(), rebalance_cb: async (err, assignment) => { heard.push([err.code, assignment.length]); } }, [topic],
        async consumer => {
            await consumer.run({ eachMessage: async () => {} });
            await until('the assignment', () => consumer.assignment().length === 2);
        });
    assert.deepStrictEqual(heard, [[-175, 2], [-174, 2]]);
});

test('connecting where nobody listens rejects', async () => {
    const { KafkaJS } = RdKafka;
    const producer = new KafkaJS.Kafka({ kafkaJS: { brokers: ['127.0.0.1:1'], connectionTimeout: 1000, logLevel: KafkaJS.logLevel.NOTHING } }).producer();
    await assert.rejects(producer.connect());
});
