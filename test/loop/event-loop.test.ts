import { AsyncLocalStorage } from 'node:async_hooks';
import { connect, EventLoop, slot, StateError } from 'mreventloop';
import { describe, expect, test } from 'vitest';
import { deferred } from './deferred.ts';
import { collectUncaught, settled } from './uncaught.ts';

/** A loop, and a log of what it emits and of what it runs. */
function logged(options?: ConstructorParameters<typeof EventLoop>[0]) {
  const loop = new EventLoop(options);
  const log: string[] = [];
  for (const name of ['started', 'stopped', 'active', 'idle'] as const) connect(loop, name, () => log.push(name));
  connect(loop, 'exception', (error) => log.push(`exception ${(error as Error).message}`));
  return { loop, log, run: (name: string) => loop.enqueue(() => void log.push(name)) };
}

describe('order', () => {
  test('order: slots run in the order of the calls, and not before the caller has returned', async () => {
    const { loop, log, run } = logged();
    await using _ = loop.start();
    log.length = 0;
    run('a');
    run('b');
    log.push('returned');
    await run('c');
    expect(log).toEqual(['returned', 'active', 'a', 'b', 'c', 'idle']);
  });

  test('order: an async slot ends before the next begins', async () => {
    const loop = new EventLoop();
    await using _ = loop.start();
    const log: string[] = [];
    const gate = deferred();
    void loop.enqueue(async () => {
      log.push('a begins');
      await gate.promise;
      log.push('a goes on');
      await Promise.resolve();
      log.push('a ends');
    });
    const second = loop.enqueue(() => void log.push('b'));
    await settled();
    expect(log).toEqual(['a begins']);
    gate.resolve();
    await second;
    expect(log).toEqual(['a begins', 'a goes on', 'a ends', 'b']);
  });

  test('order: slots never interleave, however many there are and whatever they wait for', async () => {
    const loop = new EventLoop();
    await using _ = loop.start();
    let running = 0;
    let most = 0;
    const order: number[] = [];
    const calls = Array.from({ length: 200 }, (_unused, i) =>
      loop.enqueue(async () => {
        running += 1;
        most = Math.max(most, running);
        for (let turns = 0; turns < i % 4; turns += 1) await Promise.resolve();
        if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
        order.push(i);
        running -= 1;
      }),
    );
    await Promise.all(calls);
    expect(most).toBe(1);
    expect(order).toEqual(Array.from({ length: 200 }, (_unused, i) => i));
  });

  test('order: objects that share a loop form one line', async () => {
    class Part {
      readonly began: string[];
      readonly onWork = slot(this, async (name: string) => {
        this.began.push(`${name} begins`);
        await Promise.resolve();
        this.began.push(`${name} ends`);
      });
      constructor(
        readonly eventLoop: EventLoop,
        log: string[],
      ) {
        this.began = log;
      }
    }
    const loop = new EventLoop();
    const log: string[] = [];
    const [one, other] = [new Part(loop, log), new Part(loop, log)];
    {
      await using _ = loop.start();
      void one.onWork('a');
      void other.onWork('b');
      void one.onWork('c');
    }
    expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });

  test('order: loops of their own do not wait for each other', async () => {
    const [slow, quick] = [new EventLoop(), new EventLoop()];
    await using _slow = slow.start();
    await using _quick = quick.start();
    const gate = deferred();
    const waiting = slow.enqueue(() => gate.promise);
    expect(await quick.enqueue(() => 'done')).toBe('done');
    gate.resolve();
    await waiting;
  });
});

describe('start and stop', () => {
  test('start: calls made before it are kept and run then', async () => {
    const { loop, log, run } = logged();
    const first = run('a');
    run('b');
    await settled();
    expect(log).toEqual([]);
    expect(loop.size).toBe(2);
    loop.start();
    expect(log).toEqual(['started', 'idle']);
    await first;
    await loop.stop();
    expect(log).toEqual(['started', 'idle', 'active', 'a', 'b', 'idle', 'stopped']);
    expect(loop.size).toBe(0);
  });

  test('start: twice is an error, also while it stops', async () => {
    const loop = new EventLoop().start();
    expect(() => loop.start()).toThrow(new StateError('the event loop runs already'));
    const stopped = loop.stop();
    expect(() => loop.start()).toThrow(StateError);
    await stopped;
  });

  test('stop: runs all that is queued, also what is added meanwhile', async () => {
    const { loop, log, run } = logged();
    loop.start();
    void loop.enqueue(async () => {
      await Promise.resolve();
      run('b');
    });
    const stopped = loop.stop();
    run('a');
    await stopped;
    expect(log).toEqual(['started', 'idle', 'active', 'a', 'b', 'idle', 'stopped']);
  });

  test('stop: several may wait for it', async () => {
    const { loop, log } = logged();
    loop.start();
    await Promise.all([loop.stop(), loop.stop(), loop[Symbol.asyncDispose]()]);
    await loop.stop();
    expect(log).toEqual(['started', 'idle', 'stopped']);
  });

  test('stop: a loop that does not run has stopped already', async () => {
    const { loop, log } = logged();
    await loop.stop();
    expect(log).toEqual([]);
  });

  test('stop: calls made after it are kept for the next start', async () => {
    const { loop, log, run } = logged();
    await loop.start().stop();
    run('a');
    await settled();
    expect(log).toEqual(['started', 'idle', 'stopped']);
    await loop.start().stop();
    expect(log.slice(3)).toEqual(['started', 'idle', 'active', 'a', 'idle', 'stopped']);
  });

  test('restart: from a listener of stopped', async () => {
    const { loop, log, run } = logged();
    let restarts = 0;
    connect(loop, 'stopped', () => {
      restarts += 1;
      if (restarts === 1) loop.start();
    });
    await loop.start().stop();
    expect(loop.running).toBe(true);
    await run('a');
    await loop.stop();
    expect(log).toEqual(['started', 'idle', 'stopped', 'started', 'idle', 'active', 'a', 'idle', 'stopped']);
  });

  test('stop: a listener of started may ask for it', async () => {
    const { loop, log } = logged();
    const link = connect(loop, 'started', () => void loop.stop());
    loop.start();
    await loop.events.stopped.next();
    expect(log).toEqual(['started', 'idle', 'stopped']);
    link.disconnect();
  });

  test('running: from start to stopped', async () => {
    const { loop } = logged();
    const states: boolean[] = [];
    connect(loop, ['started', 'stopped'], {
      onStarted: () => states.push(loop.running),
      onStopped: () => states.push(loop.running),
    });
    expect(loop.running).toBe(false);
    loop.start();
    const stopped = loop.stop();
    expect(loop.running).toBe(true);
    await stopped;
    expect(loop.running).toBe(false);
    expect(states).toEqual([true, false]);
  });

  test('await using: the block ends when all that was queued has run', async () => {
    const log: string[] = [];
    {
      await using loop = new EventLoop().start();
      void loop.enqueue(async () => {
        await settled();
        log.push('slot');
      });
    }
    log.push('after the block');
    expect(log).toEqual(['slot', 'after the block']);
  });
});

