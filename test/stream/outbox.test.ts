import { describe, expect, test } from 'vitest';
import { StepClock } from 'mreventloop/testing';
import { collectGarbage } from '../loop/collect-garbage.ts';
import { OverflowError, PayloadError } from '../../src/errors.ts';
import type { EventOutboxOptions } from '../../src/stream/log.ts';
import { Batcher } from '../../src/stream/batcher.ts';
import { Outbox } from '../../src/stream/outbox.ts';

const READY = { since: 0, hasBroken: false };

/** An outbox with one subscriber. What it sends is noted as `a1:3` for the first event of the name `a` and the third in all. */
function makeOutbox(
  events: Record<string, EventOutboxOptions> = {},
  { window = 4, limit = 1_000, size = 1e6, history = 0 } = {},
) {
  const clock = new StepClock();
  const sent: string[] = [];
  const given: unknown[] = [];
  const replays: string[] = [];
  const repeated: string[] = [];
  const heads: number[] = [];
  const told: ((dropped: number) => void)[] = [];
  const batcher = new Batcher('P', new StepClock(), () => {});
  const outbox: Outbox = new Outbox('P', ['a', 'b'], { window, limit, size, history, events }, clock, {
    event(log, args) {
      sent.push(`${log.event}${log.sent}:${log.sentG}`);
      given.push(args);
      batcher.add(log, args);
      batcher.flush();
    },
    flush: () => sent.push('flush'),
    heads: (_subscriber, _heads, g) => heads.push(g),
    mark: (g) => outbox.echoed(g),
    replay(_subscriber, packs, gone) {
      repeated.push(...packs);
      replays.push(`${packs.length} packs, gone ${JSON.stringify(gone)}`);
    },
    overflow: (_event, _policy, dropped) => told.forEach((tell) => tell(dropped)),
  });
  outbox.open();
  outbox.subscribe('S', ['a', 'b'], 0, READY);
  return {
    clock,
    outbox,
    sent,
    given,
    replays,
    repeated,
    heads,
    onOverflow: (tell: (dropped: number) => void) => void told.push(tell),
  };
}

