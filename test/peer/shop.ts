import { onTestFinished } from 'vitest';
import { Broker, contract, Peer, request, requestStream } from 'mreventloop';
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

/** A promise, and what fulfils it. */
export function gate(): { readonly promise: Promise<void>; readonly open: () => void } {
  let open!: () => void;
  const promise = new Promise<void>((resolve) => (open = resolve));
  return { promise, open };
}
