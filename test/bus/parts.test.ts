import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cut, Parts } from '../../src/bus/parts.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (frame: Uint8Array | undefined): string | undefined =>
  frame === undefined ? undefined : new TextDecoder().decode(frame);

describe('parts of a frame', () => {
  test('any frame arrives as it was, in messages of the size that is allowed, whoever else speaks between', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 2_000 }),
        fc.string({ maxLength: 2_000 }),
        fc.integer({ min: 101, max: 400 }),
        (first, second, most) => {
          const frames = [`[${first}`, `{${second}`];
          const messages = frames.map((frame, i) => cut(bytes(frame), most, `sender-${i}`));
          expect(messages.flat().every(({ length }) => length <= most)).toBe(true);
          const parts = new Parts();
          const whole: unknown[] = [];
          for (let i = 0; i < Math.max(...messages.map(({ length }) => length)); i += 1) {
            for (const [message] of messages.map((list) => list.slice(i, i + 1))) {
              const frame = message === undefined ? undefined : parts.add(message);
              if (frame !== undefined) whole.push(text(frame));
            }
          }
          expect(new Set(whole)).toEqual(new Set(frames));
          expect(whole).toHaveLength(2);
        },
      ),
    );
  });

  test('a frame that is no part is whole', () => {
    expect(text(new Parts().add(bytes('{"part 1": 2}')))).toBe('{"part 1": 2}');
  });

  test('what lacks a part is dropped, and what comes behind it is not', () => {
    const parts = new Parts();
    const frame = bytes(`[${'x'.repeat(300)}]`);
    const [first, , third] = cut(frame, 250, 'sender') as [Uint8Array, Uint8Array, Uint8Array];
    expect(cut(frame, 250, 'sender')).toHaveLength(3);
    expect(parts.add(first)).toBeUndefined();
    expect(parts.add(third)).toBeUndefined();
    const again = cut(frame, 250, 'sender').map((part) => text(parts.add(part)));
    expect(again).toEqual([undefined, undefined, text(frame)]);
  });

  test('what lacks a part stays dropped, whatever comes behind it', () => {
    const frame = bytes(`[${'x'.repeat(300)}]`);
    const [first, second, third] = cut(frame, 250, 'sender') as [Uint8Array, Uint8Array, Uint8Array];
    for (const rest of [
      [third, second, third],
      [third, third],
    ]) {
      const parts = new Parts();
      for (const part of [first, ...rest]) expect(parts.add(part)).toBeUndefined();
    }
  });

  test('bytes that are used again by who handed them over are kept as they were', () => {
    const parts = new Parts();
    const frame = bytes(`[${'x'.repeat(300)}]`);
    const whole = cut(frame, 250, 'sender').map((part) => {
      const added = text(parts.add(part));
      part.fill(0);
      return added;
    });
    expect(whole.at(-1)).toBe(text(frame));
  });

  test('100 senders may be in the middle of a frame; one more pushes out the one that has been there longest', () => {
    const parts = new Parts();
    const frame = bytes(`[${'x'.repeat(200)}]`);
    const send = (sender: number, index: number): unknown =>
      text(parts.add(cut(frame, 250, `sender-${sender}`)[index] as Uint8Array));
    for (let sender = 0; sender < 100; sender += 1) expect(send(sender, 0)).toBeUndefined();
    expect(send(0, 1)).toBe(text(frame));
    expect(send(0, 0)).toBeUndefined();
    expect(send(100, 0)).toBeUndefined();
    expect(send(1, 1)).toBeUndefined();
    for (let sender = 2; sender <= 100; sender += 1) expect(send(sender, 1)).toBe(text(frame));
    expect(send(0, 1)).toBe(text(frame));
  });

  test('what is no part, though it begins like one, is dropped', () => {
    const parts = new Parts();
    for (const message of ['part ', 'part x\n', 'part x 1 2\nrest', 'part x a b\n', 'part x 0 0\n', 'part x 0 10']) {
      expect(parts.add(bytes(message))).toBeUndefined();
    }
  });
});
