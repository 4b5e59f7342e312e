import { describe, expect, test } from 'vitest';
import { Peer } from 'mreventloop';

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
});