describe('active and idle', () => {
  test('active and idle: once for a line of calls, again for the next', async () => {
    const { loop, log, run } = logged();
    loop.start();
    run('a');
    await run('b');
    await settled();
    run('c');
    await loop.stop();
    expect(log).toEqual(['started', 'idle', 'active', 'a', 'b', 'idle', 'active', 'c', 'idle', 'stopped']);
  });

  test('idle: a listener may call a slot', async () => {
    const { loop, log, run } = logged();
    let called = false;
    loop.start();
    connect(loop, 'idle', () => {
      if (!called) run('from idle');
      called = true;
    });
    run('a');
    await loop.stop();
    expect(log).toEqual(['started', 'idle', 'active', 'a', 'idle', 'active', 'from idle', 'idle', 'stopped']);
  });

  test('events: async slots keep the loop active until they have ended', async () => {
    const { loop, log } = logged();
    loop.start();
    const gate = deferred();
    const call = loop.enqueue(() => gate.promise);
    await settled();
    expect(log).toEqual(['started', 'idle', 'active']);
    gate.resolve();
    await call;
    await settled();
    expect(log).toEqual(['started', 'idle', 'active', 'idle']);
    await loop.stop();
  });
});

describe('listeners of its own events', () => {
  test.each(['started', 'active', 'idle', 'stopped', 'exception', 'overflow'] as const)(
    'listeners: one of %s that throws is reported, and keeps no slot from running',
    async (name) => {
      const uncaught = collectUncaught();
      const loop = new EventLoop({ exitOnException: false, limit: 3, overflow: 'drop-oldest' });
      const log: string[] = [];
      connect(loop, name, () => {
        throw new Error(`listener of ${name}`);
      });
      void loop.enqueue(() => void log.push('dropped'));
      void loop.enqueue(() => {
        throw new Error('slot');
      });
      void loop.enqueue(() => void log.push('a'));
      void loop.enqueue(() => void log.push('b'));
      loop.start();
      await loop.stop();
      await loop.start().stop();
      await settled();
      expect(log.at(-1)).toBe('b');
      expect(uncaught.length).toBeGreaterThan(0);
      expect(new Set(uncaught.map((error) => (error as Error).message))).toEqual(new Set([`listener of ${name}`]));
      expect(loop.running).toBe(false);
    },
  );
});

describe('asynchronous context', () => {
  test('context: that of the start, whoever calls, and whatever waits', async () => {
    const user = new AsyncLocalStorage<string>();
    const loop = new EventLoop();
    const log: string[] = [];
    const order = async (what: string): Promise<void> => {
      const before = user.getStore();
      await Promise.resolve();
      log.push(`${what} ${before} ${user.getStore()}`);
    };
    user.run('early', () => loop.enqueue(order, 'tea'));
    user.run('owner', () => loop.start());
    user.run('alice', () => loop.enqueue(order, 'milk'));
    await user.run('bob', () => loop.enqueue(order, 'salt'));
    // It was idle in between, and is woken by somebody else.
    await user.run('carol', () => loop.enqueue(order, 'bread'));
    await user.run('dave', () => loop.stop());
    expect(log).toEqual(['tea owner owner', 'milk owner owner', 'salt owner owner', 'bread owner owner']);
  });

  test('context: what a slot enters ends with the work that it was called in', async () => {
    const user = new AsyncLocalStorage<string>();
    const loop = user.run('owner', () => new EventLoop().start());
    await loop.enqueue(() => user.enterWith('slot'));
    expect(await loop.enqueue(() => user.getStore())).toBe('owner');
    await loop.stop();
  });

  test('context: what a loop tells is no part of the slot that started it', async () => {
    const [outer, inner] = [new EventLoop().start(), new EventLoop()];
    const gate = deferred();
    let reached: Promise<string> | undefined;
    connect(inner, 'active', () => {
      reached = outer.enqueue(() => 'reached').then(String, (error: Error) => error.name);
    });
    void outer.enqueue(async () => {
      inner.start();
      await gate.promise;
    });
    await settled();
    await inner.enqueue(() => {});
    gate.resolve();
    expect(await reached).toBe('reached');
    await Promise.all([outer.stop(), inner.stop()]);
  });
});
