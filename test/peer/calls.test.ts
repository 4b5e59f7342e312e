import { expect, test } from 'vitest';
import { contract, request, requestStream } from 'mreventloop';
import { StepClock } from 'mreventloop/testing';
import { z } from 'zod';
import { Calls } from '../../src/peer/calls.ts';
import { type RequestSpec, specsOf } from '../../src/peer/requests.ts';
import type { Question } from '../../src/wire/direct.ts';

const shop = contract({
  price_of: request([z.string()], z.number()),
  prices_of: requestStream([z.string()], z.number()),
});

/** Calls that know one server, and what they said to it. */
function makeCalls() {
  const said: Question[] = [];
  const calls = new Calls(new StepClock(), true, new Map(), {
    servers: () => ['seller'],
    send: (_peer, message) => void said.push(message),
    tell: async (peer, message) => void (peer !== undefined && said.push(message)),
    invalid() {},
  });
  const specs = specsOf(shop, ['price_of', 'prices_of'], 'asks');
  const specOf = (name: string): RequestSpec => specs.get(name) as RequestSpec;
  return { calls, said, specOf };
}

test('messages of a server are lost: what it streams fails and is called off, and calls are asked after', async () => {
  const { calls, said, specOf } = makeCalls();
  const answer = calls.call(specOf('price_of'), ['tea']);
  const reader = calls.stream(specOf('prices_of'), ['tea'])[Symbol.asyncIterator]();
  const next = expect(reader.next()).rejects.toThrow("request 'prices_of' or its answer was lost at peer seller");
  await expect.poll(() => said.length).toBe(2);
  said.length = 0;
  calls.lost('another');
  expect(said).toEqual([]);
  calls.lost('seller');
  await next;
  expect(said).toEqual([
    { kind: 'cancel', id: 2 },
    { kind: 'check', id: 1 },
  ]);
  calls.received('seller', { kind: 'result', id: 1, value: 3 });
  expect(await answer).toBe(3);
});

test('an answer of a stream that nobody reads any more: it is called off once more', () => {
  const { calls, said } = makeCalls();
  calls.received('seller', { kind: 'item', id: 7, value: 3 });
  calls.received('seller', { kind: 'end', id: 8 });
  expect(said).toEqual([{ kind: 'cancel', id: 7 }]);
});
