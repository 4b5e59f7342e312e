import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Parse, parserFor } from '../../src/contract/validate.ts';
import { Incoming } from '../../src/peer/incoming.ts';
import { systemClock } from '../../src/stream/clock.ts';
import { type Deferred, deferred } from '../loop/deferred.ts';

/** The arguments of `slow` are let through one by one, by the test. */
class World {
  readonly #gates: Deferred<boolean>[] = [];
  readonly seen: unknown[][] = [];
  readonly incoming: Incoming;

  constructor() {
    const pass = (): Promise<boolean> => {
      const gate = deferred<boolean>();
      this.#gates.push(gate);
      return gate.promise;
    };
    const gated = v.pipeAsync(v.string(), v.checkAsync(pass));
    const parsers = new Map<string, Parse>([
      ['slow', parserFor([gated])],
      ['fast', parserFor([z.string().transform((text) => text.toUpperCase())])],
    ]);
    this.incoming = new Incoming(parsers, {
      emit: (event, args) => this.seen.push([event, ...args]),
      invalid: (event, violation) => this.seen.push([event, violation.reason]),
    });
  }

  /** How many arguments were, or are, at the gate. */
  get asked(): number {
    return this.#gates.length;
  }

  async gate(index: number): Promise<Deferred<boolean>> {
    while (this.#gates.length <= index) await Promise.resolve();
    return this.#gates[index] as Deferred<boolean>;
  }
}

/** Listeners that take a millisecond for each of two hundred events. */
function takeTheirTime(givesTurns: boolean): { incoming: Incoming; seen: unknown[]; given: number[] } {
  const seen: unknown[] = [];
  const given = Array.from({ length: 200 }, (_, n) => n);
  const emit = (_: string, [n]: readonly unknown[]): void => {
    const end = performance.now() + 1;
    while (performance.now() < end);
    seen.push(n);
  };
  const incoming = new Incoming(new Map(), { emit, invalid() {} }, givesTurns ? systemClock() : undefined);
  for (const n of given) incoming.receive('event', [n]);
  return { incoming, seen, given };
}

describe('incoming events', () => {
  test('go on at once, in the same call, when no schema has to be waited for', () => {
    const { incoming, seen } = new World();
    incoming.receive('fast', ['a']);
    expect(seen).toEqual([['fast', 'A']]);
    incoming.receive('fast', [1]);
    incoming.receive('unchecked', [1, 2]);
    expect(seen).toEqual([
      ['fast', 'A'],
      ['fast', 'schema'],
      ['unchecked', 1, 2],
    ]);
    expect(incoming.pending).toBe(0);
  });

  test('of all names wait behind one whose schema has to be waited for, and keep their order', async () => {
    const world = new World();
    const { incoming, seen } = world;
    incoming.receive('slow', ['a']);
    incoming.receive('fast', ['b']);
    incoming.receive('slow', ['c']);
    incoming.receive('slow', [3]);
    incoming.receive('unchecked', ['d']);
    expect(incoming.pending).toBe(5);
    const settled = incoming.settled();
    const first = await world.gate(0);
    expect(seen).toEqual([]);
    expect(world.asked).toBe(1);
    first.resolve(true);
    const second = await world.gate(1);
    expect(seen).toEqual([
      ['slow', 'a'],
      ['fast', 'B'],
    ]);
    second.resolve(false);
    await settled;
    expect(seen.slice(2)).toEqual([
      ['slow', 'schema'],
      ['slow', 'schema'],
      ['unchecked', 'd'],
    ]);
    expect(incoming.pending).toBe(0);
    incoming.receive('fast', ['e']);
    expect(seen.at(-1)).toEqual(['fast', 'E']);
  });

  test('that wait at the end do not go on, and are counted', async () => {
    const world = new World();
    const { incoming, seen } = world;
    incoming.receive('slow', ['a']);
    incoming.receive('fast', ['b']);
    const first = await world.gate(0);
    const settled = incoming.settled();
    incoming.close();
    await settled;
    first.resolve(true);
    await first.promise;
    await new Promise(setImmediate);
    expect(incoming.pending).toBe(2);
    expect(seen).toEqual([]);
  });

  test('are acknowledged when they have gone on', async () => {
    const world = new World();
    const { incoming, seen } = world;
    incoming.receive('slow', ['a']);
    incoming.afterwards(() => seen.push(['acknowledged']));
    const first = await world.gate(0);
    expect(seen).toEqual([]);
    first.resolve(true);
    await incoming.settled();
    await incoming.settled();
    expect(seen).toEqual([['slow', 'a'], ['acknowledged']]);
    incoming.receive('fast', ['b']);
    incoming.close();
    incoming.afterwards(() => seen.push(['acknowledged']));
    expect(seen.slice(2)).toEqual([['fast', 'B'], ['acknowledged']]);
  });

  test('are acknowledged at once where nothing is checked', () => {
    const incoming = new Incoming(new Map(), { emit() {}, invalid() {} });
    let told = false;
    incoming.afterwards(() => (told = true));
    expect(told).toBe(true);
  });

  test('wait while listeners take their time and the runtime has its turn, and are acknowledged behind that', async () => {
    const { incoming, seen, given } = takeTheirTime(true);
    let told = 0;
    incoming.afterwards(() => (told = seen.length));
    const atTurns: number[] = [seen.length];
    while (incoming.pending > 0) {
      await new Promise(setImmediate);
      atTurns.push(seen.length);
    }
    await incoming.settled();
    expect(seen).toEqual(given);
    expect(told).toBe(given.length);
    // Whether 50 ms have passed is looked at after 64 of them at the latest.
    for (const [index, at] of atTurns.entries()) expect(at - (atTurns[index - 1] ?? 0)).toBeLessThanOrEqual(64);
  });

  test('do not wait for that where their publishers would not wait either', () => {
    const { incoming, seen, given } = takeTheirTime(false);
    expect(seen).toEqual(given);
    expect(incoming.pending).toBe(0);
  });
});
