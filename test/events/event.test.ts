import { expect, test } from 'vitest';
import { emits, type Events, event } from 'mreventloop';

@emits('events', ['produced'])
class Producer {
  declare readonly events: Events<{ produced: [string] }>;
}

test('a', () => {
  const seen: string[] = [];
  const p = new Producer();
  p.events.produced.addListener((x) => seen.push(x));
  p.events.produced('x');
  expect(seen).toEqual(['x']);
  expect(event().name).toBe('');
});
