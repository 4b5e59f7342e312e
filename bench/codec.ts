// What a codec costs: events of an object from one peer to another within a process, in plain JSON and with
// `extendedValues`; the object has nothing but JSON, or a Date and a BigInt (in plain JSON: texts), or 1,000 bytes.
import { Broker, connect, type Contract, contract, event, extendedValues, Peer } from 'mreventloop';

const ordered = { ordered: event<[order: unknown]>() };
const plain = contract(ordered);
const extended = contract(ordered, { codec: extendedValues });

const order = { id: 1, product: 'tea', price: 2.5, paid: true, tags: ['hot', 'green'] };
const at = new Date(Date.UTC(2030, 0, 1, 12));
const bytes = new Uint8Array(1_000).fill(77);
const text = Buffer.from(bytes).toString('base64');

const cases: readonly { name: string; contract: Contract; make: () => unknown }[] = [
  { name: 'JSON, no codec', contract: plain, make: () => ({ ...order }) },
  { name: 'JSON, codec', contract: extended, make: () => ({ ...order }) },
  {
    name: 'texts, no codec',
    contract: plain,
    make: () => ({ ...order, at: at.toISOString(), cents: String(123_456n) }),
  },
  { name: 'Date and BigInt, codec', contract: extended, make: () => ({ ...order, at, cents: 123_456n }) },
  { name: 'base64, no codec', contract: plain, make: () => ({ ...order, text }) },
  { name: '1,000 bytes, codec', contract: extended, make: () => ({ ...order, bytes }) },
];

const ROUNDS = 7;
const COUNT = 100_000;

/** Nanoseconds an event. */
async function measure(shop: Contract, make: () => unknown): Promise<number> {
  const typed = shop as typeof plain;
  await using _broker = await new Broker('inproc://codec').start();
  await using publisher = await new Peer('inproc://codec', typed, { publish: ['ordered'] }).start();
  await using subscriber = await new Peer('inproc://codec', typed, { subscribe: ['ordered'] }).start();
  let received = 0;
  connect(subscriber, 'ordered', () => (received += 1));
  await publisher.waitFor({ subscribers: 'ordered' });
  const began = performance.now();
  for (let id = 0; id < COUNT; id += 1) await publisher.publish.ordered(make());
  await publisher.flush();
  const nanoseconds = ((performance.now() - began) * 1e6) / COUNT;
  if (received !== COUNT) throw new Error(`${received} of ${COUNT} events arrived`);
  return nanoseconds;
}

const fastest = new Map<string, number>();
// The first round warms up.
for (let round = 0; round <= ROUNDS; round += 1) {
  for (const { name, contract: shop, make } of cases) {
    const nanoseconds = await measure(shop, make);
    if (round > 0) fastest.set(name, Math.min(nanoseconds, fastest.get(name) ?? Infinity));
  }
}

console.log(
  `Node ${process.version}; ${COUNT} events a round, the fastest of ${ROUNDS}, publisher and subscriber together\n`,
);
for (const [name, nanoseconds] of fastest) {
  console.log(`${name.padEnd(28)}${nanoseconds.toFixed(0).padStart(6)} ns an event`);
}
