import { EventLoop, StateError, Worker } from 'mreventloop';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { deferred } from './deferred.ts';
import { runChild } from './run-child.ts';
import { collectUncaught, settled } from './uncaught.ts';

/** A worker whose step is a function. */
class Stepper extends Worker {
  steps = 0;
  signal: AbortSignal | undefined;
  readonly #step: (worker: Stepper, signal: AbortSignal) => Promise<void> | void;

  constructor(step: (worker: Stepper, signal: AbortSignal) => Promise<void> | void) {
    super();
    this.#step = step;
  }

  protected override run(signal: AbortSignal): Promise<void> | void {
    this.signal = signal;
    this.steps += 1;
    return this.#step(this, signal);
  }
}

/** A step that waits until the worker is to stop, and then throws what it likes. */
function untilAborted(signal: AbortSignal, thrown: () => unknown): Promise<void> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(thrown()), { once: true });
  });
}

describe('steps', () => {
  test('worker: does one step after the other until it is stopped', async () => {
    const worker = new Stepper(async (self) => {
      await Promise.resolve();
      if (self.steps === 3) void self.stop();
    });
    await worker.start().done;
    expect(worker.steps).toBe(3);
    expect(worker.running).toBe(false);
  });

  test('worker: a step ends before the next begins', async () => {
    const gate = deferred();
    const worker = new Stepper(() => gate.promise);
    worker.start();
    await settled();
    expect(worker.steps).toBe(1);
    const stopped = worker.stop();
    gate.resolve();
    await stopped;
    expect(worker.steps).toBe(1);
  });

  test('worker: the first step begins after start() has returned', async () => {
    const worker = new Stepper((self) => void self.stop());
    worker.start();
    expect(worker.steps).toBe(0);
    await worker.done;
    expect(worker.steps).toBe(1);
  });

  test('worker: one that is stopped before its first step does none', async () => {
    const worker = new Stepper(() => {});
    await worker.start().stop();
    expect(worker.steps).toBe(0);
  });

  test('worker: steps that a slot has started are not part of that slot', async () => {
    const loop = new EventLoop({ exitOnException: false }).start();
    const answers: string[] = [];
    const worker = new Stepper(async (self) => {
      answers.push(await loop.enqueue(() => 'answer'));
      void self.stop();
    });
    const gate = deferred();
    const slow = loop.enqueue(async () => {
      worker.start();
      await gate.promise;
    });
    await settled();
    gate.resolve();
    await slow;
    await worker.done;
    await loop.stop();
    expect(answers).toEqual(['answer']);
  });
});

describe('start and stop', () => {
  test('worker: stop aborts the signal of the step and waits until it has ended', async () => {
    const gate = deferred();
    const worker = new Stepper(() => gate.promise);
    worker.start();
    await settled();
    expect(worker.signal?.aborted).toBe(false);
    let ended = false;
    const stopped = worker.stop().then(() => (ended = true));
    expect(worker.signal?.aborted).toBe(true);
    await settled();
    expect(ended).toBe(false);
    expect(worker.running).toBe(true);
    gate.resolve();
    await stopped;
    expect(worker.running).toBe(false);
  });

  test.each<[what: string, thrown: (signal: AbortSignal) => unknown]>([
    ['the reason of the signal', (signal) => signal.reason],
    ['an AbortError', () => new DOMException('stopped', 'AbortError')],
  ])('worker: a step that throws %s when it is to stop has just ended', async (_what, thrown) => {
    const uncaught = collectUncaught();
    const worker = new Stepper((_self, signal) => untilAborted(signal, () => thrown(signal)));
    worker.start();
    await settled();
    await worker.stop();
    await settled();
    expect(uncaught).toEqual([]);
  });

  test('worker: a step may wait on one of Node’s promises', async () => {
    const uncaught = collectUncaught();
    const worker = new Stepper((_self, signal) => delay(2 ** 30, undefined, { signal }));
    worker.start();
    await settled();
    await worker.stop();
    await settled();
    expect(uncaught).toEqual([]);
  });

  test('worker: another error is one also while it stops', async () => {
    const uncaught = collectUncaught();
    const worker = new Stepper((_self, signal) => untilAborted(signal, () => new RangeError('no')));
    worker.start();
    await settled();
    await worker.stop();
    await settled();
    expect(uncaught).toEqual([expect.objectContaining({ code: 'SLOT_FAILED', cause: new RangeError('no') })]);
  });

  test('worker: an AbortError that nobody asked for is an error', async () => {
    const uncaught = collectUncaught();
    const worker = new Stepper(() => {
      throw new DOMException('stopped', 'AbortError');
    });
    await worker.start().done;
    await settled();
    expect(uncaught).toEqual([expect.objectContaining({ message: 'a step of worker Stepper failed: AbortError' })]);
  });

  test('worker: starting twice is an error, starting again is none', async () => {
    const worker = new Stepper(() => settled());
    worker.start();
    expect(() => worker.start()).toThrow(new StateError('Stepper runs already'));
    await worker.stop();
    worker.start();
    await settled();
    expect(worker.signal?.aborted).toBe(false);
    await worker.stop();
  });

  test('worker: stopping one that does not run is no error, and it is done', async () => {
    const worker = new Stepper(() => {});
    await worker.stop();
    await worker.done;
    expect(worker.running).toBe(false);
  });

  test('worker: await using stops it', async () => {
    const worker = new Stepper(() => settled());
    {
      await using running = worker.start();
      expect(running.running).toBe(true);
    }
    expect(worker.running).toBe(false);
  });
});

test('worker: an error whose name cannot be read is reported as well', async () => {
  const uncaught = collectUncaught();
  const error = Object.defineProperty(new Error('no'), 'name', {
    get() {
      throw new RangeError('no name');
    },
  });
  const worker = new Stepper(() => Promise.reject(error)).start();
  await worker.done;
  await settled();
  expect(uncaught).toEqual([new RangeError('no name')]);
});

test('worker: a step that throws ends the program with exit code 1 and a report that names the worker', async () => {
  const { code, stdout, stderr } = await runChild('worker');
  expect(code).toBe(1);
  expect(stdout).toEqual(['step 1', 'step 2']);
  expect(stderr).toContain('SlotError: a step of worker Poller failed: RangeError');
  expect(stderr).toContain('RangeError: too hot');
});
