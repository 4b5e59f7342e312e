// What checking costs: events of an object with five members from one peer to another within a process, with
// contracts that have only types, and schemas of each library. All peers do all else that they do.
import { type } from 'arktype';
import { Broker, connect, contract, event, Peer } from 'mreventloop';
import * as v from 'valibot';
import { z } from 'zod';

interface Order {
  readonly id: number;
  readonly product: string;
  readonly price: number;
  readonly paid: boolean;
  readonly tags: readonly string[];
}

const contracts = {
  none: contract({ ordered: event<[order: Order]>() }),
  zod: contract({
    ordered: [
      z.object({
        id: z.number(),
        product: z.string(),
        price: z.number(),
        paid: z.boolean(),
        tags: z.array(z.string()),
      }),
    ],
  }),
  valibot: contract({
    ordered: [
      v.object({
        id: v.number(),
        product: v.string(),
        price: v.number(),
        paid: v.boolean(),
        tags: v.array(v.string()),
      }),
    ],
  }),
  arktype: contract({
    ordered: [type({ id: 'number', product: 'string', price: 'number', paid: 'boolean', tags: 'string[]' })],
  }),
};
type Library = keyof typeof contracts;

const ROUNDS = 7;
const COUNT = 100_000;

/** Nanoseconds an event. */
async function measure(library: Library, validateOutgoing: boolean): Promise<number> {
  const shop: (typeof contracts)['none'] = contracts[library] as never;
  await using _broker = await new Broker('inproc://validation').start();
  await using publisher = await new Peer('inproc://validation', shop, {
    publish: ['ordered'],
    validateOutgoing,
  }).start();
  await using subscriber = await new Peer('inproc://validation', shop, { subscribe: ['ordered'] }).start();
  let received = 0;
  connect(subscriber, 'ordered', () => (received += 1));
  await publisher.waitFor({ subscribers: 'ordered' });
  const began = performance.now();
  for (let id = 0; id < COUNT; id += 1) {
    await publisher.publish.ordered({ id, product: 'tea', price: 2.5, paid: true, tags: ['hot', 'green'] });
  }
  await publisher.flush();
  const nanoseconds = ((performance.now() - began) * 1e6) / COUNT;
  if (received !== COUNT) throw new Error(`${received} of ${COUNT} events arrived`);
  return nanoseconds;
}

interface Case {
  readonly name: string;
  readonly library: Library;
  readonly validateOutgoing: boolean;
}

const cases = (Object.keys(contracts) as Library[]).flatMap((library): Case[] =>
  library === 'none'
    ? [{ name: 'none', library, validateOutgoing: false }]
    : [
        { name: `${library}, where it arrives`, library, validateOutgoing: false },
        { name: `${library}, at both ends`, library, validateOutgoing: true },
      ],
);
const figures = new Map<string, number[]>(cases.map(({ name }) => [name, []]));
// The first round warms up.
for (let round = 0; round <= ROUNDS; round += 1) {
  for (const { name, library, validateOutgoing } of cases) {
    const nanoseconds = await measure(library, validateOutgoing);
    if (round > 0) figures.get(name)?.push(nanoseconds);
  }
}

// The fastest round is the one that other programs disturbed least.
const fastest = (name: string): number => Math.min(...(figures.get(name) ?? []));
console.log(
  `Node ${process.version}; ${COUNT} events a round, the fastest of ${ROUNDS}, publisher and subscriber together\n`,
);
for (const { name } of cases) {
  const more = name === 'none' ? '' : `  ${(fastest(name) - fastest('none')).toFixed(0).padStart(5)} more`;
  console.log(`${name.padEnd(28)}${fastest(name).toFixed(0).padStart(6)} ns an event${more}`);
}
console.log('\nthe schema alone');
for (const library of ['zod', 'valibot', 'arktype'] as const) {
  console.log(`${library.padEnd(28)}${measureSchema(library).toFixed(0).padStart(6)} ns`);
}

/** Nanoseconds a value, without anything around it. */
function measureSchema(library: Exclude<Library, 'none'>): number {
  const { validate } = contracts[library].ordered[0]['~standard'];
  const rounds = Array.from({ length: ROUNDS + 1 }, () => {
    let wrong = 0;
    const began = performance.now();
    for (let id = 0; id < COUNT; id += 1) {
      const result = validate({ id, product: 'tea', price: 2.5, paid: true, tags: ['hot', 'green'] });
      if (result instanceof Promise || result.issues !== undefined) wrong += 1;
    }
    if (wrong > 0) throw new Error(`${wrong} values did not fit`);
    return ((performance.now() - began) * 1e6) / COUNT;
  });
  return Math.min(...rounds);
}
