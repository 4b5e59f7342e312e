import { describe, expect, test } from 'vitest';
import { OverflowError, PayloadError } from 'mreventloop';
import { StepClock } from 'mreventloop/testing';
import type { EventOutboxOptions } from '../../src/stream/log.ts';
import { Deposits } from '../../src/stream/deposits.ts';
import { Batcher } from '../../src/stream/batcher.ts';
import { Outbox } from '../../src/stream/outbox.ts';
import type { Gone } from '../../src/wire/control.ts';

interface Deposit {
  readonly id: string;
  /** What is in it: `a1` for the first event of the name `a`, `-a2` for one that is gone, `a3!` if it names others. */
  readonly holds: string;
  /** How many characters it has. */
  readonly size: number;
  answer(isKept: boolean): Promise<void>;
}

function read(packs: readonly string[], gone: readonly Gone[]): string {
  const events = packs.flatMap((pack) => {
    const [event, id, list, , after] = JSON.parse(pack) as [string, string, unknown[], unknown?, unknown?];
    const n = Number(id.split(':')[2]);
    return list.map((_, i) => `${event}${n + i}${after === undefined ? '' : '!'}`);
  });
  const missing = gone.flatMap(([event, from, to]) =>
    Array.from({ length: to - from + 1 }, (_, i) => `-${event}${from + i}`),
  );
  return [...events, ...missing].join(' ');
}

/** An outbox with a store that answers when it is told to. */
function makeOutbox({
  limit = 100,
  events = {},
}: { limit?: number; events?: Record<string, EventOutboxOptions> } = {}) {
  const clock = new StepClock();
  const deposits: Deposit[] = [];
  const dropped: string[] = [];
  const options = { window: 100, limit, size: 1e6, history: 0, events };
  const batcher = new Batcher('P', new StepClock(), () => {});
  const outbox: Outbox = new Outbox('P', ['a', 'b', 'c'], options, clock, {
    event(log, args) {
      batcher.add(log, args);
      batcher.flush();
    },
    flush() {},
    heads() {},
    mark() {},
    replay() {},
    overflow: (event, policy, count) => dropped.push(`${event} ${policy} ${count}`),
  });
  const store = new Deposits(
    'P',
    clock,
    (id, packs, gone) =>
      new Promise((resolve) => {
        const answer = async (isKept: boolean): Promise<void> => {
          resolve(isKept);
          // Whoever waits for it has gone on.
          await Promise.resolve();
          await Promise.resolve();
        };
        deposits.push({ id, holds: read(packs, gone), size: packs.join().length, answer });
      }),
  );
  outbox.depositIn(store);
  const publish = (names: string): void => {
    for (const name of names) outbox.publish(name, [name]);
  };
  return { clock, outbox, store, deposits, dropped, publish };
}

