import { constants } from 'node:buffer';
import { describe, expect, onTestFinished, test } from 'vitest';
import { PayloadError, Peer } from 'mreventloop';
import { startBroker } from '../support/addresses.ts';

describe('peer: payloads that cannot be read', () => {
  const failure = new RangeError('secret');
  const fail = (): never => {
    throw failure;
  };

  test.each([
    ['a toJSON that throws', { toJSON: fail }],
    ['a getter that throws', { a: [Object.defineProperty({}, 'b', { enumerable: true, get: fail })] }],
    ['a Proxy that throws', new Proxy({}, { ownKeys: fail })],
  ])('%s: refused with event and position, and the error as the cause', (_, value) => {
    const peer = new Peer('inproc://nobody.in', 'inproc://nobody.out', [], ['produced']);
    expect(() => peer.publish.produced('fine', value)).toThrow(
      expect.objectContaining({
        code: 'PAYLOAD',
        message: "argument 2 of event 'produced' cannot be published: it cannot be read",
        cause: failure,
      }),
    );
  });

  test.each([
    ['throws', fail],
    ['has what JSON has not', () => 1n],
  ])('a toJSON that %s when it is read again: refused, and what follows is published', async (_, again) => {
    const { endpoints } = await startBroker();
    const peer = new Peer(endpoints.in, endpoints.out, ['produced'], ['produced']);
    onTestFinished(() => peer.stop());
    await peer.start();
    let reads = 0;
    const value = { toJSON: () => ((reads += 1) === 1 ? 1 : again()) };
    expect(() => peer.publish.produced(value)).toThrow(PayloadError);
    const arrived = peer.events.produced.next();
    await peer.publish.produced('fine');
    expect(await arrived).toEqual(['fine']);
  });

  test('more arguments than a listener can be called with: refused, and as many as it can arrive', async () => {
    const { endpoints } = await startBroker();
    const peer = new Peer(endpoints.in, endpoints.out, ['produced'], ['produced']);
    onTestFinished(() => peer.stop());
    await peer.start();
    const many = Array.from({ length: 1_024 }, (_, i) => i);
    expect(() => peer.publish.produced(...many, 1)).toThrow(PayloadError);
    const arrived = peer.events.produced.next();
    await peer.publish.produced(...many);
    expect(await arrived).toEqual(many);
  });

  test('a text that is nearly as long as texts can be: refused, and what follows is published', async () => {
    const { endpoints } = await startBroker();
    const peer = new Peer(endpoints.in, endpoints.out, ['produced'], ['produced']);
    onTestFinished(() => peer.stop());
    await peer.start();
    expect(() => peer.publish.produced('x'.repeat(constants.MAX_STRING_LENGTH))).toThrow(PayloadError);
    const arrived = peer.events.produced.next();
    await peer.publish.produced('fine');
    expect(await arrived).toEqual(['fine']);
  });
});
