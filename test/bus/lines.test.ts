import { expect, test } from 'vitest';
import { isWord, LineReader } from '../../src/bus/ipc/lines.ts';

test('what begins with a small letter is a word, and nothing else is', () => {
  for (const line of ['a', 'beat', 'z {}']) expect(isWord(Buffer.from(line))).toBe(true);
  for (const line of ['', '`', '{', 'A', ' a', '[', 'ä']) expect(isWord(Buffer.from(line))).toBe(false);
});

test('lines that end are not too long, however many of them come', () => {
  const reader = new LineReader();
  const chunk = Buffer.alloc(64 * 1024 * 1024, 'x');
  for (let i = 0; i < 9; i += 1) {
    expect([...reader.read(chunk)]).toEqual([]);
    expect([...reader.read(Buffer.from('\n'))].map(({ length }) => length)).toEqual([chunk.length]);
    expect(reader.isTooLong).toBe(false);
  }
});
