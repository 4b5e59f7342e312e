import { Publisher } from 'zeromq';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Broker, connect, contract, type Endpoints, event, extendedValues, Peer } from 'mreventloop';
import { freeEndpoints } from '../support/addresses.ts';
import { Program } from '../support/program.ts';
import { describeWith } from '../setup/describe-with.ts';

/** What crosses in both directions and must come back the same. */
const ARGUMENTS: unknown[][] = [
  [],
  ['tea'],
  [1, -2, 2.5, true, false, null],
  ['ä€😀\u2028\u007f\u0000\n"\\/', '商品'],
  [[['nested', []], { key: { deeper: [1, { last: null }] } }], {}],
  Array.from({ length: 100 }, (_, i) => i),
  ['x'.repeat(100_000)],
];

/** Values beyond JSON, and what a Python peer sees of them. */
const EXTENDED: [values: unknown[], seen: unknown[]][] = [
  [
    [new Date(Date.UTC(2030, 0, 1, 12)), 2n ** 70n, undefined],
    [{ $date: '2030-01-01T12:00:00.000Z' }, { $bigint: '1180591620717411303424' }, { $undefined: true }],
  ],
  [
    [Number.NaN, Infinity, -Infinity, -0],
    [{ $number: 'NaN' }, { $number: 'Infinity' }, { $number: '-Infinity' }, { $number: '-0' }],
  ],
  [
    [new Map([['a', new Set([1n])]]), { deep: [new Uint8Array([0, 255, 16])] }],
    [{ $map: [['a', { $set: [{ $bigint: '1' }] }]] }, { deep: [{ $bytes: 'AP8Q' }] }],
  ],
  [[new RangeError('no tea')], [{ $error: { name: 'RangeError', message: 'no tea' } }]],
  [
    [{ $date: 'no date' }, { $set: 1, more: 2 }],
    [{ $$date: 'no date' }, { $set: 1, more: 2 }],
  ],
];

