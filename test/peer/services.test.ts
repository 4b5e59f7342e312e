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
function makeServices(send?: (message: Reply) => void) {
  const gate = deferred();
  const asked: string[] = [];
  const signals: AbortSignal[] = [];
  const said: Reply[] = [];
  const failures: unknown[] = [];
  const served = event<[string, AbortSignal]>();
  served.addListener(async (product, signal) => {
    asked.push(product);
    signals.push(signal);
    await gate.promise;
    return 3;
  });
  const services = new Services(specsOf(shop, ['price_of'], 'answers'), true, new StepClock(), {
    served: () => served,
    send: (_peer, message) => void (send?.(message) ?? said.push(message)),
    tell: async (_peer, message) => void said.push(message),
    room: () => undefined,
    invalid() {},
    failed: (_request, _peer, error) => failures.push(error),
  });
  return { services, gate, asked, signals, said, failures };
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
