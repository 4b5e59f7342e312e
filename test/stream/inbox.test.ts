import { describe, expect, test } from 'vitest';
import { StepClock } from 'mreventloop/testing';
import { Inbox } from '../../src/stream/inbox.ts';
import type { After } from '../../src/wire/pack.ts';

// What the model test comes across once in tens of thousands of programs, step by step.

function makeInbox() {
  const clock = new StepClock();
  const happened: string[] = [];
  const onDeliver: ((args: readonly unknown[]) => void)[] = [];
  const inbox = new Inbox(
    new Map([
      ['a', 0],
      ['b', 0],
    ]),
    clock,
    {
      deliver(event, args) {
        happened.push(`${event}${String(args[0])}`);
        for (const call of onDeliver) call(args);
      },
      gap: (event, count) => happened.push(`gap of ${count} ${event}`),
      ask() {},
      acknowledge: (g) => happened.push(`acknowledged ${g}`),
      complain: (ranges) => happened.push(`lacks ${JSON.stringify(ranges)}`),
    },
  );
  const arrive = (event: string, n: number, g: number, after?: After): void =>
    inbox.arrived({ event, n, gs: [g], events: [[n]], after });
  return { clock, inbox, happened, arrive, onDeliver };
}

test('inbox: after a break of the link, a publisher that was taken for gone is asked only when it is back', () => {
  const clock = new StepClock();
  let asked = 0;
  const port = { deliver() {}, gap() {}, ask: () => (asked += 1), acknowledge() {}, complain() {} };
  const inbox = new Inbox(new Map([['a', 0]]), clock, port);
  inbox.ask();
  inbox.heads([['a', 0, 1]], 0, 400);
  inbox.reopened();
  expect(asked).toBe(2);
  inbox.end([]);
  inbox.reopened();
  clock.advance(60_000);
  expect([asked, clock.pending]).toEqual([2, 0]);
  inbox.returned();
  expect(asked).toBe(3);
  inbox.close();
});

