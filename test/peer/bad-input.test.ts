import { Publisher } from 'zeromq';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connect, contract, type Endpoints, type InvalidFrame, Peer, request } from 'mreventloop';
import { z } from 'zod';
import { startBroker } from '../support/addresses.ts';
import { describeWith } from '../setup/describe-with.ts';
import { Program } from '../support/program.ts';

const shop = contract({
  heard: [],
  good: [z.string()],
  produced: [z.strictObject({ name: z.string().max(20), 'tags?': z.unknown().optional() })],
  anything: [z.unknown()],
  constructor: [z.string()],
  sold: [z.string()],
  price_of: request([z.string()], z.number()),
});

/** What somebody says, as members of JSON-RPC requests, and what is reported of it. */
interface Case {
  readonly title: string;
  /** Several are a batch. */
  readonly said: string | readonly string[];
  readonly report: Record<string, unknown> | undefined;
}

const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
const schema = (path: readonly string[] = [], event = 'produced') => ({
  reason: 'schema',
  event,
  argument: 1,
  issues: [{ path }],
});
const arity = (given: number, event = 'produced') => ({ reason: 'arity', event, expected: 1, given });

const CASES: Case[] = [
  // Nobody has asked the broker for it.
  { title: 'an unknown method', said: '"method": "nope", "params": [1]', report: undefined },
  {
    title: 'an unknown method in a batch that begins with a known one',
    said: ['"method": "heard"', '"method": "nope", "params": [1]'],
    report: { reason: 'method', event: 'nope' },
  },
  {
    title: 'the name of a request in such a batch',
    said: ['"method": "heard"', '"method": "price_of", "params": ["tea"]'],
    report: { reason: 'method', event: 'price_of' },
  },
  {
    title: 'an event called toString in such a batch',
    said: ['"method": "heard"', '"method": "toString", "params": []'],
    report: { reason: 'method', event: 'toString' },
  },
  {
    title: 'an event of the contract that this peer did not ask for, in such a batch',
    said: ['"method": "heard"', '"method": "sold", "params": [3]'],
    report: undefined,
  },
  { title: 'no arguments', said: '"method": "produced"', report: arity(0) },
  { title: 'too few arguments', said: '"method": "produced", "params": []', report: arity(0) },
  { title: 'too many arguments', said: '"method": "produced", "params": [{"name": "tea"}, 2]', report: arity(2) },
  { title: 'a wrong type', said: '"method": "produced", "params": ["tea"]', report: schema() },
  { title: 'null', said: '"method": "produced", "params": [null]', report: schema() },
  { title: 'a wrong type within', said: '"method": "produced", "params": [{"name": 3}]', report: schema(['name']) },
  { title: 'extra members', said: '"method": "produced", "params": [{"name": "tea", "price": 3}]', report: schema() },
  {
    title: 'a member called constructor',
    said: '"method": "produced", "params": [{"name": "tea", "constructor": {"prototype": {"polluted": true}}}]',
    report: schema(),
  },
  {
    title: 'a member called __proto__',
    said: '"method": "anything", "params": [{"__proto__": {"polluted": true}}]',
    report: { reason: 'key', event: 'anything' },
  },
  { title: 'an event called __proto__', said: '"method": "__proto__", "params": ["x"]', report: undefined },
  { title: 'an event called toString', said: '"method": "toString", "params": ["x"]', report: undefined },
  {
    title: 'a wrong type for an event called constructor',
    said: '"method": "constructor", "params": [3]',
    report: schema([], 'constructor'),
  },
  {
    title: 'depth 65',
    said: `"method": "anything", "params": [${nested(65)}]`,
    report: { reason: 'depth', event: 'anything' },
  },
  {
    title: 'a hundred thousand arguments',
    said: `"method": "anything", "params": [${'0,'.repeat(100_000)}0]`,
    report: { reason: 'params', event: 'anything' },
  },
  {
    title: 'a text of 10 MB',
    said: `"method": "produced", "params": [{"name": "${'x'.repeat(10_000_000)}"}]`,
    report: schema(['name']),
  },
  { title: 'NaN', said: '"method": "anything", "params": [NaN]', report: { reason: 'json' } },
  { title: 'Infinity', said: '"method": "anything", "params": [{"a": -Infinity}]', report: { reason: 'json' } },
  {
    title: 'keyword arguments that name another event',
    said: '"method": "produced", "params": {"event_name": "good", "name": "tea"}',
    report: schema(),
  },
  {
    title: 'parameters that are none',
    said: '"method": "produced", "params": "tea"',
    report: { reason: 'params', event: 'produced' },
  },
  {
    title: 'a reserved name',
    said: '"method": "rpc.mr.all", "params": ["x"]',
    report: { reason: 'params', event: 'rpc.mr.all' },
  },
];

/** A peer with all of the contract, and what becomes of it. */
async function startListening(endpoints: Endpoints) {
  const peer = new Peer(endpoints, shop, { subscribe: ['heard', 'good', 'produced', 'anything', 'constructor'] });
  onTestFinished(() => peer.stop());
  const received: unknown[][] = [];
  const reports: InvalidFrame[] = [];
  connect(peer, 'produced', (...args) => received.push(args));
  connect(peer, 'anything', (...args) => received.push(args));
  connect(peer, 'constructor', (...args) => received.push(args));
  connect(peer.status, 'invalid', (report) => reports.push(report));
  const heard = peer.events.heard.next();
  await peer.start();
  return { peer, received, reports, heard };
}

/** Says everything bad, and something good after each. */
async function check(endpoints: Endpoints, start: () => (said: Case['said']) => Promise<unknown>): Promise<void> {
  const { peer, received, reports, heard } = await startListening(endpoints);
  const say = start();
  await heard;
  let count = 0;
  for (const [index, { title, said, report }] of CASES.entries()) {
    const next = peer.events.good.next({ timeout: 10_000 });
    await say(said);
    await say(`"method": "good", "params": ["${index}"], "more": {"members": true}`);
    expect(await next, title).toEqual([`${index}`]);
    expect(received, title).toEqual([]);
    if (report !== undefined) count += 1;
    expect(reports.splice(0), title).toMatchObject(report === undefined ? [] : [{ ...report, count }]);
  }
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
}

function toJson(said: Case['said'], before = ''): string {
  return typeof said === 'string' ? `{${before}${said}}` : `[${said.map((one) => toJson(one, before)).join(', ')}]`;
}

describe('bad input', () => {
  test('from a socket: each is reported, no listener is called, and the next event arrives', async () => {
    const { endpoints } = await startBroker('ipc');
    await check(endpoints, () => {
      const socket = new Publisher({ linger: 0 });
      onTestFinished(() => socket.close());
      socket.connect(endpoints.out);
      let isHeard = false;
      void probe();
      async function probe(): Promise<void> {
        while (!isHeard) {
          await socket.send('{"jsonrpc": "2.0", "method": "heard"}');
          await new Promise(setImmediate);
        }
      }
      return (said) => {
        isHeard = true;
        return socket.send(toJson(said, '"jsonrpc": "2.0", '));
      };
    });
  });
});

describeWith('python', 'bad input', (interpreters) => {
  test.each(Object.entries(interpreters))(
    'from Python, as of %s: the same',
    { timeout: 30_000 },
    async (_version, python) => {
      const { endpoints } = await startBroker('ipc');
      await check(endpoints, () => {
        const script = new URL('../interop/python/say.py', import.meta.url).pathname;
        const { child } = new Program(python, [script, endpoints.in, endpoints.out]);
        return async (said) => child.stdin?.write(`${toJson(said)}\n`);
      });
    },
  );
});
