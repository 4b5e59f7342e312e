import { describe, expect, test } from 'vitest';
import { OverflowError, PayloadError } from 'mreventloop';
import { StepClock } from 'mreventloop/testing';
import { Batcher } from '../../src/stream/batcher.ts';
import type { EventOutboxOptions } from '../../src/stream/log.ts';
import { Outbox } from '../../src/stream/outbox.ts';
import type { Gone } from '../../src/wire/control.ts';
import { decode } from '../../src/wire/json-rpc.ts';
import { type After, packedEvent, readAfter, readPack } from '../../src/wire/pack.ts';
import { readStreamId } from '../../src/wire/stream-id.ts';

const READY = { since: 0, hasBroken: false };
const TRACE = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;

function say(event: string, n: number, g: number, args: unknown, after: After | undefined, trace: unknown): string {
  const names = Array.from(after ?? [], ([name, number]) => `${name}${number}`);
  const behind = names.length === 0 ? '' : ` after ${names.toSorted().join()}`;
  return `${event}${n}:${g} ${JSON.stringify(args)}${behind}${trace === undefined ? '' : ' traced'}`;
}

function readBody(event: string, body: readonly unknown[]): string[] {
  const pack = readPack(event, body);
  return (pack?.events ?? []).map((args, i) =>
    say(event, (pack?.n ?? 0) + i, pack?.gs[i] as number, args, i === 0 ? pack?.after : undefined, pack?.traces?.[i]),
  );
}

function readFrame(frame: string): string[] {
  return decode(frame).calls.flatMap((call) => {
    const event = packedEvent(call);
    if (event !== undefined) return readBody(event, call.args);
    const { n, g } = readStreamId(call.id) ?? { n: 0, g: 0 };
    return [say(call.method, n, g, call.args, readAfter(call.after), call.traceparent)];
  });
}

/** An outbox whose events leave in batches, with one subscriber. Each message that leaves is noted as a list. */
function makeOutbox(events: Record<string, EventOutboxOptions> = {}, { window = 100, history = 0, size = 1e7 } = {}) {
  const clock = new StepClock();
  const frames: string[][] = [];
  const replays: string[][] = [];
  const marks: number[] = [];
  const heads: string[] = [];
  const batcher = new Batcher('P', clock, (_event, frame) => frames.push(readFrame(frame)));
  batcher.mayPack = true;
  const options = { window, limit: 1_000, size, history, events };
  const outbox = new Outbox('P', ['a', 'b', 'c'], options, clock, {
    event: (log, args) => batcher.add(log, args),
    flush: () => batcher.flush(),
    heads: (subscriber, _heads, g) => heads.push(`${subscriber} ${g}`),
    mark: (g) => batcher.afterwards(() => marks.push(g)),
    replay: (_subscriber, packs: readonly string[], gone: readonly Gone[]) => {
      const read = packs.flatMap((pack) => {
        const [event, ...body] = JSON.parse(pack) as [string, ...unknown[]];
        return readBody(event, body);
      });
      replays.push([...read, ...gone.map(([event, from, to, g]) => `-${event}${from}-${to}:${g}`)]);
    },
    overflow() {},
  });
  outbox.open();
  outbox.subscribe('S', ['a', 'b', 'c'], 0, READY);
  return { clock, outbox, frames, replays, marks, heads };
}

