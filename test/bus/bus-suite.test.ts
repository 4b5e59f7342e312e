import { readdirSync } from 'node:fs';
import { describe, test } from 'vitest';
import { Broker } from 'mreventloop';
import { type BusPlace, busSuite } from 'mreventloop/testing';
import { makeBus } from '../../src/bus/address.ts';
import { freeEndpoints, SCHEMES, type Scheme } from '../support/addresses.ts';

/** A broker at a place of its own. */
async function serve(scheme: Scheme): Promise<BusPlace> {
  const endpoints = freeEndpoints(scheme);
  const broker = await new Broker(endpoints.in, endpoints.out).start();
  return {
    bus: () => makeBus(broker.endpoints),
    stop: () => broker.stop(),
    start: async () => void (await broker.start()),
    handles: () => readdirSync('/proc/self/fd').length,
  };
}

describe.each(SCHEMES)('bus over %s', (scheme) => {
  test.each(busSuite)('$name', { timeout: 60_000 }, ({ run }) => run({ serve: () => serve(scheme) }));
});
