// kafkajs against a cluster: produce, a group of two, commits, transactions.
//
// usage: node peer.js BOOTSTRAP

const { Kafka, CompressionTypes, logLevel } = require('kafkajs')
const crypto = require('crypto')

const kafka = new Kafka({
  clientId: 'peer',
  brokers: process.argv[2].split(','),
  logLevel: logLevel.ERROR,
  retry: { retries: 8 },
})
const run = crypto.randomBytes(4).toString('hex')
const topic = `js-${run}`, txnTopic = `js-txn-${run}`, groupId = `js-group-${run}`
const partitions = 4, messages = 400

const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))
const check = (condition, what) => {
  if (!condition) {
    console.log(`FAIL ${what}`)
    process.exit(1)
  }
}

async function createTopics() {
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({
    topics: [
      { topic, numPartitions: partitions, replicationFactor: 1 },
      { topic: txnTopic, numPartitions: 1, replicationFactor: 1 },
    ],
  })
  await admin.disconnect()
  console.log('ok create topics')
}

async function produce() {
  const producer = kafka.producer()
  await producer.connect()
  const all = [...Array(messages).keys()].map(i => ({
    key: `k${i}`, value: `v${i}`, partition: i % partitions, headers: { h: `${i}` },
  }))
  const results = await producer.send({ topic, messages: all, acks: -1, compression: CompressionTypes.GZIP })
  check(results.length === partitions && results.every(r => r.errorCode === 0), 'produce')
  await producer.disconnect()
  console.log('ok produce')
}

async function groupOfTwo() {
  const seen = new Map()
  const assigned = [new Set(), new Set()]
  const consumers = []
  for (const index of [0, 1]) {
    const consumer = kafka.consumer({ groupId, sessionTimeout: 10000, heartbeatInterval: 500, rebalanceTimeout: 10000 })
    consumer.on(consumer.events.GROUP_JOIN, e => {
      assigned[index] = new Set(e.payload.memberAssignment[topic] || [])
    })
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ partition, message }) => {
        seen.set(`${partition}/${message.offset}`, { partition, message })
      },
    })
    consumers.push(consumer)
  }
  const shared = () => assigned.every(a => a.size > 0) &&
    new Set([...assigned[0], ...assigned[1]]).size === partitions && assigned[0].size + assigned[1].size === partitions
  const deadline = Date.now() + 60000
  while (!(seen.size === messages && shared()) && Date.now() < deadline) await sleep(100)
  check(seen.size === messages, `${seen.size} of ${messages} consumed`)
  check(shared(), 'the group shares')
  for (const { partition, message } of seen.values()) {
    const i = Number(message.offset) * partitions + partition
    check(message.key.toString() === `k${i}` && message.value.toString() === `v${i}` &&
      message.headers.h.toString() === `${i}`, `content of ${i}`)
  }
  for (const [index, consumer] of consumers.entries()) {
    await consumer.commitOffsets([...assigned[index]].map(partition =>
      ({ topic, partition, offset: String(messages / partitions) })))
  }
  for (const consumer of consumers) await consumer.disconnect()
  console.log('ok group of two')
}

async function committed() {
  const admin = kafka.admin()
  await admin.connect()
  const [{ partitions: offsets }] = await admin.fetchOffsets({ groupId, topics: [topic] })
  check(offsets.length === partitions && offsets.every(o => Number(o.offset) === messages / partitions),
    `committed: ${JSON.stringify(offsets)}`)
  const description = await admin.describeGroups([groupId])
  check(description.groups[0].state === 'Empty', `state ${description.groups[0].state}`)
  await admin.disconnect()
  console.log('ok committed offsets')
}

async function transactions() {
  const producer = kafka.producer({ transactionalId: `js-tx-${run}`, idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  for (const [name, commit] of [['first', true], ['aborted', false], ['second', true]]) {
    const transaction = await producer.transaction()
    const all = [...Array(10).keys()].map(i => ({ value: `${name}${i}`, partition: 0 }))
    await transaction.send({ topic: txnTopic, messages: all })
    await (commit ? transaction.commit() : transaction.abort())
  }
  await producer.disconnect()
  for (const readUncommitted of [false, true]) {
    const consumer = kafka.consumer({ groupId: `${groupId}-${readUncommitted}`, readUncommitted })
    const values = []
    await consumer.connect()
    await consumer.subscribe({ topic: txnTopic, fromBeginning: true })
    await consumer.run({ eachMessage: async ({ message }) => { values.push(message.value.toString()) } })
    const names = readUncommitted ? ['first', 'aborted', 'second'] : ['first', 'second']
    const expected = names.flatMap(n => [...Array(10).keys()].map(i => `${n}${i}`))
    const deadline = Date.now() + 30000
    while (values.length < expected.length && Date.now() < deadline) await sleep(100)
    check(JSON.stringify(values) === JSON.stringify(expected), `readUncommitted=${readUncommitted}: ${values}`)
    await consumer.disconnect()
  }
  console.log('ok transactions')
}

async function main() {
  await createTopics()
  await produce()
  await groupOfTwo()
  await committed()
  await transactions()
  console.log('PASS kafkajs')
}

main().then(() => process.exit(0), e => {
  console.log(`FAIL ${e.stack || e}`)
  process.exit(1)
})