describe('inbox', () => {
  test('an event that others overtook while its publisher was taken for gone is a gap, not out of order', () => {
    const { inbox, happened, arrive } = makeInbox();
    inbox.ask();
    arrive('a', 1, 2);
    inbox.end([]);
    expect(happened).toEqual(['a1']);
    inbox.heads(
      [
        ['a', 1, 1],
        ['b', 1, 1],
      ],
      2,
      400,
    );
    arrive('b', 1, 1);
    expect(happened).toEqual(['a1', 'gap of 1 b']);
  });

  test.each([
    { start: 2, gap: ['gap of 3 a'] },
    { start: 5, gap: [] },
  ])(
    'what was to begin with $start, but was delivered from 5 on while its publisher was taken for gone: $gap',
    (of) => {
      const { inbox, happened, arrive } = makeInbox();
      inbox.ask();
      arrive('a', 5, 5);
      inbox.end([]);
      inbox.returned();
      // It has not heard yet that the link of this subscriber broke, and is not believed.
      inbox.heads([['a', 5, 6]], 5, 400, false);
      expect(happened.filter((line) => !line.startsWith('ack'))).toEqual(['a5']);
      for (const _ of [1, 2]) inbox.heads([['a', 5, of.start]], 5, 400, true);
      expect(happened.filter((line) => !line.startsWith('ack'))).toEqual(['a5', ...of.gap]);
    },
  );

  test('of a range that is gone, what has come after all is delivered in its place', () => {
    const { inbox, happened, arrive } = makeInbox();
    inbox.heads([['a', 0, 1]], 0, 400);
    arrive('a', 3, 3);
    arrive('a', 5, 5);
    inbox.gone([['a', 1, 4, 4]]);
    expect(happened.filter((line) => !line.startsWith('ack'))).toEqual(['gap of 2 a', 'a3', 'gap of 1 a', 'a5']);
  });

  test('what is gone is told before what follows, also where its publisher knows only a later number of it', () => {
    const { inbox, happened, arrive } = makeInbox();
    arrive('a', 1, 1);
    arrive('a', 4, 4);
    arrive('a', 5, 5);
    inbox.heads([['a', 5, 4]], 5, 400);
    inbox.gone([['a', 2, 3, 5]]);
    expect(happened.filter((line) => !line.startsWith('ack'))).toEqual(['a1', 'gap of 2 a', 'a4', 'a5']);
  });

  test('when the publisher is gone, what is missing between others is told', () => {
    const { inbox, happened, arrive } = makeInbox();
    inbox.heads([['a', 0, 1]], 0, 400);
    arrive('a', 1, 1);
    arrive('a', 4, 4);
    inbox.end([['a', 5, 6]]);
    expect(happened).toEqual(['a1', 'gap of 2 a', 'a4', 'gap of 1 a']);
  });

  test('a publisher that does not know that the link broke is not believed where to start', () => {
    const { inbox, happened, arrive } = makeInbox();
    inbox.ask();
    inbox.heads([['a', 3, 4]], 3, 400, false);
    arrive('a', 4, 4);
    expect(happened).toEqual([]);
    inbox.heads([['a', 4, 2]], 4, 400, true);
    arrive('a', 2, 2);
    arrive('a', 3, 3);
    expect(happened.filter((line) => !line.startsWith('ack'))).toEqual(['a2', 'a3', 'a4']);
    inbox.close();
  });

  test('nothing is delivered while something is known to be missing, also when nothing is held', () => {
    const { clock, inbox, happened, arrive } = makeInbox();
    inbox.heads(
      [
        ['a', 1, 1],
        ['b', 1, 1],
      ],
      2,
      400,
    );
    arrive('a', 1, 2);
    expect(happened).toEqual([]);
    clock.advance(20);
    expect(happened).toEqual(['lacks [["b",1,1]]']);
    arrive('b', 1, 1);
    expect(happened.slice(1)).toEqual(['b1', 'a1']);
  });

  test('an event that was delivered is dropped, also while its publisher is asked for its heads', () => {
    const { inbox, happened, arrive } = makeInbox();
    inbox.heads([['a', 0, 1]], 0, 400);
    arrive('a', 1, 1);
    inbox.ask();
    arrive('a', 1, 1);
    arrive('a', 2, 3, new Map([['b', 1]]));
    inbox.heads(
      [
        ['a', 2, 3],
        ['b', 1, 1],
      ],
      3,
      400,
    );
    expect(inbox.held).toBe(1);
    arrive('b', 1, 2);
    expect(happened).toEqual(['a1', 'b1', 'a2']);
  });

  test('what repeated events come after is waited for, because those that follow in the batch do not say it again', () => {
    const { inbox, happened, arrive } = makeInbox();
    inbox.heads([['a', 0, 1]], 0, 400);
    arrive('a', 1, 1);
    arrive('a', 1, 1, new Map([['b', 1]]));
    arrive('a', 2, 3);
    expect(happened).toEqual(['a1']);
    arrive('b', 1, 2);
    expect(happened).toEqual(['a1', 'b1', 'a2']);
  });

  test('of events that arrive together, those that are new fill the places that are left', () => {
    const { inbox, happened } = makeInbox();
    const together = (n: number, count: number): void => {
      const all = Array.from({ length: count }, (_, index) => n + index);
      inbox.arrived({ event: 'a', n, gs: all, events: all.map((one) => [one]), after: undefined });
    };
    inbox.heads([['a', 0, 1]], 0, 400);
    together(1, 2);
    together(4, 1);
    together(8, 2);
    inbox.gone([['a', 6, 6, 6]]);
    expect(inbox.held).toBe(3);
    together(7, 4);
    expect(inbox.held).toBe(5);
    // The first two were delivered, and of the others, two are missing.
    together(2, 9);
    expect(happened).toEqual(['a1', 'a2', 'a3', 'a4', 'a5', 'gap of 1 a', 'a7', 'a8', 'a9', 'a10']);
    expect(inbox.held).toBe(0);
  });

  test('a publisher that leaves something out for ever does not fill the memory', () => {
    const { inbox } = makeInbox();
    inbox.heads([['a', 0, 1]], 0, 400);
    for (let n = 2; n < 200_000; n += 1_000) {
      const gs = Array.from({ length: 1_000 }, (_, index) => n + index);
      inbox.arrived({ event: 'a', n, gs, events: gs.map(() => []), after: undefined });
    }
    expect(inbox.held).toBe(100_000);
  });

  test('events of two names that arrive together are delivered in turn', () => {
    const { inbox, happened } = makeInbox();
    inbox.heads([['a', 0, 1]], 0, 400);
    const together = (event: string, gs: number[], after: After): void =>
      inbox.arrived({ event, n: 1, gs, events: gs.map((g) => [g]), after });
    together('b', [2, 3, 6], new Map([['a', 3]]));
    expect(happened).toEqual([]);
    together('a', [1, 4, 5], new Map([['b', 2]]));
    expect(happened).toEqual(['a1', 'b2', 'b3', 'a4', 'a5', 'b6']);
  });

  test('what closes it ends the delivery of events that arrived together, held or not', () => {
    for (const after of [undefined, new Map([['b', 1]])]) {
      const { inbox, happened, arrive, onDeliver } = makeInbox();
      inbox.heads([['a', 0, 1]], 0, 400);
      onDeliver.push(([n]) => n === 3 && inbox.close());
      inbox.arrived({ event: 'a', n: 1, gs: [2, 3, 4, 5], events: [[2], [3], [4], [5]], after });
      if (after !== undefined) arrive('b', 1, 1);
      expect(happened).toEqual([...(after === undefined ? [] : ['b1']), 'a2', 'a3', 'acknowledged 2']);
    }
  });

  test('a million characters are acknowledged at once, however few events they are', () => {
    const { inbox, happened, arrive } = makeInbox();
    inbox.heads([['a', 0, 1]], 0, 400);
    for (let n = 1; n <= 5; n += 1) {
      arrive('a', n, n);
      inbox.weigh(500_000);
    }
    expect(happened).toEqual(['a1', 'a2', 'a3', 'acknowledged 3', 'a4', 'a5']);
  });

  test('a hundred peers with large events: each acknowledges at once when it may be the one that is waited for', () => {
    const { inbox, happened, arrive } = makeInbox();
    inbox.heads([['a', 0, 1]], 0, 16_384);
    // What is sent in between, to others, is as large.
    for (const [n, g] of [
      [1, 1],
      [2, 21],
      [3, 61],
      [4, 81],
      [5, 101],
    ] as const) {
      arrive('a', n, g);
      inbox.weigh(2 * 64_000, 2);
    }
    expect(happened).toEqual(['a1', 'a2', 'a3', 'acknowledged 61', 'a4', 'a5', 'acknowledged 101']);
  });

  test('a large event after small ones is acknowledged at once where it may be the one that is waited for', () => {
    const { inbox, happened, arrive } = makeInbox();
    inbox.heads([['a', 0, 1]], 0, 16_384);
    arrive('a', 1, 1);
    inbox.weigh(100);
    arrive('a', 2, 60);
    inbox.weigh(64_000);
    expect(happened).toEqual(['a1', 'a2', 'acknowledged 60']);
  });

  test('events that come another way are forgotten, and nobody waits for them', () => {
    const { clock, inbox, happened, arrive } = makeInbox();
    inbox.ask();
    arrive('b', 3, 4);
    arrive('a', 2, 5, new Map([['b', 3]]));
    expect(inbox.dismiss(['b', 'c'])).toBe(true);
    expect(inbox.held).toBe(1);
    inbox.heads([['a', 2, 2]], 5, 400);
    arrive('a', 3, 7, new Map([['b', 4]]));
    clock.advance(1_000);
    expect(happened).toEqual(['a2', 'acknowledged 5', 'a3', 'acknowledged 7']);
    expect(inbox.dismiss(['a'])).toBe(false);
  });

  test('repair: the rest is asked for soon after a part has come, and ever later while nothing comes', () => {
    const { clock, inbox, happened, arrive } = makeInbox();
    inbox.heads([['a', 0, 1]], 0, 400);
    arrive('a', 100, 100);
    const complaints = (): number => happened.filter((line) => line.startsWith('lacks')).length;
    clock.advance(20 + 40 + 80);
    expect(complaints()).toBe(3);
    // An answer that brings nothing changes nothing.
    inbox.gone([]);
    clock.advance(159);
    expect(complaints()).toBe(3);
    clock.advance(1);
    expect(complaints()).toBe(4);
    for (let n = 1; n <= 10; n += 1) arrive('a', n, n);
    inbox.gone([]);
    clock.advance(19);
    expect(complaints()).toBe(4);
    clock.advance(1);
    expect(happened.at(-1)).toBe('lacks [["a",11,99]]');
  });

  test('complaints: later each time, and at least once a second for as long as something is missing', () => {
    const { clock, inbox, happened, arrive } = makeInbox();
    inbox.heads([['a', 0, 1]], 0, 400);
    arrive('a', 2, 2);
    const complaints = (): number => happened.filter((line) => line === 'lacks [["a",1,1]]').length;
    const times: number[] = [];
    while (clock.now() < 60_000) {
      const before = complaints();
      clock.advance(10);
      if (complaints() > before) times.push(clock.now());
    }
    const pauses = times.slice(1).map((time, i) => time - (times[i] as number));
    expect(times[0]).toBe(20);
    expect(pauses.slice(0, 3)).toEqual([40, 80, 160]);
    expect(Math.max(...pauses)).toBe(1_000);
    expect(pauses.at(-1)).toBe(1_000);
  });

  test('complaints: of a thousand ranges at most at a time, however many are missing', () => {
    const { clock, inbox, happened, arrive } = makeInbox();
    inbox.heads([['a', 0, 1]], 0, 400);
    for (let n = 2; n <= 4_000; n += 2) arrive('a', n, n);
    clock.advance(20);
    const [, ranges = ''] = /^lacks (.*)$/.exec(happened.at(-1) ?? '') ?? [];
    expect(JSON.parse(ranges)).toHaveLength(1_000);
  });
});