describe('publishing', () => {
  test('a batch ends before an event that was dropped, and is repeated also before it leaves', () => {
    const { clock, outbox, frames, replays } = makeOutbox({ a: { overflow: 'latest' } }, { window: 2, history: 10 });
    for (const n of [1, 2, 3, 4]) outbox.publish('a', [n]);
    outbox.echoed(1);
    outbox.acknowledge('S', 1);
    outbox.repeat('S', [['a', 1, 4]]);
    clock.advance(0);
    const [first, second, fourth] = ['a1:1 [1]', 'a2:2 [2]', 'a4:4 [4]'];
    expect(replays).toEqual([[first, second, fourth, '-a3-3:3']]);
    expect(frames).toEqual([[first, second], [fourth]]);
  });

  test('what is repeated says what it comes after and what it is part of, as when it left', () => {
    const { clock, outbox, frames, replays } = makeOutbox();
    for (const name of ['a', 'b', 'b', 'a', 'c', 'b']) outbox.publish(name, [name], name === 'b' ? TRACE : undefined);
    const ranges = ['a', 'b', 'c'].map((name) => [name, 1, 9] as const);
    outbox.repeat('S', ranges);
    clock.advance(20);
    outbox.repeat('S', ranges);
    const all = [
      'a1:1 ["a"] after b2',
      'a2:4 ["a"]',
      'b1:2 ["b"] after a1,c1 traced',
      'b2:3 ["b"] traced',
      'b3:6 ["b"] traced',
      'c1:5 ["c"] after a2',
    ];
    expect(frames.flat()).toEqual(all);
    expect(replays).toEqual([all, all]);
    clock.advance(20);
    // Only a part of a batch.
    outbox.repeat('S', [['b', 2, 2]]);
    expect(replays.at(-1)).toEqual(['b2:3 ["b"] after a1,c1 traced']);
  });

  test('what has not been sent is not repeated', () => {
    const { outbox, replays } = makeOutbox({}, { window: 2 });
    for (const n of [1, 2, 3]) outbox.publish('a', [n]);
    outbox.repeat('S', [['a', 1, 3]]);
    expect(replays).toEqual([['a1:1 [1]', 'a2:2 [2]']]);
  });

  test('however many were dropped, all are told at once, and what follows them is repeated', () => {
    const { outbox, replays } = makeOutbox({ a: { overflow: 'latest' } }, { window: 1 });
    for (let n = 1; n <= 5_000; n += 1) outbox.publish('a', [n]);
    outbox.echoed(1);
    outbox.acknowledge('S', 1);
    outbox.repeat('S', [['a', 2, 5_000]]);
    expect(replays).toEqual([['a5000:5000 [5000]', '-a2-4999:4999']]);
  });

  test('what was dropped of one name is not told as of another', () => {
    const policy = { overflow: 'latest' } as const;
    const { outbox, replays } = makeOutbox({ a: policy, b: policy }, { window: 1 });
    for (const name of ['c', 'a', 'a', 'b', 'b', 'b']) outbox.publish(name, []);
    for (let g = 1; g <= 6; g += 1) {
      outbox.echoed(g);
      outbox.acknowledge('S', g);
    }
    outbox.repeat('S', [
      ['a', 1, 1],
      ['b', 2, 2],
    ]);
    // They were let go of together with the last of their name.
    expect(replays).toEqual([['-a1-1:3', '-b2-2:6']]);
  });

  test('what is repeated goes in messages of some size, and what is gone is told in one of them', () => {
    const { outbox, replays } = makeOutbox({ a: { overflow: 'latest' } }, { window: 5 });
    for (const name of ['c', 'c', 'c', 'c', 'a', 'a', 'a']) outbox.publish(name, []);
    outbox.echoed(5);
    outbox.acknowledge('S', 5);
    const large = 'x'.repeat(40_000);
    for (let n = 1; n <= 4; n += 1) outbox.publish('b', [large]);
    outbox.repeat('S', [
      ['a', 2, 2],
      ['b', 1, 4],
    ]);
    expect(replays.map(({ length }) => length)).toEqual([3, 2]);
    expect(replays.flat().filter((one) => one.startsWith('-'))).toEqual(['-a2-2:6']);
  });

  test('an event that could leave waits behind one that cannot', () => {
    const { clock, outbox, frames } = makeOutbox({ a: { overflow: 'drop-oldest' } });
    for (let n = 1; n <= 5; n += 1) outbox.publish('a', ['x'.repeat(2 ** 20)]);
    outbox.publish('b', []);
    expect(outbox.unsent).toBe(2);
    outbox.echoed(1);
    outbox.acknowledge('S', 1);
    clock.advance(0);
    const ids = frames.flat().map((one) => one.slice(0, one.indexOf(' ')));
    expect(ids).toEqual(['a1:1', 'a2:2', 'a3:3', 'a4:4', 'a5:5', 'b1:6']);
  });

  test('an event is too large by what it has when it is escaped', () => {
    const { outbox } = makeOutbox();
    outbox.largest = 100;
    for (const unit of ['\u0001', '\ud800', '\n', 'é'])
      expect(() => outbox.publish('a', [unit.repeat(60)])).toThrow(PayloadError);
    outbox.publish('a', ['x'.repeat(60)]);
    expect(outbox.pending).toBe(1);
  });

  test('events are refused when those that are kept have too many characters', () => {
    const { outbox } = makeOutbox({}, { size: 100 });
    for (const _ of [1, 2]) outbox.publish('a', ['x'.repeat(60)]);
    expect(() => outbox.publish('a', [])).toThrow(OverflowError);
    outbox.echoed(1);
    outbox.acknowledge('S', 1);
    outbox.publish('a', []);
    expect(outbox.pending).toBe(2);
  });

  test('a close fulfils what waits for room, or for what was published', async () => {
    const { outbox } = makeOutbox({}, { window: 1 });
    outbox.publish('a', []);
    let fulfilled = 0;
    for (const one of [outbox.room(), outbox.room(), outbox.delivered(new AbortController().signal)])
      void one?.then(() => (fulfilled += 1));
    outbox.close();
    await Promise.resolve();
    expect(fulfilled).toBe(3);
  });

  test('after a break, what was sent in the second before it is kept for a second, and nothing older', () => {
    const { clock, outbox } = makeOutbox();
    for (const _ of [1, 2]) outbox.publish('a', []);
    outbox.echoed(2);
    clock.advance(4_500);
    outbox.publish('a', []);
    clock.advance(500);
    for (const pause of [500, 999]) {
      outbox.pause();
      outbox.open();
      outbox.echoed(3);
      outbox.acknowledge('S', 3);
      clock.advance(pause);
      expect([outbox.pending, outbox.kept]).toEqual([0, 1]);
    }
    clock.advance(1);
    expect(outbox.kept).toBe(0);
  });

  test('a subscriber that comes back lacks what was sent meanwhile, whether or not it says how far it was', () => {
    for (const acked of [0, 1]) {
      const { outbox } = makeOutbox({}, { history: 10 });
      outbox.publish('a', []);
      outbox.acknowledge('S', 1);
      outbox.unsubscribe('S');
      outbox.publish('a', []);
      outbox.echoed(2);
      outbox.subscribe('S', ['a', 'b', 'c'], acked, READY);
      expect(outbox.undelivered()).toEqual([{ peer: 'S', count: 1 }]);
    }
  });

  test('what is delivered: a subscriber that came back is waited for, also where nothing is kept for it', async () => {
    const { clock, outbox, heads } = makeOutbox();
    const settled: string[] = [];
    const wait = (name: string): void => {
      void outbox.delivered(new AbortController().signal).then(() => settled.push(name));
    };
    outbox.publish('a', []);
    outbox.acknowledge('S', 1);
    wait('first');
    outbox.unsubscribe('S');
    outbox.publish('a', []);
    outbox.echoed(2);
    // Nobody lags any more, and nobody is looked at.
    clock.advance(1_000);
    await Promise.resolve();
    expect([outbox.pending, clock.pending, settled]).toEqual([0, 0, ['first']]);
    outbox.subscribe('S', ['a'], 0, READY);
    wait('second');
    const before = heads.length;
    clock.advance(100);
    await Promise.resolve();
    expect(heads.slice(before)).toEqual(['S 2']);
    expect(settled).toEqual(['first']);
    outbox.acknowledge('S', 2);
    await Promise.resolve();
    expect(settled).toEqual(['first', 'second']);
  });

  test('what is delivered: what was published earlier does not wait for what a subscriber lacks of later events', async () => {
    const { outbox } = makeOutbox();
    outbox.publish('a', []);
    outbox.acknowledge('S', 1);
    const first = outbox.delivered(new AbortController().signal);
    outbox.unsubscribe('S');
    outbox.publish('a', []);
    outbox.subscribe('S', ['a'], 0, READY);
    outbox.echoed(2);
    await first;
    expect(outbox.undelivered()).toEqual([{ peer: 'S', count: 1 }]);
  });

  test.each(['a hello', 'an acknowledgement'])(
    '%s says how far a subscriber is, and a break does not set it back',
    (what) => {
      const { outbox } = makeOutbox();
      outbox.publish('a', []);
      outbox.echoed(1);
      expect(outbox.pending).toBe(1);
      if (what === 'a hello') outbox.subscribe('S', ['a', 'b', 'c'], 1, READY);
      else outbox.acknowledge('S', 1);
      expect(outbox.pending).toBe(0);
      outbox.pause();
      outbox.open();
      expect(outbox.undelivered()).toEqual([]);
    },
  );

  test('what is acknowledged but was not published counts for nothing', () => {
    const { outbox } = makeOutbox();
    outbox.publish('a', []);
    outbox.echoed(2);
    outbox.acknowledge('S', 2);
    expect(outbox.pending).toBe(1);
    outbox.publish('a', []);
    expect(outbox.undelivered()).toEqual([{ peer: 'S', count: 2 }]);
  });

  test('reminders: are soon again when a subscriber got further', () => {
    const { clock, outbox, heads } = makeOutbox();
    for (const _ of [1, 2]) outbox.publish('a', []);
    clock.advance(10_000);
    outbox.acknowledge('S', 1);
    const before = heads.length;
    clock.advance(250);
    expect(heads.length - before).toBeGreaterThan(0);
  });

  test('reminders: subscribers hear of what was dropped also where nothing else is under way', () => {
    const { clock, outbox, heads, marks } = makeOutbox();
    outbox.pause();
    outbox.publish('a', ['x'.repeat(100)]);
    outbox.largest = 50;
    outbox.open();
    expect(outbox.pending).toBe(0);
    const before = heads.length;
    clock.advance(100);
    expect([heads.slice(before), marks]).toEqual([['S 1'], [1]]);
  });

  test('marks: one after a million characters, and the next after as many again', () => {
    const { clock, outbox, marks } = makeOutbox();
    const large = 'x'.repeat(2 ** 19);
    for (const text of [large, large, '', '', large, '', large]) outbox.publish('a', [text]);
    clock.advance(0);
    expect(marks).toEqual([2, 7]);
  });

  test('a way that takes less: what is dropped under way takes no room, and none of what waits', () => {
    const { clock, outbox, frames } = makeOutbox({ a: { overflow: 'drop-oldest' } });
    for (let n = 1; n <= 4; n += 1) outbox.publish('a', ['x'.repeat(2 ** 20)]);
    clock.advance(0);
    outbox.pause();
    outbox.largest = 1_000;
    outbox.open();
    expect([outbox.pending, outbox.unsent]).toEqual([0, 0]);
    outbox.publish('a', ['small']);
    clock.advance(0);
    expect(frames.flat().at(-1)).toBe('a5:5 ["small"]');
    expect([outbox.pending, outbox.unsent]).toEqual([1, 0]);
  });

  test('history: what was dropped of it counts once', () => {
    const { outbox, replays } = makeOutbox({}, { size: 1_000, history: 2 });
    let g = 0;
    const publish = (name: string, length: number): void => {
      outbox.publish(name, ['x'.repeat(length)]);
      g += 1;
      outbox.echoed(g);
      outbox.acknowledge('S', g);
    };
    publish('a', 500);
    outbox.pause();
    outbox.largest = 450;
    outbox.open();
    // The first is let go of.
    for (const _ of [1, 2]) publish('a', 1);
    for (const name of ['b', 'b', 'c']) publish(name, 400);
    outbox.repeat('S', [['b', 1, 1]]);
    expect(replays).toEqual([['-b1-1:4']]);
  });

  test('reminders: are no later after a break that took long', () => {
    const { clock, outbox, heads } = makeOutbox();
    outbox.publish('a', []);
    outbox.pause();
    clock.advance(10_050);
    outbox.open();
    const before = heads.length;
    clock.advance(100);
    expect(heads.slice(before)).toEqual(['S 1']);
  });

  test.each([
    ['says so at once', 5_000, 50, 0],
    ['says so late', 5_000, 500, 1],
    ['was ready before its publisher, and says so at once', 50, 5_000, 0],
  ])('newcomers: one that %s', (_, now, since, lacks) => {
    const { clock, outbox } = makeOutbox({}, { history: 10 });
    clock.advance(now);
    outbox.publish('a', []);
    outbox.echoed(1);
    outbox.subscribe('N', ['a'], 0, { since, hasBroken: false });
    expect(outbox.undelivered().filter(({ peer }) => peer === 'N')).toEqual(
      lacks === 0 ? [] : [{ peer: 'N', count: lacks }],
    );
  });

  test('newcomers: one that was met just before a break starts with what was sent in the second before', () => {
    const { clock, outbox } = makeOutbox({}, { history: 10 });
    clock.advance(5_000);
    for (const _ of [1, 2]) outbox.publish('a', []);
    outbox.subscribe('N', ['a'], 0, READY);
    outbox.pause();
    outbox.open();
    expect(outbox.undelivered()).toEqual([
      { peer: 'S', count: 2 },
      { peer: 'N', count: 2 },
    ]);
  });

  test('newcomers: one that is met soon after a break starts with what was sent in the second before', () => {
    const { clock, outbox } = makeOutbox({}, { history: 10 });
    for (const _ of [1, 2]) {
      clock.advance(5_000);
      outbox.publish('a', []);
      outbox.echoed(1);
    }
    outbox.pause();
    outbox.open();
    clock.advance(500);
    outbox.subscribe('N', ['a'], 0, READY);
    expect(outbox.undelivered().at(-1)).toEqual({ peer: 'N', count: 1 });
  });

  test('for a new group of subscribers, the next event comes after all that was sent', () => {
    const { clock, outbox, frames } = makeOutbox();
    for (const name of ['b', 'a']) outbox.publish(name, []);
    clock.advance(0);
    outbox.subscribe('N', ['b', 'c'], 0, READY);
    for (const name of ['c', 'c']) outbox.publish(name, []);
    clock.advance(0);
    expect(frames.at(-1)).toEqual(['c1:3 [] after a1,b1', 'c2:4 []']);
  });

  test('what comes before an event is said once', () => {
    const { clock, outbox, frames } = makeOutbox();
    for (const name of ['b', 'a']) outbox.publish(name, []);
    clock.advance(0);
    outbox.subscribe('N', ['a', 'b'], 0, READY);
    for (const name of ['a', 'a']) {
      outbox.publish(name, []);
      clock.advance(0);
    }
    expect(frames.slice(-2).flat().slice(-2)).toEqual(['a2:3 [] after b1', 'a3:4 []']);
  });

  test.each([
    ['as long as one of them may come back', ['M'], 'c1:3 [] after a1,b1'],
    ['and no longer', ['M', 'N'], 'c1:3 [] after a1'],
  ])('events say what a group of subscribers is to have before them, %s', (_, gone, expected) => {
    const { clock, outbox, frames } = makeOutbox();
    for (const id of ['M', 'N']) outbox.subscribe(id, ['b', 'c'], 0, READY);
    for (const id of gone) {
      outbox.unsubscribe(id);
      outbox.forget(id);
    }
    for (const name of ['b', 'a', 'c']) outbox.publish(name, []);
    clock.advance(0);
    expect(frames.at(-1)).toEqual([expected]);
  });

  test('newcomers: are told how far everything is, also where nothing that they want was sent', () => {
    const { clock, outbox, heads } = makeOutbox();
    for (const name of ['b', 'b']) outbox.publish(name, []);
    clock.advance(0);
    outbox.subscribe('N', ['a'], 0, READY);
    expect(heads.at(-1)).toBe('N 2');
  });
});
