import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { TimeoutError } from 'mreventloop';
import { StepClock } from 'mreventloop/testing';

describe('step clock', () => {
  test('calls what is due in the order of time, then of asking', () => {
    const clock = new StepClock();
    const calls: string[] = [];
    clock.after(2, () => calls.push('second'));
    clock.after(1, () => calls.push('first'));
    clock.after(2, () => calls.push('third'));
    const cancel = clock.after(1, () => calls.push('never'));
    cancel();
    clock.soon(() => calls.push('at once'));
    clock.advance(1);
    expect(calls).toEqual(['at once', 'first']);
    expect([clock.now(), clock.pending]).toEqual([1, 2]);
    clock.advance(5);
    expect(calls).toEqual(['at once', 'first', 'second', 'third']);
    expect(clock.now()).toBe(6);
  });

  test('never goes back, also when it is stepped by what it calls', () => {
    const clock = new StepClock();
    const times: number[] = [];
    const tell = (): void => void times.push(clock.now());
    clock.after(1, () => clock.advance(100));
    clock.after(3, tell);
    clock.after(50, tell);
    clock.advance(5);
    expect(times).toEqual([3, 50]);
    expect(clock.now()).toBe(101);
  });

  test('pass: lets those who wait for promises have their turn after each millisecond', async () => {
    const clock = new StepClock();
    const times: number[] = [];
    const wait = (ms: number): Promise<void> => new Promise((resolve) => clock.after(ms, resolve));
    const waiting = (async () => {
      for (let i = 0; i < 3; i += 1) {
        await wait(2);
        times.push(clock.now());
      }
    })();
    await clock.pass(7);
    await waiting;
    expect(times).toEqual([2, 4, 6]);
    expect(clock.now()).toBe(7);
  });

  test('pass: a part of a millisecond is no whole one', async () => {
    const clock = new StepClock();
    await clock.pass(2.5);
    expect(clock.now()).toBe(2.5);
  });

  test('until: a promise is settled already; then no time passes', async () => {
    const clock = new StepClock();
    expect(await clock.until(Promise.resolve('before'), { timeout: 0 })).toBe('before');
    expect(clock.now()).toBe(0);
  });

  test('until: a promise is settled', async () => {
    const clock = new StepClock();
    const later = new Promise((resolve) => clock.after(30, () => resolve('later')));
    expect(await clock.until(later)).toBe('later');
    expect(clock.now()).toBe(30);
    const failed = new Promise((_, reject) => clock.after(5, () => reject(new RangeError('enough'))));
    await expect(clock.until(failed)).rejects.toThrow('enough');
    expect(clock.now()).toBe(35);
  });

  test('until: what the runtime does takes its turns', async () => {
    const clock = new StepClock();
    expect(await clock.until(readFile(import.meta.filename, 'utf8'))).toContain(
      'what the runtime does takes its turns',
    );
  });

  test('until: a condition is true; then no time passes', async () => {
    const clock = new StepClock();
    let due = false;
    clock.after(3, () => (due = true));
    await clock.until(() => due);
    expect(clock.now()).toBe(3);
    await clock.until(() => due);
    expect(clock.now()).toBe(3);
  });

  test('until: not for longer than its timeout', async () => {
    const clock = new StepClock();
    const never = new Promise(() => {});
    await expect(clock.until(never, { timeout: 20 })).rejects.toThrow(TimeoutError);
    expect(clock.now()).toBe(20);
    await expect(clock.until(() => false)).rejects.toThrow('it is not true after 600000 ms of this clock');
    expect(clock.now()).toBe(600_020);
  });
});
