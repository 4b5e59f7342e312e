import { event, SyncEvent } from 'mreventloop';
import { expect, test } from 'vitest';

test('SyncEvent: an event without arguments gives undefined', async () => {
  const rung = event();
  const sync = new SyncEvent(rung);
  rung();
  expect(await sync).toBeUndefined();
});

test('SyncEvent: gives the first emit after its creation, once it is awaited', async () => {
  const counted = event<[count: number]>();
  counted(1);
  const sync = new SyncEvent(counted);
  counted(2);
  counted(3);
  expect(await sync).toBe(2);
});

test('SyncEvent: can be awaited more than once, and by several', async () => {
  const counted = event<[count: number]>();
  const sync = new SyncEvent(counted);
  const both = Promise.all([sync, sync]);
  counted(1);
  expect(await both).toEqual([1, 1]);
  expect(await sync).toBe(1);
});

test('SyncEvent: stops listening after the first emit', () => {
  const rung = event();
  expect(new SyncEvent(rung)).toBeInstanceOf(SyncEvent);
  expect(rung.listenerCount).toBe(1);
  rung();
  expect(rung.listenerCount).toBe(0);
});

test('SyncEvent: gives a promise that hands on what a callback throws', async () => {
  const rung = event();
  const sync = new SyncEvent(rung);
  rung();
  const failed = sync.then(() => {
    throw new Error('no');
  });
  await expect(failed).rejects.toThrow('no');
});

test('SyncEvent: is not fooled by an array as the only argument', async () => {
  const listed = event<[list: string[]]>();
  const sync = new SyncEvent(listed);
  listed(['a', 'b']);
  expect(await sync).toEqual(['a', 'b']);
});
