// The counterparts of the original's test_sync_event.py. TypeScript has no keyword arguments: one object
// takes their place.
import { event, events, SyncEvent } from 'mreventloop';
import { expect, test } from 'vitest';

/** Emits in a later turn, as the original's tasks do. */
function later(emit: () => void): void {
  queueMicrotask(emit);
}

test('test_no_async: what was emitted before awaiting is kept, and the first emit counts', async () => {
  const all = events({ event1: event<[string]>(), event2: event() });
  const sync = new SyncEvent(all.event1);
  all.event1('tea');
  all.event1('coffee');
  expect(await sync).toBe('tea');
});

test('test_async: awaiting ends with a later emit', async () => {
  const all = events({ event1: event<[string]>(), event2: event() });
  const sync = new SyncEvent(all.event1);
  later(() => all.event1('tea'));
  expect(await sync).toBe('tea');
});

test('test_async_multiple_args: several arguments give an array', async () => {
  const all = events({ event1: event<[string, string]>(), event2: event() });
  const sync = new SyncEvent(all.event1);
  later(() => all.event1('tea', 'coffee'));
  expect(await sync).toEqual(['tea', 'coffee']);
});

test('test_async_kwargs: one object argument gives that object', async () => {
  const all = events({ event1: event<[{ first: string; second: string }]>(), event2: event() });
  const sync = new SyncEvent(all.event1);
  later(() => all.event1({ first: 'tea', second: 'coffee' }));
  expect(await sync).toEqual({ first: 'tea', second: 'coffee' });
});

test('test_async_args_kwargs: arguments and an object give an array of all', async () => {
  const all = events({ event1: event<[string, string, { first: string; second: string }]>(), event2: event() });
  const sync = new SyncEvent(all.event1);
  later(() => all.event1('coffee', 'tea', { first: 'tea', second: 'coffee' }));
  expect(await sync).toEqual(['coffee', 'tea', { first: 'tea', second: 'coffee' }]);
});