describeWith('python', 'interop with the published Python package', (interpreters) => {
  for (const [version, interpreter] of Object.entries(interpreters)) {
    describe(`mreventloop ${version}`, () => {
      describe.each(['TypeScript', 'Python'] as const)('on a broker in %s', (language) => {
        test('a TypeScript peer asks, a Python peer answers', async () => {
          const endpoints = await startBroker(language, interpreter);
          await startPython(interpreter, 'echo.py', endpoints);
          const peer = await startPeer(endpoints, ['response'], ['request']);
          for (const args of ARGUMENTS) {
            const response = peer.events.response.next();
            await peer.publish.request(...args);
            expect(await response).toEqual(args);
          }
        });

        test('a Python peer asks, a TypeScript peer answers', async () => {
          const endpoints = await startBroker(language, interpreter);
          await startAnswering(endpoints);
          const python = await startPython(interpreter, 'ask.py', endpoints);
          expect(await ask(python, ARGUMENTS)).toBe('the same');
        });

        test('values beyond JSON: a Python peer sees what stands for them, and what it sends so is understood', async () => {
          const endpoints = await startBroker(language, interpreter);
          const echo = await startPython(interpreter, 'values.py', endpoints);
          const exact = contract(
            { request: event<unknown[]>(), response: event<unknown[]>() },
            { codec: extendedValues },
          );
          const peer = new Peer(endpoints, exact, { publish: ['request'], subscribe: ['response'] });
          onTestFinished(() => peer.stop());
          await peer.start();
          for (const [values, seen] of EXTENDED) {
            const response = peer.events.response.next();
            await peer.publish.request(...values);
            expect(await echo.json()).toEqual(seen);
            expect(await response).toStrictEqual(values);
          }
          // What Python makes of its own values.
          const response = peer.events.response.next();
          await peer.publish.request('python');
          expect(await echo.json()).toEqual(['python']);
          expect(await response).toStrictEqual([
            new Date(Date.UTC(2030, 0, 1, 10, 0, 0, 123)),
            2n ** 70n,
            new Uint8Array([0, 255, 16]),
            new Set([1, 2]),
            Number.NaN,
            { $date: 'no date' },
          ]);
        });

        test('two Python peers and two TypeScript peers: each hears the others', async () => {
          const endpoints = await startBroker(language, interpreter);
          await startPython(interpreter, 'echo.py', endpoints);
          const listener = await startPeer(endpoints, ['request', 'response'], []);
          const heard: unknown[][] = [];
          connect(listener, 'request', (...args) => heard.push(['request', ...args]));
          connect(listener, 'response', (...args) => heard.push(['response', ...args]));
          const python = await startPython(interpreter, 'ask.py', endpoints);
          const last = listener.events.response.next({ where: (number) => number === 2 });
          expect(await ask(python, [[1], [2]])).toBe('the same');
          await last;
          expect(heard.filter(([kind]) => kind === 'request')).toEqual([
            ['request', 1],
            ['request', 2],
          ]);
          expect(heard.filter(([kind]) => kind === 'response')).toEqual([
            ['response', 1],
            ['response', 2],
          ]);
        });

        test('10,000 events each way, in order', { timeout: 120_000 }, async () => {
          const endpoints = await startBroker(language, interpreter);
          await startPython(interpreter, 'echo.py', endpoints);
          const peer = await startPeer(endpoints, ['response'], ['request']);
          const received: unknown[] = [];
          connect(peer, 'response', (number) => received.push(number));
          const all = Array.from({ length: 10_000 }, (_, i) => i);
          // Python drops what is more than 1,000 events ahead of it: send no faster than it answers.
          for (let sent = 0; sent < all.length; sent += 500) {
            const answered = peer.events.response.next({ where: (number) => number === sent + 499 });
            for (const number of all.slice(sent, sent + 500)) void peer.publish.request(number);
            await answered;
          }
          expect(received).toEqual(all);
        });

        test('keyword arguments of Python arrive as one object', async () => {
          const endpoints = await startBroker(language, interpreter);
          const peer = await startPeer(endpoints, ['request'], []);
          const request = peer.events.request.next();
          python(interpreter, 'keywords.py', endpoints);
          expect(await request).toEqual([{ product: 'tea', price: 3 }]);
        });
      });

      test('what was published while our broker was away reaches a Python peer, too', { timeout: 60_000 }, async () => {
        const endpoints = freeEndpoints('ipc');
        const broker = await new Broker(endpoints.in, endpoints.out).start();
        onTestFinished(() => broker.stop());
        await startPython(interpreter, 'echo.py', endpoints);
        const peer = await startPeer(endpoints, ['response'], ['request']);
        for (let round = 0; round < 5; round += 1) {
          const away = peer.status.disconnected.next();
          await broker.stop();
          await away;
          for (let i = 0; i < 50; i += 1) void peer.publish.request(round, i);
          // Its sockets come back within one interval, before anything is sent: so it misses nothing.
          const answered = peer.events.response.next({ where: (n, i) => n === round && i === 0 });
          const last = peer.events.response.next({ where: (n, i) => n === round && i === 49 });
          await broker.start();
          await Promise.all([answered, last]);
        }
      });

      test('invalid UTF-8 that a broker in Python passes on is reported, and the next event arrives', async () => {
        const endpoints = await startBroker('Python', interpreter);
        const peer = await startPeer(endpoints, ['request'], []);
        const stranger = startStranger(endpoints);
        const report = peer.status.invalid.next();
        const request = peer.events.request.next();
        const head = '{"jsonrpc": "2.0", "method": "request"';
        // Sockets that are connected need not be subscribed: send until it is heard.
        const heard = Promise.all([report, request]);
        let waiting = true;
        void heard.then(() => (waiting = false));
        while (waiting) {
          await stranger.send(Buffer.concat([Buffer.from(`${head}, "params": ["`), Buffer.from([0xff])]));
          await stranger.send(`${head}, "params": ["next"]}`);
          await new Promise(setImmediate);
        }
        expect(await heard).toEqual([[{ reason: 'utf-8', count: 1 }], ['next']]);
      });

      test('what cannot be understood does not reach Python peers through our broker', async () => {
        const endpoints = await startBroker('TypeScript', interpreter);
        const echo = await startPython(interpreter, 'echo.py', endpoints);
        const peer = await startPeer(endpoints, ['response'], ['request']);
        const stranger = startStranger(endpoints);
        // Invalid UTF-8 ends a Python peer's process. Whether the stranger is heard is seen by what it may say.
        const heard = peer.events.response.next({ where: (who) => who === 'stranger' });
        let waiting = true;
        void heard.then(() => (waiting = false));
        while (waiting) {
          await stranger.send(Buffer.from([0x7b, 0xff]));
          await stranger.send('{"jsonrpc": "2.0", "method": "request", "params": ["stranger"]}');
          await new Promise(setImmediate);
        }
        const answer = peer.events.response.next({ where: (who) => who === 'friend' });
        await peer.publish.request('friend');
        await answer;
        expect(echo.child.exitCode).toBeNull();
      });
    });
  }
});

async function startBroker(language: 'TypeScript' | 'Python', interpreter: string): Promise<Endpoints> {
  const endpoints = freeEndpoints('ipc');
  if (language === 'Python') {
    await startPython(interpreter, 'broker.py', endpoints);
  } else {
    const broker = await new Broker(endpoints.in, endpoints.out).start();
    onTestFinished(() => broker.stop());
  }
  return endpoints;
}

/** A socket that sends what it likes. */
function startStranger(endpoints: Endpoints): Publisher {
  const stranger = new Publisher({ linger: 0 });
  onTestFinished(() => stranger.close());
  stranger.connect(endpoints.out);
  return stranger;
}

function python(interpreter: string, script: string, endpoints: Endpoints): Program {
  const path = new URL(`python/${script}`, import.meta.url).pathname;
  return new Program(interpreter, [path, endpoints.in, endpoints.out]);
}

async function startPython(interpreter: string, script: string, endpoints: Endpoints): Promise<Program> {
  const program = python(interpreter, script, endpoints);
  expect(await program.line()).toBe('ready');
  return program;
}

async function startPeer<S extends string, P extends string>(
  endpoints: Endpoints,
  subscribe: readonly S[],
  publish: readonly P[],
) {
  const peer = new Peer(endpoints.in, endpoints.out, subscribe, publish);
  onTestFinished(() => peer.stop());
  return peer.start();
}

async function startAnswering(endpoints: Endpoints): Promise<void> {
  const peer = await startPeer(endpoints, ['request'], ['response']);
  connect(peer, 'request', peer.publish, 'response');
}

/** Has `ask.py` send requests, and gives what it says of the responses. */
function ask(program: Program, requests: unknown[][]): Promise<unknown> {
  program.child.stdin?.write(`${JSON.stringify(requests)}\n`);
  return program.json();
}
