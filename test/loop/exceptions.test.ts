import { connect, EventLoop, slot } from 'mreventloop';
import { describe, expect, test } from 'vitest';
import { deferred } from './deferred.ts';
import { runChild } from './run-child.ts';
import { collectUncaught, settled } from './uncaught.ts';

class Consumer {
  readonly eventLoop = new EventLoop({ exitOnException: false });
  readonly onSync = slot(this, (error: unknown) => {
    throw error;
  });
  readonly onAsync = slot(this, async (error: unknown) => {
    await settled();
    throw error;
  });
  readonly onWork = slot(this, () => 'done');
}

describe('exitOnException: false', () => {
  test.each(['onSync', 'onAsync'] as const)('exception: %s is emitted with what was thrown', async (name) => {
    const consumer = new Consumer();
    const errors: unknown[] = [];
    connect(consumer.eventLoop, 'exception', (error) => errors.push(error));
    const error = new RangeError('no');
    {
      await using _ = consumer.eventLoop.start();
      void consumer[name](error);
      expect(await consumer.onWork()).toBe('done');
    }
    expect(errors).toEqual([error]);
    expect(errors[0]).toBe(error);
  });

  test.each(['onSync', 'onAsync'] as const)('exception: awaiting %s rejects with the original error', async (name) => {
    const consumer = new Consumer();
    await using _ = consumer.eventLoop.start();
    const error = new RangeError('no');
    await expect(consumer[name](error)).rejects.toBe(error);
    await expect(consumer[name](undefined)).rejects.toBeUndefined();
  });

  test('exception: a call that failed can still be awaited later, each time', async () => {
    const consumer = new Consumer();
    await using _ = consumer.eventLoop.start();
    const error = new Error('no');
    const call = consumer.onSync(error);
    await consumer.onWork();
    await expect(call).rejects.toBe(error);
    await expect(call).rejects.toBe(error);
    expect(await call.catch(() => 'caught')).toBe('caught');
  });

  test('exception: a failed call that nobody awaits is no unhandled rejection', async () => {
    const uncaught = collectUncaught();
    const consumer = new Consumer();
    {
      await using _ = consumer.eventLoop.start();
      void consumer.onSync(new Error('sync'));
      void consumer.onAsync(new Error('async'));
    }
    await settled();
    expect(uncaught).toEqual([]);
  });

  test('exception: of those who await a call, the one that does not handle it has the unhandled rejection', async () => {
    const uncaught = collectUncaught();
    const consumer = new Consumer();
    await using _ = consumer.eventLoop.start();
    const error = new Error('no');
    const call = consumer.onAsync(error);
    void call.then(String);
    await expect(call).rejects.toBe(error);
    await settled();
    expect(uncaught).toEqual([error]);
  });

  test('exception: is emitted before those who await the call go on', async () => {
    const consumer = new Consumer();
    await using _ = consumer.eventLoop.start();
    const log: string[] = [];
    connect(consumer.eventLoop, 'exception', () => log.push('exception'));
    await consumer.onAsync(new Error('no')).catch(() => log.push('rejected'));
    expect(log).toEqual(['exception', 'rejected']);
  });

  test('exception: a slot may reject with something that is no promise of ours', async () => {
    const loop = new EventLoop({ exitOnException: false });
    await using _ = loop.start();
    const thenable = {
      // oxlint-disable-next-line unicorn/no-thenable
      then: (_resolve: () => void, reject: (error: Error) => void) => reject(new Error('from a thenable')),
    };
    await expect(loop.enqueue(() => thenable as PromiseLike<void>)).rejects.toThrow('from a thenable');
    const broken = {
      // oxlint-disable-next-line unicorn/no-thenable
      then: () => {
        throw new Error('from then');
      },
    };
    await expect(loop.enqueue(() => broken as PromiseLike<void>)).rejects.toThrow('from then');
  });
});