describe('deposits', () => {
  test('order: one after the other, in the order over all events, with all that came meanwhile', async () => {
    const { outbox, deposits, publish } = makeOutbox();
    outbox.keep(['a', 'b']);
    outbox.open();
    // Only subscribers have to be told what comes before what.
    outbox.subscribe('S', ['a', 'b'], 0);
    publish('abca');
    publish('bb');
    expect(deposits.map(({ holds }) => holds)).toEqual(['a1']);
    await deposits[0]?.answer(true);
    expect(deposits.map(({ id, holds }) => `${id} ${holds}`)).toEqual(['P:1 a1', 'P:2 b1 a2 b2 b3']);
    await deposits[1]?.answer(true);
    expect(deposits).toHaveLength(2);
  });

  test('failure: the same comes again, later each time, and nothing overtakes it', async () => {
    const { clock, outbox, deposits, publish } = makeOutbox();
    outbox.keep(['a']);
    outbox.open();
    publish('aa');
    await deposits[0]?.answer(false);
    clock.advance(49);
    expect(deposits).toHaveLength(1);
    clock.advance(1);
    await deposits[1]?.answer(false);
    clock.advance(99);
    expect(deposits).toHaveLength(2);
    clock.advance(1);
    await deposits[2]?.answer(true);
    expect(deposits.map(({ id, holds }) => `${id} ${holds}`)).toEqual(['P:1 a1', 'P:1 a1', 'P:1 a1', 'P:2 a2']);
  });

  test('a broken link: what was under way comes again, and an answer to the first counts once', async () => {
    const { outbox, deposits, publish } = makeOutbox();
    outbox.keep(['a']);
    outbox.open();
    publish('aa');
    outbox.pause();
    outbox.open();
    expect(deposits.map(({ holds }) => holds)).toEqual(['a1', 'a1']);
    await deposits[0]?.answer(true);
    await deposits[1]?.answer(false);
    expect(deposits.map(({ holds }) => holds)).toEqual(['a1', 'a1', 'a2']);
  });

  test.each([true, false])('a broken link: a late answer, %s, changes nothing', async (isKept) => {
    const { clock, outbox, deposits, publish } = makeOutbox();
    outbox.keep(['a']);
    outbox.open();
    publish('aa');
    outbox.pause();
    outbox.open();
    await deposits[0]?.answer(true);
    await deposits[2]?.answer(true);
    await deposits[1]?.answer(isKept);
    publish('a');
    clock.advance(1_000);
    expect(deposits.map(({ holds }) => holds)).toEqual(['a1', 'a1', 'a2', 'a3']);
  });

  test('held: marks that come late, and answers to earlier questions, let go of nothing', () => {
    const { outbox, store, publish } = makeOutbox();
    outbox.open();
    store.isUnsure = true;
    publish('aaa');
    for (const g of [3, 2]) outbox.echoed(g);
    expect(store.held).toBe(3);
    store.letGo(2);
    expect(store.held).toBe(3);
    store.letGo(3);
    expect(store.held).toBe(0);
  });

  test('failure: after a second at the latest, and soon again once something was kept', async () => {
    const { clock, outbox, deposits, publish } = makeOutbox();
    outbox.keep(['a']);
    outbox.open();
    publish('aa');
    const failAll = async (count: number): Promise<number[]> => {
      const pauses: number[] = [];
      for (let i = 0; i < count; i += 1) {
        const { length } = deposits;
        const before = clock.now();
        await deposits[length - 1]?.answer(false);
        while (deposits.length === length) clock.advance(10);
        pauses.push(clock.now() - before);
      }
      return pauses;
    };
    expect(await failAll(8)).toEqual([50, 100, 200, 400, 800, 1_000, 1_000, 1_000]);
    await deposits.at(-1)?.answer(true);
    expect(await failAll(2)).toEqual([50, 100]);
  });

  test('a broken link: where both answers say no, the same comes again once', async () => {
    const { clock, outbox, deposits, publish } = makeOutbox();
    outbox.keep(['a']);
    outbox.open();
    publish('a');
    outbox.pause();
    outbox.open();
    for (const i of [0, 1]) await deposits[i]?.answer(false);
    clock.advance(100);
    expect(deposits.map(({ holds }) => holds)).toEqual(['a1', 'a1', 'a1']);
  });

  test('begin: who asks again for the same gets nothing twice', async () => {
    const { outbox, deposits, publish } = makeOutbox();
    outbox.keep(['a']);
    outbox.open();
    publish('a');
    await deposits[0]?.answer(true);
    outbox.keep(['a', 'b']);
    publish('ab');
    await deposits[1]?.answer(true);
    expect(deposits.map(({ holds }) => holds)).toEqual(['a1', 'a2', 'b1']);
  });

  test('sizes: what was on its way and is too large for the store by now is gone', () => {
    const { outbox, store, deposits } = makeOutbox();
    outbox.keep(['a']);
    outbox.open();
    outbox.publish('a', ['x'.repeat(200)]);
    outbox.pause();
    store.largest = 100;
    outbox.open();
    expect(deposits.map(({ holds }) => holds)).toEqual(['a1', '-a1']);
  });

  test('sizes: a deposit has some 65,000 characters, or one event', async () => {
    const { outbox, deposits } = makeOutbox();
    outbox.keep(['a']);
    for (const size of [30_000, 30_000, 40_000, 100_000, 10]) outbox.publish('a', ['x'.repeat(size)]);
    outbox.open();
    for (let i = 0; i < deposits.length; i += 1) await deposits[i]?.answer(true);
    expect(deposits.map(({ holds }) => holds)).toEqual(['a1 a2', 'a3', 'a4', 'a5']);
  });

  test('keeping: events are pending until the store has them, and overflow when it takes none', async () => {
    const { outbox, deposits, publish } = makeOutbox({ limit: 3 });
    outbox.keep(['a']);
    outbox.open();
    publish('aaa');
    outbox.echoed(3);
    expect(outbox.pending).toBe(3);
    expect(outbox.undelivered()).toEqual([{ peer: 'store', count: 3 }]);
    expect(() => publish('a')).toThrow(OverflowError);
    const delivered = outbox.delivered(new AbortController().signal);
    await deposits[0]?.answer(true);
    await deposits[1]?.answer(true);
    await delivered;
    expect([outbox.pending, outbox.undelivered()]).toEqual([0, []]);
  });

  test('begin: what the broker has not said that it has is kept, too, and nothing before that', async () => {
    const { outbox, deposits, publish } = makeOutbox();
    outbox.open();
    publish('abab');
    outbox.echoed(2);
    outbox.keep(['a', 'b']);
    expect(deposits.map(({ holds }) => holds)).toEqual(['a2 b2']);
    // An event that is wanted later has a beginning of its own.
    publish('cc');
    outbox.echoed(5);
    outbox.keep(['c']);
    await deposits[0]?.answer(true);
    expect(deposits.map(({ holds }) => holds)).toEqual(['a2 b2', 'c2']);
  });

  test('held: what the broker has is not let go of before it is known whether the store wants it', async () => {
    const { outbox, store, deposits, publish } = makeOutbox();
    outbox.keep(['b']);
    outbox.open();
    store.isUnsure = true;
    publish('aac');
    outbox.echoed(3);
    expect([outbox.pending, outbox.undelivered()]).toEqual([3, [{ peer: 'store', count: 3 }]]);
    outbox.keep(['a']);
    expect(deposits.map(({ holds }) => holds)).toEqual(['a1 a2']);
    store.letGo(3);
    outbox.echoed(3, true);
    expect(outbox.pending).toBe(2);
    await deposits[0]?.answer(true);
    expect([outbox.pending, outbox.undelivered()]).toEqual([0, []]);
  });

  test('policies: what was dropped is gone', async () => {
    const { outbox, deposits, publish } = makeOutbox({ events: { a: { overflow: 'latest' } } });
    outbox.keep(['a']);
    publish('aaa');
    outbox.open();
    expect(deposits.map(({ holds }) => holds)).toEqual(['a3 -a1 -a2']);
  });

  test('sizes: an event that is too large is refused, and gone if it was there before that was known', async () => {
    const { outbox, store, deposits } = makeOutbox();
    store.largest = 100;
    outbox.publish('a', ['é'.repeat(50)]);
    outbox.publish('a', ['x'.repeat(60)]);
    outbox.publish('a', ['x'.repeat(60)]);
    outbox.keep(['a']);
    expect(() => outbox.publish('a', ['é'.repeat(50)])).toThrow(PayloadError);
    outbox.open();
    for (let i = 0; i < 3; i += 1) await deposits[i]?.answer(true);
    expect(deposits.map(({ holds }) => holds)).toEqual(['-a1', 'a2', 'a3']);
  });

  test('sizes: the publisher is told of what the store has no room for, once, when that is missed for good', async () => {
    const { outbox, store, deposits, dropped } = makeOutbox();
    outbox.keep(['a', 'b']);
    outbox.open();
    outbox.publish('b', ['y']);
    outbox.publish('a', ['x'.repeat(200)]);
    outbox.publish('a', ['x']);
    outbox.pause();
    store.largest = 100;
    outbox.open();
    await deposits[1]?.answer(true);
    expect(deposits.map(({ holds }) => holds)).toEqual(['b1', 'b1', '-a1']);
    await deposits[2]?.answer(false);
    outbox.pause();
    outbox.open();
    expect(dropped).toEqual([]);
    await deposits[3]?.answer(true);
    expect(dropped).toEqual(['a block 1']);
    await deposits[4]?.answer(true);
    expect(outbox.undelivered()).toEqual([]);
  });

  test('sizes: what is around the events counts, too', async () => {
    const { outbox, store, deposits, publish } = makeOutbox();
    store.largest = 150;
    outbox.keep(['a', 'b', 'c']);
    publish('abcabc'.repeat(5));
    outbox.open();
    for (let i = 0; i < deposits.length; i += 1) {
      expect(deposits[i]?.size).toBeLessThanOrEqual(150);
      await deposits[i]?.answer(true);
    }
    expect(outbox.undelivered()).toEqual([]);
    expect(deposits.length).toBeLessThan(30);
  });

  test('close: nothing is deposited any more, and no timer is left', async () => {
    const { clock, outbox, deposits, publish } = makeOutbox();
    outbox.keep(['a']);
    outbox.open();
    publish('aa');
    await deposits[0]?.answer(false);
    outbox.close();
    clock.advance(10_000);
    expect([deposits.length, clock.pending]).toEqual([1, 0]);
  });

  test('close: what the store says later starts nothing', async () => {
    const { clock, outbox, deposits, publish } = makeOutbox();
    outbox.subscribe('S', ['a'], 0, { since: 0, hasBroken: false });
    outbox.keep(['a']);
    outbox.open();
    publish('aa');
    outbox.close();
    await deposits[0]?.answer(true);
    expect(clock.pending).toBe(0);
  });
});
