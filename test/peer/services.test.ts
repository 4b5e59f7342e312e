import { expect, test } from 'vitest';
import { contract, event, PayloadError, request } from 'mreventloop';
import { StepClock } from 'mreventloop/testing';
import { z } from 'zod';
import { specsOf } from '../../src/peer/requests.ts';
import { Services } from '../../src/peer/services.ts';
import type { Reply } from '../../src/wire/direct.ts';
import { deferred } from '../loop/deferred.ts';

const shop = contract({ price_of: request([z.string()], z.number()) });

/** Services whose handler waits for `gate`, and what they said. */
function makeServices(send?: (message: Reply) => void, contracted = shop) {
  const gate = deferred();
  const asked: string[] = [];
  const signals: AbortSignal[] = [];
  const said: Reply[] = [];
  const failures: unknown[] = [];
  const served = event<[string, AbortSignal]>();
  const link = served.addListener(async (product, signal) => {
    asked.push(product);
    signals.push(signal);
    await gate.promise;
    return 3;
  });
  const services = new Services(specsOf(contracted, ['price_of'], 'answers'), true, new StepClock(), {
    served: () => served,
    send: (_peer, message) => void (send?.(message) ?? said.push(message)),
    tell: async (_peer, message) => void said.push(message),
    room: () => undefined,
    invalid() {},
    failed: (_request, _peer, error) => failures.push(error),
  });
  return { services, gate, asked, signals, said, failures, link };
}

test('a number that a peer uses twice stands for one request: it is handled once, and answered once', async () => {
  const { services, gate, asked, said } = makeServices();
  services.received('buyer', { kind: 'call', id: 1, request: 'price_of', args: ['tea'] });
  services.received('buyer', { kind: 'call', id: 1, request: 'price_of', args: ['milk'] });
  expect(services.running).toBe(1);
  gate.resolve();
  await services.drain();
  expect(asked).toEqual(['tea']);
  expect(said).toEqual([{ kind: 'result', id: 1, value: 3 }]);
});

test('an answer that is too large: told of by what it answers', async () => {
  const tooLarge = new PayloadError("event '%buyer' is too large");
  const { services, gate, failures, said } = makeServices(() => {
    throw tooLarge;
  });
  services.received('buyer', { kind: 'call', id: 1, request: 'price_of', args: ['tea'] });
  gate.resolve();
  await services.drain();
  const message = "the answer to request 'price_of' is too large for this bus";
  expect(failures).toEqual([expect.objectContaining({ code: 'PAYLOAD', message, cause: tooLarge })]);
  expect(said).toEqual([{ kind: 'error', id: 1, error: { name: 'PayloadError', message, code: 'PAYLOAD' } }]);
});

test('a number that a peer uses twice: what it calls off is called off', () => {
  const { services, signals } = makeServices();
  for (const product of ['tea', 'milk']) {
    services.received('buyer', { kind: 'call', id: 1, request: 'price_of', args: [product] });
  }
  services.received('buyer', { kind: 'cancel', id: 1 });
  expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  expect(services.running).toBe(0);
});

test('what is called off while its arguments are checked is not handled', async () => {
  const checked = deferred();
  const slow = contract({ price_of: request([z.string().refine(() => checked.promise.then(() => true))], z.number()) });
  const { services, asked, said } = makeServices(undefined, slow);
  services.received('buyer', { kind: 'call', id: 1, request: 'price_of', args: ['tea'] });
  services.received('buyer', { kind: 'cancel', id: 1 });
  checked.resolve();
  services.received('buyer', { kind: 'call', id: 2, request: 'price_of', args: ['milk'] });
  await expect.poll(() => asked).toEqual(['milk']);
  expect(said).toEqual([]);
});

test('a request without a handler is refused, and not waited for', async () => {
  const { services, link, said } = makeServices();
  link.disconnect();
  services.received('buyer', { kind: 'call', id: 1, request: 'price_of', args: ['tea'] });
  expect(said).toEqual([{ kind: 'nobody', id: 1 }]);
  expect(services.running).toBe(0);
});

test.each(['its schema is awaited', 'it waits for room'])(
  'an answer that changes while %s: sent is what the handler gave',
  async (what) => {
    const waits = deferred();
    let isRoom = what !== 'it waits for room';
    const prices = z.array(z.number());
    const slowly = prices.refine(() => waits.promise.then(() => true));
    const listed = contract({ prices: request([], isRoom ? slowly : prices) });
    const list = [1];
    const served = event<[AbortSignal]>();
    served.addListener(() => list);
    const said: Reply[] = [];
    const services = new Services(specsOf(listed, ['prices'], 'answers'), true, new StepClock(), {
      served: () => served,
      send: (_peer, message) => void said.push(structuredClone(message)),
      tell: async (_peer, message) => void said.push(message),
      room: () => (isRoom ? undefined : waits.promise),
      invalid() {},
      failed() {},
    });
    services.received('buyer', { kind: 'call', id: 1, request: 'prices', args: [] });
    list.push(2);
    isRoom = true;
    waits.resolve();
    await services.drain();
    expect(said).toEqual([{ kind: 'result', id: 1, value: [1] }]);
  },
);
