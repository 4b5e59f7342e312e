import { expect, onTestFinished, test } from 'vitest';
import { connect, contract, type Endpoints, Peer, request } from 'mreventloop';
import { z } from 'zod';
import { describeWith } from '../setup/describe-with.ts';
import { startBroker } from '../support/addresses.ts';
import { NatsServer } from '../support/nats-server.ts';
import { node } from '../support/program.ts';
import { RedisServer } from '../support/redis-server.ts';

/** Longer than a peer takes to be missed. */
const TIMEOUT = { timeout: 30_000 };

const WAYS = ['process.exit', 'an error that nobody catches', 'a slot that fails'] as const;

/** A process with two peers ends, and another peer hears at once that they have left, and what they said before. */
async function expectLastWords(endpoints: Endpoints, way: (typeof WAYS)[number]): Promise<void> {
  const peer = new Peer(endpoints.in, endpoints.out, ['said'], ['told']);
  onTestFinished(() => peer.stop());
  await peer.start();
  const child = node(import.meta.url, 'children/ends.ts', endpoints.in, endpoints.out, way);
  expect([await child.line(), await child.line()]).toEqual(['stopped', 'ready']);
  await peer.waitFor({ subscribers: 'told', count: 2, timeout: 5_000 });
  // A third one was stopped before; its good-bye may still be on its way.
  await expect.poll(() => peer.peers.length, { timeout: 5_000 }).toBe(2);
  const happened: string[] = [];
  connect(peer, 'said', (what) => happened.push(String(what)));
  connect(peer.status, 'peerLeft', (_, reason) => happened.push(reason));
  void peer.publish.told();
  expect(await child.exit).toMatchObject({ code: way === 'process.exit' ? 7 : 1 });
  expect(await child.rest()).toEqual(['stopped', 'stopped']);
  await expect.poll(() => happened.toSorted(), { timeout: 15_000 }).toEqual(['bye', 'bye', 'the last']);
}

test.each(WAYS)('a process that ends by %s: its peers say good-bye', TIMEOUT, async (way) => {
  await expectLastWords((await startBroker('ipc')).endpoints, way);
});

test('a process that ends right after a request: the request gets to who serves it', TIMEOUT, async () => {
  const { endpoints } = await startBroker('ipc');
  const notes = contract({ note: request([z.string()], z.undefined()) });
  const peer = new Peer(endpoints, notes, { serve: ['note'] });
  onTestFinished(() => peer.stop());
  const noted: string[] = [];
  peer.serve.note((text) => void noted.push(text));
  await peer.start();
  const left = peer.status.peerLeft.next({ timeout: 15_000 });
  const child = node(import.meta.url, 'children/asks-and-ends.ts', endpoints.in, endpoints.out);
  expect(await child.exit).toMatchObject({ code: 7 });
  expect((await left)[1]).toBe('bye');
  expect(noted).toEqual(['the first', 'the last']);
});

test.each(['ws', 'ws+unix'] as const)(
  'a process that ends: its peers say good-bye over %s',
  TIMEOUT,
  async (scheme) => {
    await expectLastWords((await startBroker(scheme)).endpoints, 'a slot that fails');
  },
);

describeWith('nats', 'last words: NATS', (program) => {
  test('a process that ends: its peers say good-bye', TIMEOUT, async () => {
    const { address } = await NatsServer.start(program);
    await expectLastWords({ in: address, out: address }, 'a slot that fails');
  });
});

describeWith('redis', 'last words: Redis', (program) => {
  test('a process that ends: its peers say good-bye', TIMEOUT, async () => {
    const { address } = await RedisServer.start(program);
    await expectLastWords({ in: address, out: address }, 'a slot that fails');
  });
});

test('however many peers there are, and were, the process has one listener for them', async () => {
  const { endpoints } = await startBroker('inproc');
  const counts = new Set<number>();
  for (let i = 0; i < 20; i += 1) {
    await using _peer = await new Peer(endpoints.in, endpoints.out, [], []).start();
    counts.add(process.listenerCount('exit'));
  }
  expect(counts.size).toBe(1);
});