describe('exitOnException, the default', () => {
  test('exit: a sync slot that throws ends the program with exit code 1, and no slot runs after it', async () => {
    const { code, stdout, stderr } = await runChild('sync-slot');
    expect(code).toBe(1);
    expect(stdout).toEqual(['before', 'exception RangeError: too hot']);
    expect(stderr).toContain('SlotError: slot Kettle.onBoil failed: RangeError');
    expect(stderr).toContain('RangeError: too hot');
    expect(stderr).toContain("code: 'SLOT_FAILED'");
  });

  test('exit: an async slot that throws ends the program with exit code 1, and no slot runs after it', async () => {
    const { code, stdout, stderr } = await runChild('async-slot');
    expect(code).toBe(1);
    expect(stdout).toEqual(['before', 'exception RangeError: too hot']);
    expect(stderr).toContain('SlotError: slot Kettle.onBoilLater failed: RangeError');
    expect(stderr).toContain('RangeError: too hot');
  });

  test('exit: it ends also when the call is awaited and its rejection handled', async () => {
    const { code, stdout, stderr } = await runChild('awaited-slot');
    expect(code).toBe(1);
    expect(stdout).toEqual([]);
    expect(stderr).toContain('SlotError: slot Kettle.onBoil failed: RangeError');
  });

  test('exit: a program with a handler of its own for uncaught errors goes on, and so does the loop', async () => {
    const { code, stdout, stderr } = await runChild('own-handler');
    expect(stderr).toBe('');
    expect(stdout).toEqual(['uncaught SlotError: slot Kettle.onBoil failed: RangeError', 'after']);
    expect(code).toBe(0);
  });

  test('exit: not with exitOnException false, whoever awaits or does not', async () => {
    const { code, stdout, stderr } = await runChild('no-exit');
    expect(stderr).toBe('');
    expect(stdout).toEqual(['exception too hot', 'exception too hot', 'after']);
    expect(code).toBe(0);
  });

  test('exit: the event comes first, then the report, which names class, slot and kind of error', async () => {
    const uncaught = collectUncaught();
    class Kettle {
      readonly eventLoop = new EventLoop();
      readonly onBoil = slot(this, () => {
        throw new RangeError('too hot');
      });
    }
    const kettle = new Kettle();
    await using _ = kettle.eventLoop.start();
    const emitted = kettle.eventLoop.events.exception.next();
    void kettle.onBoil();
    expect(await emitted).toEqual([new RangeError('too hot')]);
    await settled();
    expect(uncaught).toEqual([
      expect.objectContaining({
        name: 'SlotError',
        code: 'SLOT_FAILED',
        message: 'slot Kettle.onBoil failed: RangeError',
        cause: new RangeError('too hot'),
      }),
    ]);
  });

  test.each<[what: string, fail: (loop: EventLoop) => PromiseLike<unknown>, message: string]>([
    [
      'a function with a name',
      (loop) =>
        loop.enqueue(function boil() {
          throw new TypeError('no');
        }),
      'slot boil failed: TypeError',
    ],
    ['a function without one', (loop) => loop.enqueue(() => Promise.reject('no')), 'an unnamed slot failed: string'],
    [
      'a method of an object without a class',
      (loop) => loop.enqueueFor(Object.create(null) as object, () => Promise.reject(new Error('no')), []),
      'slot an object.(unnamed) failed: Error',
    ],
    [
      'a slot beside a getter that throws',
      (loop) => {
        const kettle = {
          eventLoop: loop,
          get temperature(): number {
            throw new Error('not yet');
          },
        };
        return Object.assign(kettle, { onBoil: slot(kettle, () => Promise.reject(new RangeError('no'))) }).onBoil();
      },
      'slot Object.onBoil failed: RangeError',
    ],
  ])('exit: the report of %s', async (_what, fail, message) => {
    const uncaught = collectUncaught();
    const loop = new EventLoop();
    await using _ = loop.start();
    await Promise.resolve(fail(loop)).catch(() => {});
    await settled();
    expect(uncaught.map((error) => (error as Error).message)).toEqual([expect.stringContaining(message)]);
  });

  test.each([true, false])('exit: an error whose name cannot be read does not stop the loop; %s', async (exit) => {
    const uncaught = collectUncaught();
    const loop = new EventLoop({ exitOnException: exit });
    await using _ = loop.start();
    const emitted = loop.events.exception.next();
    const error = Object.defineProperty(new Error('no'), 'name', {
      get: () => {
        throw new RangeError('no name');
      },
    });
    loop.enqueue(() => Promise.reject(error));
    expect(await loop.enqueue(() => 'next')).toBe('next');
    expect((await emitted)[0]).toBe(error);
    await settled();
    expect(uncaught).toEqual(exit ? [new RangeError('no name')] : []);
  });

  test('exit: when a handler keeps the program, later slots need no turns of their own', async () => {
    collectUncaught();
    const loop = new EventLoop();
    await using _ = loop.start();
    await loop.enqueue(() => Promise.reject(new Error('no'))).catch(() => {});
    await settled();
    const seen: string[] = [];
    loop.enqueue(() => queueMicrotask(() => seen.push('later')));
    await loop.enqueue(() => seen.push('next'));
    await settled();
    expect(seen).toEqual(['next', 'later']);
  });

  test('exit: slots of other loops that were waiting are not lost when a handler keeps the program', async () => {
    const uncaught = collectUncaught();
    const loop = new EventLoop();
    await using _ = loop.start();
    const gate = deferred();
    void loop.enqueue(async () => {
      await gate.promise;
      throw new Error('no');
    });
    const after = loop.enqueue(() => 'after');
    gate.resolve();
    expect(await after).toBe('after');
    expect(uncaught).toHaveLength(1);
  });
});
