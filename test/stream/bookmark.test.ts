import { describe, expect, test } from 'vitest';
import { Bookmark, ownerOf } from '../../src/stream/bookmark.ts';
import type { Gone } from '../../src/wire/control.ts';
import type { Pack } from '../../src/wire/pack.ts';

interface Options {
  readonly events?: readonly string[];
  readonly last?: number;
  readonly noted?: string;
}

function makeBookmark({ events = ['a', 'b'], last = 0, noted }: Options = {}) {
  const happened: string[] = [];
  // Called when what was delivered has been dealt with.
  const dealtWith: (() => void)[] = [];
  const bookmark = new Bookmark('me', events, last, noted, {
    deliver: (event, [n], publisher) => happened.push(`${publisher}:${event}${String(n)}`),
    afterDelivery: (then) => dealtWith.push(then),
    progressed() {},
    gap: (publisher, event, count) => happened.push(`${publisher}: gap of ${count} ${event}`),
    invalid: ({ reason }) => happened.push(`invalid: ${reason}`),
  });
  const frame = (number: number, publisher: string, packs: readonly Pack[], gone: readonly Gone[] = []): void => {
    bookmark.frame(number, publisher, packs, gone);
    for (const then of dealtWith.splice(0)) then();
    bookmark.settled(number);
  };
  return { bookmark, happened, frame, dealtWith };
}

/** The events of a name from one on. */
function pack(event: string, n: number, count = 1): Pack {
  const events = Array.from({ length: count }, (_, i) => [n + i]);
  return { event, publisher: '', n, gs: events.map(() => 1), events, invalid: undefined, after: undefined };
}

