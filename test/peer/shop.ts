import { expect, onTestFinished } from 'vitest';
import {
  Broker,
  contract,
  Peer,
  request,
  type RequestOptions,
  requestStream,
  StateError,
  TimeoutError,
} from 'mreventloop';
import { z } from 'zod';

// What tests of requests have in common.

export const shop = contract({
  produced: [z.string()],
  price_of: request([z.string()], z.number()),
  stock: request([z.string(), z.number().optional()], z.object({ product: z.string(), left: z.number() })),
  close: request([], z.undefined()),
  prices_of: requestStream([z.string()], z.number()),
});

/** Starts a peer that stops after the test. */
export async function started<P extends { start(): Promise<P>; stop(): Promise<void> }>(peer: P): Promise<P> {
  onTestFinished(() => peer.stop());
  return peer.start();
}

let pairs = 0;

/** A broker, a peer that serves everything and one that asks for everything, on a bus of their own. */
export async function pair() {
  pairs += 1;
  const address = `inproc://requests-${pairs}`;
  const broker = await new Broker(address).start();
  onTestFinished(() => broker.stop());
  const names = ['price_of', 'stock', 'close', 'prices_of'] as const;
  const seller = await started(new Peer(address, shop, { serve: names }));
  const buyer = await started(new Peer(address, shop, { request: names }));
  return { address, seller, buyer };
}

/** How what waits for a schema that never answers is ended all the same. */
export const endings = ['a time-out', 'a signal', 'a stop'] as const;

/** Asks where a schema never answers, ends that in one of these ways, and expects that it has ended. */
export async function expectEnd(
  ending: (typeof endings)[number],
  ask: (
    request: Awaited<ReturnType<typeof silentPair>>['buyer']['request'],
    options: RequestOptions,
  ) => Promise<unknown>,
): Promise<void> {
  const { buyer, checking } = await silentPair();
  const controller = new AbortController();
  const options = { signal: controller.signal, ...(ending === 'a time-out' && { timeout: 100 }) };
  const settled = expect(ask(buyer.request, options)).rejects.toThrow(
    { 'a time-out': TimeoutError, 'a signal': RangeError, 'a stop': StateError }[ending],
  );
  await checking;
  if (ending === 'a signal') controller.abort(new RangeError('enough'));
  if (ending === 'a stop') await buyer.stop();
  await settled;
}

async function silentPair() {
  const { address } = await pair();
  const { promise: checking, open } = gate();
  const silent = z.number().refine(() => {
    open();
    return new Promise<boolean>(() => {});
  });
  const odd = contract({
    half: request([silent], z.number()),
    double: request([z.number()], silent),
    halves: requestStream([silent], z.number()),
    doubles: requestStream([z.number()], silent),
  });
  const names = ['half', 'double', 'halves', 'doubles'] as const;
  const seller = await started(new Peer(address, odd, { serve: names, validateOutgoing: false }));
  seller.serve.double((number) => 2 * number);
  seller.serve.doubles((number) => [2 * number]);
  const buyer = await started(new Peer(address, odd, { request: names }));
  return { buyer, checking };
}

/** A promise, and what fulfils it. */
export function gate(): { readonly promise: Promise<void>; readonly open: () => void } {
  let open!: () => void;
  const promise = new Promise<void>((resolve) => (open = resolve));
  return { promise, open };
}