describe('outbox', () => {
  test('arguments: what can change is JSON from the beginning, and so is what waits', () => {
    const { outbox, given } = makeOutbox({}, { window: 1 });
    const list = ['tea'];
    outbox.publish('a', [list]);
    list.push('milk');
    outbox.publish('a', ['it waits']);
    outbox.acknowledge('S', 1);
    outbox.acknowledge('S', 2);
    outbox.publish('a', ['it leaves at once']);
    expect(given).toEqual(['[["tea"]]', '["it waits"]', ['it leaves at once']]);
  });

  test('what is repeated says again what it comes after', () => {
    const { outbox, repeated } = makeOutbox();
    for (const name of ['a', 'a', 'b', 'a']) outbox.publish(name, []);
    outbox.repeat('S', [
      ['b', 1, 1],
      ['a', 2, 3],
    ]);
    expect(repeated).toEqual(['["b", "P:3:1", [[]], [], [["a",2]]]', '["a", "P:2:2", [[],[]], [2], [["b",1]]]']);
  });

  test('arguments: what becomes JSON may publish, and each event keeps its own arguments', () => {
    const { outbox, sent, given } = makeOutbox({}, { window: 1 });
    const value = {
      toJSON: (): string => {
        for (const name of ['first', 'second']) outbox.publish('a', [name]);
        return 'third';
      },
    };
    outbox.publish('a', [value]);
    for (let g = 1; g <= 3; g += 1) outbox.acknowledge('S', g);
    expect(sent).toEqual(['a1:1', 'a2:2', 'a3:3']);
    expect(given).toEqual([['first'], '["second"]', '["third"]']);
    expect([outbox.pending, outbox.unsent]).toEqual([0, 0]);
  });

  test('arguments: what is no JSON is refused, whoever made it, and those before and after it arrive', () => {
    const { outbox, given } = makeOutbox();
    outbox.publish('a', ['before']);
    expect(() => outbox.publish('a', [3n])).toThrow(PayloadError);
    outbox.publish('a', ['after']);
    expect(given).toEqual([['before'], ['after']]);
  });

  test('overflow: who is told may publish, and each event has a number of its own', () => {
    const { outbox, sent, onOverflow } = makeOutbox({ a: { overflow: 'drop-oldest', limit: 2 } });
    let isInside = false;
    onOverflow(() => {
      if (isInside) return;
      isInside = true;
      outbox.publish('b', ['dropped']);
      isInside = false;
    });
    for (let count = 1; count <= 7; count += 1) outbox.publish('a', [count]);
    for (let g = 1; g <= 8; g += 1) outbox.acknowledge('S', g);
    // Six was published, the second was dropped for it, and that was said.
    expect(sent).toEqual(['a1:1', 'a2:2', 'a3:3', 'a4:4', 'a6:6', 'a7:7', 'b1:8']);
  });

  test('delivered: who waits no more is forgotten, and so whoever waits again and again', async () => {
    const { outbox } = makeOutbox();
    outbox.publish('a', [1]);
    const wait = (): WeakRef<AbortSignal> => {
      const controller = new AbortController();
      void outbox.delivered(controller.signal);
      controller.abort();
      return new WeakRef(controller.signal);
    };
    const left = wait();
    wait();
    await expect
      .poll(() => {
        collectGarbage();
        return left.deref() === undefined;
      })
      .toBe(true);
    expect(outbox.pending).toBe(1);
  });

  test('overflow: the number dropped is told once for each', () => {
    const { outbox, onOverflow } = makeOutbox({ a: { overflow: 'drop-newest', limit: 1 } });
    const counts: number[] = [];
    onOverflow((dropped) => void counts.push(dropped));
    for (let count = 1; count <= 8; count += 1) outbox.publish('a', [count]);
    expect(counts).toEqual([1, 2, 3]);
  });

  test('a policy drops however low the limit for all events is, and the others are refused', () => {
    const { outbox, sent } = makeOutbox({ a: { overflow: 'latest' } }, { limit: 4 });
    for (let count = 1; count <= 50; count += 1) outbox.publish('a', [count]);
    expect([outbox.pending, outbox.unsent]).toEqual([5, 1]);
    expect(() => outbox.publish('b', [])).toThrow(OverflowError);
    for (let g = 1; g <= 50; g += 1) outbox.acknowledge('S', g);
    expect(sent).toEqual(['a1:1', 'a2:2', 'a3:3', 'a4:4', 'a50:50']);
    // Nobody has to be told of more than sixteen times as many as may be kept.
    const { outbox: full } = makeOutbox({ a: { overflow: 'latest' } }, { limit: 4 });
    for (let count = 1; count <= 4 + 1 + 64; count += 1) full.publish('a', [count]);
    expect(() => full.publish('a', [])).toThrow(OverflowError);
  });

  test('drop-newest: so many wait, however many were dropped behind them', () => {
    const { outbox, sent } = makeOutbox({ a: { overflow: 'drop-newest', limit: 3 } });
    // Four leave, three wait, and the last one is dropped.
    for (let count = 1; count <= 8; count += 1) outbox.publish('a', [count]);
    for (const g of [1, 2]) outbox.acknowledge('S', g);
    expect(outbox.unsent).toBe(1);
    for (let count = 9; count <= 11; count += 1) outbox.publish('a', [count]);
    expect(outbox.unsent).toBe(3);
    for (let g = 3; g <= 10; g += 1) outbox.acknowledge('S', g);
    expect(sent.slice(4)).toEqual(['a5:5', 'a6:6', 'a7:7', 'a9:9', 'a10:10']);
  });

  test('what was dropped takes no room in the window: what was not leaves at once', () => {
    const { outbox, sent } = makeOutbox({ a: { overflow: 'latest' } });
    for (let count = 1; count <= 100; count += 1) outbox.publish('a', [count]);
    expect(sent).toEqual(['a1:1', 'a2:2', 'a3:3', 'a4:4']);
    outbox.acknowledge('S', 1);
    expect(sent.slice(4)).toEqual(['a100:100']);
    expect(outbox.pending).toBe(4);
  });

  test.each(['latest', 'drop-oldest', 'drop-newest'] as const)(
    '%s: what was dropped counts for little towards the limit, until it was told',
    (overflow) => {
      const { outbox, sent } = makeOutbox({ a: { overflow, limit: 3 } });
      outbox.pause();
      let count = 0;
      const publish = (): void => {
        for (; ; count += 1) outbox.publish('a', [count]);
      };
      // The limit is 1,000.
      expect(publish).toThrow(OverflowError);
      expect(count).toBeGreaterThan(15_000);
      expect(outbox.pending).toBeLessThanOrEqual(3);
      expect(outbox.unsent).toBe(outbox.pending);
      outbox.open();
      outbox.acknowledge('S', count);
      outbox.echoed(count);
      const before = count;
      expect(sent.length).toBeGreaterThan(0);
      outbox.pause();
      expect(publish).toThrow(OverflowError);
      expect(count - before).toBeGreaterThan(15_000);
    },
  );

  test('large events: whoever publishes more is to wait, until a quarter of the room is free', async () => {
    const { outbox } = makeOutbox({}, { window: 100, size: 1e8 });
    const large = 'x'.repeat(2 ** 19);
    for (let count = 1; count <= 7; count += 1) outbox.publish('a', [large]);
    expect(outbox.room()).toBeUndefined();
    outbox.publish('a', [large]);
    const order: string[] = [];
    const waiting = outbox.room()?.then(() => order.push('room'));
    outbox.acknowledge('S', 1);
    await Promise.resolve();
    order.push('one acknowledged');
    outbox.acknowledge('S', 2);
    await waiting;
    expect(order).toEqual(['one acknowledged', 'room']);
  });

  test('room: there is some when a quarter of the window was acknowledged', async () => {
    const { outbox } = makeOutbox();
    for (let count = 1; count <= 4; count += 1) outbox.publish('a', [count]);
    let isFree = false;
    void outbox.room()?.then(() => (isFree = true));
    outbox.acknowledge('S', 1);
    await Promise.resolve();
    expect(isFree).toBe(true);
  });

  test('room: whoever lags is soon asked to acknowledge what it has, while somebody waits', () => {
    const { clock, outbox, heads } = makeOutbox();
    for (let count = 1; count <= 4; count += 1) outbox.publish('a', [count]);
    heads.length = 0;
    void outbox.room();
    void outbox.room();
    clock.advance(9);
    expect(heads).toEqual([]);
    clock.advance(1);
    expect(heads).toEqual([4]);
    outbox.acknowledge('S', 4);
    outbox.publish('a', [5]);
    clock.advance(50);
    expect(heads).toEqual([4]);
  });

  test('large events: only so many characters are under way, and the policy is for what waits', () => {
    const { outbox, sent } = makeOutbox({ a: { overflow: 'latest' } }, { window: 100, size: 1e7 });
    for (let count = 1; count <= 20; count += 1) outbox.publish('a', ['x'.repeat(2 ** 20)]);
    expect(sent).toEqual(['a1:1', 'a2:2', 'a3:3', 'a4:4']);
    outbox.acknowledge('S', 1);
    expect(sent.slice(4)).toEqual(['a20:20']);
    // What is to be kept anyway takes no more memory where it is under way.
    outbox.publish('b', [1]);
    expect(sent.slice(5)).toEqual(['b1:21']);
  });

  test('large events: a nak is answered with some of them, not all, as the rest is asked for again meanwhile', () => {
    const { outbox, replays } = makeOutbox({}, { window: 100, size: 1e8 });
    for (let count = 1; count <= 5; count += 1) outbox.publish('a', ['x'.repeat(2 ** 20)]);
    outbox.repeat('S', [['a', 1, 5]]);
    expect(replays).toEqual(['1 packs, gone []', '1 packs, gone []']);
  });

  test('an event that a subscriber names more than once is told and sent like any other', () => {
    const { outbox } = makeOutbox();
    outbox.subscribe('T', ['a', 'b', 'a', 'b'], 0, READY);
    for (const name of ['a', 'b']) outbox.publish(name, []);
    expect(outbox.undelivered()).toEqual(['S', 'T'].map((peer) => ({ peer, count: 2 })));
  });

  test('who asks again and again for what it lacks gets it as often as a subscriber asks, and no others wait for that', () => {
    const { clock, outbox, repeated } = makeOutbox();
    outbox.subscribe('T', ['a'], 0, READY);
    outbox.publish('a', []);
    for (let time = 0; time < 100; time += 1) {
      outbox.repeat('S', [['a', 1, 1]]);
      clock.advance(1);
    }
    expect(repeated.length).toBe(10);
    clock.advance(10);
    for (const id of ['S', 'T', 'T', 'S', 'nobody']) outbox.repeat(id, [['a', 1, 1]]);
    expect(repeated.length).toBe(12);
  });

  test('what was sent is given up: it is told as gone, what waits is not, and there is room for that again', () => {
    const { clock, outbox, sent, replays, onOverflow } = makeOutbox({}, { history: 2 });
    let told = 0;
    onOverflow(() => (told += 1));
    for (let i = 1; i <= 6; i += 1) outbox.publish('a', [i]);
    // One is history, four are under way, and one waits.
    outbox.acknowledge('S', 1);
    expect([outbox.pending, outbox.unsent]).toEqual([5, 1]);
    sent.length = 0;
    outbox.giveUp();
    outbox.giveUp();
    expect(sent).toEqual(['flush', 'flush']);
    expect([outbox.pending, outbox.unsent]).toEqual([1, 1]);
    outbox.repeat('S', [['a', 1, 9]]);
    expect(replays).toEqual(['0 packs, gone [["a",1,5,5]]']);
    // Whoever publishes next is not told of these.
    outbox.publish('a', [7]);
    expect(told).toBe(0);
    clock.advance(20);
    outbox.acknowledge('S', 5);
    outbox.repeat('S', [['a', 6, 7]]);
    expect(replays[1]).toBe('1 packs, gone []');
  });

  test('a way that takes less: what is too large is dropped, be it history, under way or waiting, and no room is lost', async () => {
    const { outbox, sent, replays, onOverflow } = makeOutbox({}, { history: 2 });
    const counts: number[] = [];
    onOverflow((dropped) => void counts.push(dropped));
    const large = 'x'.repeat(100);
    // a1 is history, a2 and a3 are under way; the rest waits for a way.
    for (const text of [large, large, 'small']) outbox.publish('a', [text]);
    outbox.acknowledge('S', 1);
    outbox.pause();
    for (const text of [large, 'small']) outbox.publish('a', [text]);
    outbox.publish('b', [large]);
    outbox.largest = 50;
    outbox.open();
    // Of `a` the second and the fourth, of `b` the first.
    expect(counts).toEqual([1, 2, 1]);
    expect(sent).toEqual(['a1:1', 'a2:2', 'a3:3', 'flush', 'a5:5']);
    expect(outbox.pending).toBe(2);
    outbox.repeat('S', [
      ['a', 1, 5],
      ['b', 1, 1],
    ]);
    expect(replays).toEqual(['2 packs, gone [["a",1,2,2],["a",4,4,4],["b",1,1,6]]']);
    const delivered = outbox.delivered(new AbortController().signal);
    outbox.acknowledge('S', 6);
    await delivered;
    expect([outbox.pending, outbox.unsent]).toEqual([0, 0]);
    // The window is free again.
    for (let count = 1; count <= 4; count += 1) outbox.publish('b', [count]);
    expect(sent.slice(5)).toEqual(['b2:7', 'b3:8', 'b4:9', 'b5:10']);
  });

  test('a way that takes less: what is too large for it only when it is escaped is dropped, too', () => {
    const { outbox, replays } = makeOutbox();
    // A hundred units, which take six bytes each.
    for (const unit of ['\u0001', '\ud800', 'x']) outbox.publish('a', [unit.repeat(100)]);
    outbox.pause();
    outbox.largest = 500;
    outbox.open();
    expect(outbox.pending).toBe(1);
    outbox.repeat('S', [['a', 1, 3]]);
    expect(replays).toEqual(['1 packs, gone [["a",1,2,2]]']);
  });

  test('a way that takes less: who is told may publish, and is told once of what is dropped for that', () => {
    const { outbox, onOverflow } = makeOutbox({ b: { overflow: 'drop-newest', limit: 1 } }, { window: 1 });
    outbox.publish('b', [1]);
    outbox.pause();
    outbox.publish('a', ['x'.repeat(100)]);
    outbox.largest = 50;
    const counts: number[] = [];
    onOverflow((dropped) => {
      counts.push(dropped);
      // The first time, of an event of the name `a`.
      if (counts.length === 1) for (const count of [2, 3, 4]) outbox.publish('b', [count]);
    });
    outbox.open();
    expect(counts).toEqual([1, 1, 2]);
  });

  test('what was dropped in a row is told as one', () => {
    const { outbox, replays } = makeOutbox({ a: { overflow: 'latest' } });
    for (let count = 1; count <= 900; count += 1) outbox.publish('a', [count]);
    outbox.acknowledge('S', 4);
    outbox.repeat('S', [['a', 5, 900]]);
    expect(replays).toEqual(['1 packs, gone [["a",5,899,899]]']);
  });

  test('subscribers hear of what was dropped when nothing follows it', () => {
    const { clock, outbox, heads } = makeOutbox({ a: { overflow: 'drop-newest', limit: 1 } });
    for (let count = 1; count <= 7; count += 1) outbox.publish('a', [count]);
    outbox.acknowledge('S', 5);
    expect(outbox.pending).toBe(0);
    heads.length = 0;
    clock.advance(100);
    expect(heads).toEqual([7]);
  });

  test('history: where its size is used up, the oldest goes, whatever its name', () => {
    const { outbox, replays } = makeOutbox({}, { size: 100, history: 10 });
    outbox.publish('a', ['x'.repeat(90)]);
    outbox.publish('b', ['small']);
    outbox.acknowledge('S', 2);
    outbox.repeat('S', [
      ['a', 1, 1],
      ['b', 1, 1],
    ]);
    expect(replays).toEqual(['1 packs, gone [["a",1,1,1]]']);
  });

  test('history: an eighth of it goes at a time, so that not all names are looked through for each event', () => {
    const { outbox, replays } = makeOutbox({}, { size: 8_000, history: 1_000 });
    // Ten characters each, with their brackets and quotes: one more than there is room for.
    for (let g = 1; g <= 801; g += 1) {
      outbox.publish(g % 2 === 1 ? 'a' : 'b', ['x'.repeat(6)]);
      outbox.acknowledge('S', g);
    }
    outbox.repeat('S', [['a', 1, 401]]);
    expect(replays.join()).toMatch(/gone \[\["a",1,51,101\]\]/);
  });

  test('newcomers whose link broke start with what was sent in the second before, also where marks came in quick succession', () => {
    const { clock, outbox } = makeOutbox({}, { window: 100 });
    const publish = (): void => {
      for (let count = 1; count <= 25; count += 1) outbox.publish('a', [count]);
    };
    clock.advance(1_000);
    publish();
    // The broker has these at once, and they are too close to the last for a moment of their own.
    clock.advance(50);
    publish();
    clock.advance(4_000);
    outbox.subscribe('N', ['a'], 0, { since: 100, hasBroken: true });
    expect(outbox.undelivered()).toEqual([{ peer: 'S', count: 50 }]);
    publish();
    clock.advance(500);
    outbox.subscribe('O', ['a'], 0, { since: 100, hasBroken: true });
    expect(outbox.undelivered().at(-1)).toEqual({ peer: 'O', count: 25 });
  });

  test('reminders: later each time, and at least once a second for as long as a subscriber lags', () => {
    const { clock, outbox, heads } = makeOutbox();
    outbox.publish('a', [1]);
    const before = heads.length;
    const times: number[] = [];
    while (clock.now() < 60_000) {
      const count = heads.length;
      clock.advance(10);
      if (heads.length > count) times.push(clock.now());
    }
    const pauses = times.slice(1).map((time, i) => time - (times[i] as number));
    expect(heads.length).toBeGreaterThan(before + 50);
    expect(pauses).toEqual(pauses.toSorted((a, b) => a - b));
    expect(pauses.at(-1)).toBe(1_000);
  });
});