describe('bookmark', () => {
  test('begins with the frame after the last one', () => {
    const { frame, happened } = makeBookmark({ last: 3 });
    frame(3, 'P', [pack('a', 1)]);
    frame(4, 'P', [pack('a', 2)]);
    expect(happened).toEqual(['P:a2']);
  });

  test('what is dealt with late does not set it back', () => {
    const { bookmark } = makeBookmark();
    for (const number of [5, 3]) bookmark.settled(number);
    expect(bookmark.after).toBe(5);
  });

  test('the publisher that was heard last is noted, however little room there is', () => {
    const { bookmark, frame } = makeBookmark();
    for (const [index, publisher] of ['P', 'Q'].entries()) frame(index + 1, publisher, [pack('a', 1)]);
    expect(JSON.parse(bookmark.toText(1))).toMatchObject({ seen: [['Q', { a: 1 }]] });
  });

  test('what comes twice is delivered once, by publisher and event', () => {
    const { frame, happened } = makeBookmark();
    frame(1, 'P', [pack('a', 1, 2), pack('b', 1)]);
    frame(2, 'P', [pack('a', 2, 2)]);
    frame(3, 'Q', [pack('a', 1)]);
    expect(happened).toEqual(['P:a1', 'P:a2', 'P:b1', 'P:a3', 'Q:a1']);
  });

  test('what is missing is reported, but not what was before the first one', () => {
    const { frame, happened } = makeBookmark();
    frame(1, 'P', [pack('a', 5)]);
    frame(2, 'P', [pack('a', 8)], [['a', 6, 7, 9]]);
    frame(3, 'P', [], [['a', 8, 10, 12]]);
    frame(4, 'P', [pack('a', 11), pack('b', 3), pack('b', 5)], [['b', 1, 2, 3]]);
    expect(happened).toEqual([
      'P:a5',
      'P: gap of 2 a',
      'P:a8',
      'P: gap of 2 a',
      'P: gap of 2 b',
      'P:a11',
      'P:b3',
      'P: gap of 1 b',
      'P:b5',
    ]);
  });

  test('what cannot be read is reported, and missing', () => {
    const { frame, happened } = makeBookmark();
    const invalid = new Map([[1, { reason: 'depth' as const, method: 'a' }]]);
    frame(1, 'P', [{ ...pack('a', 1, 3), invalid }]);
    expect(happened).toEqual(['P:a1', 'invalid: depth', 'P: gap of 1 a', 'P:a3']);
  });

  test('noted: it goes on where it was, and knows what it had', () => {
    const first = makeBookmark();
    first.frame(1, 'P', [pack('a', 1, 3)]);
    first.frame(2, 'Q', [pack('b', 1)]);
    const noted = first.bookmark.toText(Infinity);
    expect(ownerOf(noted)).toBe('me');
    const { bookmark, frame, happened } = makeBookmark({ last: 9, noted });
    expect(bookmark.after).toBe(2);
    frame(3, 'P', [pack('a', 3, 2)]);
    frame(4, 'Q', [pack('b', 3)]);
    expect(happened).toEqual(['P:a4', 'Q: gap of 1 b', 'Q:b3']);
  });

  test('noted: of a frame that is being worked on, what was dealt with does not come again, and all else does', () => {
    const first = makeBookmark();
    first.frame(1, 'P', [pack('a', 1)]);
    first.bookmark.frame(2, 'P', [pack('a', 2, 3), pack('b', 1)], [['a', 5, 6, 9]]);
    for (const then of first.dealtWith.splice(0, 2)) then();
    const { bookmark, frame, happened } = makeBookmark({ last: 9, noted: first.bookmark.toText(Infinity) });
    expect(bookmark.after).toBe(1);
    frame(2, 'P', [pack('a', 2, 3), pack('b', 1)], [['a', 5, 6, 9]]);
    expect(happened).toEqual(['P:a4', 'P:b1', 'P: gap of 2 a']);
  });

  test('a new one begins with what comes next; so does an event that is added', () => {
    const first = makeBookmark({ events: ['a'], last: 5 });
    expect(first.bookmark.after).toBe(5);
    const { frame, happened } = makeBookmark({ events: ['a', 'b'], last: 7, noted: first.bookmark.toText(Infinity) });
    frame(6, 'P', [pack('a', 1), pack('b', 1)]);
    frame(8, 'P', [pack('b', 2)]);
    expect(happened).toEqual(['P:a1', 'P:b2']);
  });

  test('a store that was made anew is read from its beginning', () => {
    const first = makeBookmark({ last: 50 });
    first.frame(51, 'P', [pack('a', 1)]);
    const { bookmark, frame, happened } = makeBookmark({ last: 3, noted: first.bookmark.toText(Infinity) });
    expect(bookmark.after).toBe(0);
    frame(1, 'P', [pack('a', 1, 2)]);
    expect(happened).toEqual(['P:a2']);
  });

  test('note: one that makes no sense counts as none', () => {
    for (const noted of ['', 'null', '{}', '{"after": "x"}', '{"after": 1, "starts": 3, "seen": {}}']) {
      expect(makeBookmark({ last: 4, noted }).bookmark.after).toBe(4);
    }
  });

  test('publishers: the last of them are remembered', () => {
    const { bookmark, frame } = makeBookmark();
    for (let i = 1; i <= 1_001; i += 1) frame(i, `P${i}`, [pack('a', 1)]);
    frame(1_002, 'P2', [pack('a', 2)]);
    const { seen } = JSON.parse(bookmark.toText(Infinity)) as { seen: [string, Record<string, number>][] };
    expect([seen.length, seen[0]?.[0], seen.at(-1)]).toEqual([1_000, 'P3', ['P2', { a: 2 }]]);
  });

  test('publishers: one is remembered, of whatever number of events', () => {
    const { frame, happened } = makeBookmark({ events: Array.from({ length: 2_001 }, (_, i) => `e${i}`) });
    frame(1, 'P', [pack('e7', 1)]);
    frame(2, 'P', [pack('e7', 1, 2), pack('e7', 5)]);
    expect(happened).toEqual(['P:e71', 'P:e72', 'P: gap of 2 e7', 'P:e75']);
  });
});
