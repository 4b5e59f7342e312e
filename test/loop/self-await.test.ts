// A slot that awaits a call of its own loop would wait for ever, and so would all that is queued behind it.
import { EventLoop, hasEventLoop, SelfAwaitError, slot, type SlotCall } from 'mreventloop';
import { describe, expect, test } from 'vitest';
import { deferred } from './deferred.ts';
import { collectUncaught, settled } from './uncaught.ts';

function quietLoop(): EventLoop {
  return new EventLoop({ exitOnException: false });
}

class Worker {
  readonly eventLoop: EventLoop;
  readonly ran: string[] = [];
  readonly other = slot(this, () => {
    this.ran.push('other');
    return 'other';
  });
  readonly directly = slot(this, async () => await this.other());
  readonly afterAwait = slot(this, async () => {
    await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    return await this.other();
  });
  readonly inAll = slot(this, async () => await Promise.all([Promise.resolve(), this.other()]));
  readonly inHelper = slot(this, async () => await this.help());
  readonly returned = slot(this, () => this.other());
  readonly returnedByAsync = slot(this, async () => this.other());
  readonly chained = slot(this, () => this.other().then((result) => result));
  readonly finallied = slot(this, () => this.other().finally(() => {}));
  #called = false;
  readonly itself: () => SlotCall<unknown> = slot(this, async () => {
    if (this.#called) return;
    this.#called = true;
    await this.itself();
  });
  readonly pass = slot(this, async (call: () => PromiseLike<unknown>) => await call());

  constructor(loop = quietLoop()) {
    this.eventLoop = loop;
  }

  async help(): Promise<string> {
    await Promise.resolve();
    return await this.other();
  }
}

/** Calls it some turns later. */
async function late(call: () => PromiseLike<unknown>): Promise<unknown> {
  await settled();
  return await call();
}

describe('detected', () => {
  test.each([
    'directly',
    'afterAwait',
    'inAll',
    'inHelper',
    'returned',
    'returnedByAsync',
    'chained',
    'finallied',
  ] as const)('self-await: %s', async (name) => {
    const worker = new Worker();
    await using _ = worker.eventLoop.start();
    const error: unknown = await worker[name]().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SelfAwaitError);
    expect(error).toMatchObject({
      code: 'SELF_AWAIT',
      message:
        `slot Worker.${name} waits for Worker.other, which cannot run before Worker.${name} has ended: ` +
        'they share an event loop. Call it without awaiting it, or give it a loop of its own',
    });
    // The call itself was made, and runs when its turn comes.
    await settled();
    expect(worker.ran).toEqual(['other']);
  });

  test('self-await: a slot that awaits itself', async () => {
    const worker = new Worker();
    await using _ = worker.eventLoop.start();
    await expect(worker.itself()).rejects.toThrow('slot Worker.itself waits for Worker.itself');
  });

  test('self-await: a slot of another object that shares the loop', async () => {
    const worker = new Worker();
    const sharing = new Worker(worker.eventLoop);
    await using _ = worker.eventLoop.start();
    await expect(worker.pass(() => sharing.other())).rejects.toThrow(SelfAwaitError);
  });

  test('self-await: a call that was made outside, before the slot ran', async () => {
    const worker = new Worker();
    await using _ = worker.eventLoop.start();
    const waits = worker.pass(() => later);
    const later = worker.other();
    await expect(waits).rejects.toThrow(SelfAwaitError);
    expect(await later).toBe('other');
  });

  test('self-await: a call that a slot made before its first await, when an async slot has run before', async () => {
    const worker = new Worker();
    const help = async (): Promise<string> => {
      const call = worker.other();
      await Promise.resolve();
      return await call;
    };
    const helped = slot(worker, () => help());
    worker.eventLoop.start();
    void worker.pass(() => Promise.resolve());
    await expect(helped()).rejects.toThrow(SelfAwaitError);
    await worker.eventLoop.stop();
  });

  test('self-await: through a second loop and back', async () => {
    const [one, two] = [new Worker(), new Worker()];
    await using _one = one.eventLoop.start();
    await using _two = two.eventLoop.start();
    const error: unknown = await one.pass(() => two.pass(() => one.other())).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      message: expect.stringMatching(
        /^slot Worker\.pass waits for Worker\.other, which cannot run before Worker\.pass has ended/,
      ) as unknown,
    });
  });

  test('self-await: through a second loop whose slot hands the call on', async () => {
    const [one, two] = [new Worker(), new Worker()];
    await using _one = one.eventLoop.start();
    await using _two = two.eventLoop.start();
    const handOn = slot(two, () => one.other());
    await expect(one.pass(() => handOn())).rejects.toThrow(
      'slot Worker.pass waits for Worker.(unnamed), which itself waits for Worker.pass to end.',
    );
    await settled();
    expect(one.ran).toEqual(['other']);
  });

  test('self-await: behind a slot of a second loop that waits for the first', async () => {
    const [one, two] = [new Worker(), new Worker()];
    await using _one = one.eventLoop.start();
    await using _two = two.eventLoop.start();
    const gate = deferred();
    const first = one.pass(async () => {
      await gate.promise;
      // It is queued behind `second`, which by then waits for this slot's loop.
      return await two.other();
    });
    const second = two.pass(() => one.other());
    await settled();
    gate.resolve();
    await expect(first).rejects.toThrow(SelfAwaitError);
    expect(await second).toBe('other');
  });

  test('self-await: through a third loop, after awaits in each', async () => {
    const [one, two, three] = [new Worker(), new Worker(), new Worker()];
    await using _one = one.eventLoop.start();
    await using _two = two.eventLoop.start();
    await using _three = three.eventLoop.start();
    const call = one.pass(() => late(() => two.pass(() => late(() => three.pass(() => late(() => one.other()))))));
    await expect(call).rejects.toThrow(SelfAwaitError);
  });

  test('self-await: through a call that somebody else awaited first', async () => {
    const [one, two, bystander] = [new Worker(), new Worker(), new Worker()];
    await using _one = one.eventLoop.start();
    await using _bystander = bystander.eventLoop.start();
    const call = two.pass(() => one.other());
    const first = bystander.pass(() => call);
    await settled();
    const second = one.pass(() => call);
    await settled();
    await using _two = two.eventLoop.start();
    await expect(call).rejects.toThrow(SelfAwaitError);
    await expect(first).rejects.toThrow(SelfAwaitError);
    await expect(second).rejects.toThrow(SelfAwaitError);
  });

  test('self-await: a decorated slot', async () => {
    @hasEventLoop('eventLoop')
    class Decorated {
      eventLoop = quietLoop();
      @slot async other(): Promise<void> {}
      @slot async waits(): Promise<void> {
        await settled();
        await this.other();
      }
    }
    const decorated = new Decorated();
    await using _ = decorated.eventLoop.start();
    await expect(decorated.waits()).rejects.toThrow('slot Decorated.waits waits for Decorated.other');
  });

  test('self-await: a call that was made outside, and that a slot returns', async () => {
    const worker = new Worker();
    await using _ = worker.eventLoop.start();
    const handOn = slot(worker, () => later);
    const waits = handOn();
    const later = worker.other();
    await expect(waits).rejects.toThrow(SelfAwaitError);
    expect(await later).toBe('other');
  });

  test('self-await: stop() awaited inside a slot; the loop stops all the same', async () => {
    const worker = new Worker();
    worker.eventLoop.start();
    const stopped = worker.eventLoop.events.stopped.next();
    await expect(worker.pass(() => worker.eventLoop.stop())).rejects.toThrow(
      'slot Worker.pass waits for EventLoop.stop, which cannot run before Worker.pass has ended',
    );
    await stopped;
    expect(worker.eventLoop.running).toBe(false);
  });

  test('self-await: stop() awaited through a second loop', async () => {
    const [one, two] = [new Worker(), new Worker()];
    one.eventLoop.start();
    await using _two = two.eventLoop.start();
    await expect(one.pass(() => two.pass(() => late(() => one.eventLoop.stop())))).rejects.toThrow(SelfAwaitError);
  });

  test('self-await: a slot that waits for a slot that waits for its loop to stop', async () => {
    const [one, two] = [new Worker(), new Worker()];
    one.eventLoop.start();
    await using _two = two.eventLoop.start();
    const waits = one.pass(() => late(() => two.other()));
    const stops = two.pass(() => one.eventLoop.stop());
    await expect(waits).rejects.toThrow(SelfAwaitError);
    await stops;
    expect(one.eventLoop.running).toBe(false);
  });
});

