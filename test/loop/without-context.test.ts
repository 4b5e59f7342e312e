// Browsers have no asynchronous context, and no setImmediate: this is the package as they load it.
import type * as Package from 'mreventloop';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { deferred } from './deferred.ts';
import { settled } from './uncaught.ts';

let load: typeof Package;
const getBuiltinModule: unknown = Reflect.get(process, 'getBuiltinModule');
const realSetImmediate = setImmediate;

beforeAll(async () => {
  vi.resetModules();
  Object.assign(process, { getBuiltinModule: undefined });
  load = await import('mreventloop');
  Object.assign(process, { getBuiltinModule });
});

afterAll(() => {
  vi.resetModules();
});

function workers(count: number) {
  const { EventLoop, slot } = load;
  class Part {
    readonly eventLoop = new EventLoop({ exitOnException: false });
    readonly other = slot(this, () => 'other');
    readonly directly = slot(this, async () => await this.other());
    readonly pass = slot(this, async (call: () => PromiseLike<unknown>) => await call());
  }
  return Array.from({ length: count }, () => new Part()) as [InstanceType<typeof Part>, InstanceType<typeof Part>];
}

test('without context: a slot that awaits a call of its own, made before its first await, is detected', async () => {
  const [part] = workers(1);
  await using _ = part.eventLoop.start();
  await expect(part.directly()).rejects.toThrow(load.SelfAwaitError);
});

test('without context: others may await, also a call that a slot made and that has ended', async () => {
  const [one, two] = workers(2);
  await using _one = one.eventLoop.start();
  await using _two = two.eventLoop.start();
  const gate = deferred();
  const slow = one.pass(() => gate.promise);
  const outside = one.other();
  let made: PromiseLike<unknown> | undefined;
  const fromTwo = two.pass(async () => {
    made = two.other();
  });
  await fromTwo;
  gate.resolve();
  await slow;
  expect(await Promise.all([outside, made])).toEqual(['other', 'other']);
});

test('without setImmediate: timers get their turn all the same', async () => {
  const [part] = workers(1);
  let fired = false;
  let steps = 0;
  vi.stubGlobal('setImmediate', undefined);
  try {
    setTimeout(() => (fired = true), 0);
    const step = (): void => {
      steps += 1;
      if (!fired && steps < 3_000_000) void part.eventLoop.enqueue(step);
    };
    void part.eventLoop.enqueue(step);
    await part.eventLoop.start().stop();
  } finally {
    vi.unstubAllGlobals();
  }
  expect(fired).toBe(true);
  expect(setImmediate).toBe(realSetImmediate);
  await settled();
});
