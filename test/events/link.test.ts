import { connect, event, events } from 'mreventloop';
import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { collectGarbage } from '../loop/collect-garbage.ts';

/** An event, how often its listener was called, and a signal. */
function counted() {
  const state = { calls: 0 };
  const abort = new AbortController();
  return { emit: event(), state, count: () => (state.calls += 1), abort, signal: abort.signal };
}

function abortListeners(signal: AbortSignal): number {
  return getEventListeners(signal, 'abort').length;
}

test('link: disconnecting ends the connection, once', () => {
  const { emit, state, count } = counted();
  const link = emit.addListener(count);
  expect(link.connected).toBe(true);
  link.disconnect();
  link.disconnect();
  emit();
  expect(state.calls).toBe(0);
  expect(link.connected).toBe(false);
  expect(emit.listenerCount).toBe(0);
});

test('link: using ends the connection at the end of the block', () => {
  const { emit, state, count } = counted();
  {
    using link = emit.addListener(count);
    emit();
    expect(link.connected).toBe(true);
  }
  emit();
  expect(state.calls).toBe(1);
});

test('link: a connection that was replaced is not ended by its old link', () => {
  const { emit, state, count } = counted();
  const old = emit.addListener(count);
  old.disconnect();
  emit.addListener(count);
  old.disconnect();
  emit();
  expect(state.calls).toBe(1);
});

test('signal: aborting ends the connection, also in the middle of an emit', () => {
  const { emit, state, count, abort, signal } = counted();
  emit.addListener(() => abort.abort());
  const link = emit.addListener(count, { signal });
  emit();
  expect(state.calls).toBe(0);
  expect(link.connected).toBe(false);
});

test('signal: an aborted one connects nothing', () => {
  const { emit, state, count } = counted();
  const link = emit.addListener(count, { signal: AbortSignal.abort() });
  expect(link.connected).toBe(false);
  expect(emit.listenerCount).toBe(0);
  emit();
  expect(state.calls).toBe(0);
  link.disconnect();
  link[Symbol.dispose]();
  expect(link.connected).toBe(false);
});

test('signal: nothing listens to it any more once the connection has ended, whatever ended it', () => {
  const { emit, count, signal } = counted();
  const links = [1, 2].map(() => emit.addListener(count, { signal }));
  emit.addListener(count, { signal, once: true });
  expect(abortListeners(signal)).toBe(3);
  emit();
  expect(abortListeners(signal)).toBe(2);
  links[0]?.disconnect();
  expect(abortListeners(signal)).toBe(1);
  emit.clearListeners();
  expect(abortListeners(signal)).toBe(0);
});

test('signal: nothing listens to it any more once it has aborted', () => {
  const { emit, count, abort, signal } = counted();
  emit.addListener(count, { signal });
  abort.abort();
  expect(abortListeners(signal)).toBe(0);
  expect(emit.listenerCount).toBe(0);
});

test('once: the listener is called once, also when it emits itself', () => {
  const { emit, state, count } = counted();
  const link = emit.addListener(
    () => {
      count();
      emit();
    },
    { once: true },
  );
  emit();
  emit();
  expect(state.calls).toBe(1);
  expect(link.connected).toBe(false);
});

test('once: a listener that was not called yet is found by removeListener', () => {
  const { emit, state, count } = counted();
  emit.addListener(count, { once: true });
  expect(emit.removeListener(count)).toBe(true);
  emit();
  expect(state.calls).toBe(0);
});

test('once: ends the connection also when the listener throws', () => {
  const { emit } = counted();
  emit.addListener(
    () => {
      throw new Error('no');
    },
    { once: true },
  );
  expect(() => emit()).toThrow('no');
  expect(() => emit()).not.toThrow();
});

test('unique: the same listener is connected once, and the link is that of the first time', () => {
  const { emit, state, count } = counted();
  const first = emit.addListener(count);
  const second = emit.addListener(count, { unique: true });
  expect(second).toBe(first);
  emit();
  expect(state.calls).toBe(1);
});

test('unique: the same slot of the same receiver is connected once', () => {
  class Counter {
    calls = 0;
    onRung(): void {
      this.calls += 1;
    }
  }
  const emitter = { events: events({ rung: event() }) };
  const [one, other] = [new Counter(), new Counter()];
  for (const receiver of [one, one, other]) connect(emitter, 'rung', receiver, { unique: true });
  emitter.events.rung();
  expect([one.calls, other.calls]).toEqual([1, 1]);
});

test('unique: a listener that was disconnected can be connected again', () => {
  const { emit, state, count } = counted();
  emit.addListener(count, { unique: true }).disconnect();
  emit.addListener(count, { unique: true });
  emit();
  expect(state.calls).toBe(1);
});

test('link: the links of several connections end together', () => {
  const emitter = { events: events({ rung: event(), struck: event() }) };
  const calls: string[] = [];
  const receiver = { onRung: () => calls.push('rung'), onStruck: () => calls.push('struck') };
  const link = connect(emitter, receiver);
  emitter.events.rung();
  emitter.events.struck();
  expect(link.connected).toBe(true);
  emitter.events.rung.clearListeners();
  expect(link.connected).toBe(true);
  link[Symbol.dispose]();
  expect(link.connected).toBe(false);
  emitter.events.struck();
  expect(calls).toEqual(['rung', 'struck']);
});

test('link: nothing of a connection that has ended is kept alive', async () => {
  const rung = event();
  const listeners = Array.from({ length: 20 }, (_, i) => {
    const listener = (): number => i;
    rung.addListener(listener, { once: true }).disconnect();
    return new WeakRef(listener);
  });
  // A reference that was just made is kept until the next turn.
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  expect(rung.listenerCount).toBe(0);
  expect(listeners.filter((listener) => listener.deref() !== undefined)).toEqual([]);
});