describe('not mistaken for it', () => {
  test('self-await: outsiders may await, while another slot runs', async () => {
    const worker = new Worker();
    await using _ = worker.eventLoop.start();
    const gate = deferred();
    const slow = worker.pass(() => gate.promise);
    const outside = Promise.all([worker.other(), worker.other()]);
    await settled();
    gate.resolve();
    await slow;
    expect(await outside).toEqual(['other', 'other']);
  });

  test('self-await: outsiders may wait for a loop to stop that one of its slots has stopped', async () => {
    const worker = new Worker();
    worker.eventLoop.start();
    const gate = deferred();
    // No async function, so what it has called counts as awaited by it.
    const stops = slot(worker, () => {
      void worker.eventLoop.stop();
      return gate.promise;
    });
    const stopping = stops();
    await settled();
    const outside = worker.eventLoop.stop();
    gate.resolve();
    await Promise.all([stopping, outside]);
    expect(worker.eventLoop.running).toBe(false);
  });

  test('self-await: a call that is not awaited runs afterwards', async () => {
    const uncaught = collectUncaught();
    const worker = new Worker();
    await using _ = worker.eventLoop.start();
    await worker.pass(async () => {
      void worker.other();
      await settled();
      void worker.other();
      expect(worker.ran).toEqual([]);
    });
    await settled();
    expect(worker.ran).toEqual(['other', 'other']);
    expect(uncaught).toEqual([]);
  });

  test('self-await: a call that a slot made may be awaited by others', async () => {
    const worker = new Worker();
    await using _ = worker.eventLoop.start();
    const made = deferred<{ call: SlotCall<string> }>();
    const gate = deferred();
    const slow = worker.pass(async () => {
      made.resolve({ call: worker.other() });
      await gate.promise;
    });
    const { call } = await made.promise;
    const result = call.then((value) => value);
    gate.resolve();
    expect(await result).toBe('other');
    await slow;
  });

  test('self-await: a slot may await a slot of another loop, again and again', async () => {
    const [one, two] = [new Worker(), new Worker()];
    await using _one = one.eventLoop.start();
    await using _two = two.eventLoop.start();
    expect(await one.pass(() => two.other())).toBe('other');
    expect(await two.pass(() => one.other())).toBe('other');
    expect(await one.pass(() => Promise.all([two.other(), two.other()]))).toEqual(['other', 'other']);
  });

  test('self-await: a slot may await a call of its own loop that has ended', async () => {
    const worker = new Worker();
    await using _ = worker.eventLoop.start();
    const before = worker.other();
    expect(await worker.pass(() => before)).toBe('other');
  });

  test('self-await: two loops may call back without awaiting', async () => {
    const [one, two] = [new Worker(), new Worker()];
    await using _one = one.eventLoop.start();
    await using _two = two.eventLoop.start();
    await one.pass(() =>
      two.pass(async () => {
        void one.other();
      }),
    );
    await settled();
    expect(one.ran).toEqual(['other']);
  });

  test('self-await: a slot that was started by another slot’s call is not part of that slot', async () => {
    // The call of `one` wakes `two` for the first time; what `two` runs must not count as code of `one`.
    const [one, two] = [new Worker(), new Worker()];
    await using _one = one.eventLoop.start();
    await using _two = two.eventLoop.start();
    // Both loops are idle: it is the call that wakes the second one.
    await settled();
    const gate = deferred();
    // No async function: it has no context of its own.
    const asked = deferred();
    const handOn = slot(two, () =>
      late(() => {
        asked.resolve();
        return one.other();
      }),
    );
    let inner: PromiseLike<unknown> | undefined;
    const slow = one.pass(async () => {
      inner = handOn();
      await gate.promise;
    });
    await asked.promise;
    await settled();
    gate.resolve();
    await slow;
    expect(await inner).toBe('other');
  });

  test('self-await: a slot may stop its loop without awaiting that', async () => {
    const uncaught = collectUncaught();
    const worker = new Worker();
    worker.eventLoop.start();
    const stopped = worker.eventLoop.events.stopped.next();
    await worker.pass(async () => void worker.eventLoop.stop());
    await stopped;
    await settled();
    expect(uncaught).toEqual([]);
  });

  test('self-await: a slot may await that another loop stops', async () => {
    const [one, two] = [new Worker(), new Worker()];
    await using _one = one.eventLoop.start();
    two.eventLoop.start();
    await one.pass(() => two.eventLoop.stop());
    expect(two.eventLoop.running).toBe(false);
  });

  test('self-await: what a slot left behind may await the loop of the slot that awaited it', async () => {
    const [one, two] = [new Worker(), new Worker()];
    await using _one = one.eventLoop.start();
    await using _two = two.eventLoop.start();
    const gate = deferred();
    let background: PromiseLike<unknown> | undefined;
    await one.pass(async () => {
      await two.pass(async () => {
        background = gate.promise.then(() => one.other());
      });
      gate.resolve();
      await settled();
    });
    expect(await background).toBe('other');
  });

  test('self-await: a wait that was given up does not count once the slot has ended', async () => {
    const [one, two, three, four] = [new Worker(), new Worker(), new Worker(), new Worker()];
    await using _one = one.eventLoop.start();
    await using _two = two.eventLoop.start();
    await using _three = three.eventLoop.start();
    await using _four = four.eventLoop.start();
    const [gaveUp, finish, ask] = [deferred(), deferred(), deferred()];
    // `first` awaits `second`, which gives up waiting for `third` and ends; `third` waits for `fourth`.
    const first = one.pass(async () => {
      await two.pass(() => Promise.race([third, gaveUp.promise]));
      await finish.promise;
      return 'first';
    });
    const fourth = four.pass(async () => {
      await ask.promise;
      return await first;
    });
    const third = three.pass(() => fourth);
    await settled();
    gaveUp.resolve();
    await settled();
    ask.resolve();
    await settled();
    finish.resolve();
    expect(await Promise.all([first, third, fourth])).toEqual(['first', 'first', 'first']);
  });

  test('self-await: a slot that has ended is not waited for, whoever still runs in its name', async () => {
    const worker = new Worker();
    await using _ = worker.eventLoop.start();
    const gate = deferred();
    let background: PromiseLike<unknown> | undefined;
    await worker.pass(async () => {
      background = gate.promise.then(() => worker.other());
    });
    gate.resolve();
    expect(await background).toBe('other');
  });
});
