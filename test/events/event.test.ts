import { connect, event, type Link } from 'mreventloop';
import { describe, expect, test } from 'vitest';

/** An event and a log of which listener got what. */
function logged() {
  const log: string[] = [];
  const emit = event<[value: string]>('rung');
  const listener = (name: string) => (value: string) => void log.push(`${name}:${value}`);
  return { log, emit, listener };
}

function thrown(message: string) {
  return () => {
    throw new Error(message);
  };
}

describe('emitting', () => {
  test.each([1, 2])('a listener is called as no method, also where there are %i', (count) => {
    const rung = event();
    const seen: unknown[] = [];
    for (let i = 0; i < count; i += 1) {
      rung.addListener(function (this: unknown) {
        seen.push(this);
      });
    }
    rung();
    expect(seen).toEqual(Array.from({ length: count }, () => undefined));
  });

  test('emitting: calls every listener at once, in the order of connection', () => {
    const { log, emit, listener } = logged();
    for (const name of ['a', 'b', 'c']) emit.addListener(listener(name));
    emit('1');
    emit('2');
    expect(log).toEqual(['a:1', 'b:1', 'c:1', 'a:2', 'b:2', 'c:2']);
  });

  test('emitting: hands every argument on, and returns nothing', () => {
    const calls: unknown[][] = [];
    const emit = event<[string, number, { deep: true }]>();
    emit.addListener((...args) => calls.push(args));
    expect(emit('a', 1, { deep: true })).toBeUndefined();
    expect(calls).toEqual([['a', 1, { deep: true }]]);
  });

  test('emitting: works without listeners', () => {
    expect(() => event()()).not.toThrow();
  });

  test('emitting: a listener that is connected twice is called twice', () => {
    const { log, emit, listener } = logged();
    const same = listener('a');
    emit.addListener(same);
    emit.addListener(same);
    emit('1');
    expect(log).toEqual(['a:1', 'a:1']);
    expect(emit.listenerCount).toBe(2);
  });

  test('emitting: an event can be a listener of another', () => {
    const { log, emit, listener } = logged();
    const source = event<[value: string]>();
    source.addListener(emit);
    emit.addListener(listener('a'));
    source('1');
    expect(log).toEqual(['a:1']);
  });
});

describe('a snapshot', () => {
  test('snapshot: a listener that is disconnected during an emit is not called any more', () => {
    const { log, emit, listener } = logged();
    let last: Link | undefined;
    emit.addListener((value) => {
      listener('a')(value);
      last?.disconnect();
    });
    emit.addListener(listener('b'));
    last = emit.addListener(listener('c'));
    emit('1');
    expect(log).toEqual(['a:1', 'b:1']);
    expect(emit.listenerCount).toBe(2);
  });

  test('snapshot: a listener that disconnects itself does not hide the next one', () => {
    const { log, emit, listener } = logged();
    const link = emit.addListener((value) => {
      link.disconnect();
      listener('a')(value);
    });
    emit.addListener(listener('b'));
    emit('1');
    emit('2');
    expect(log).toEqual(['a:1', 'b:1', 'b:2']);
  });

  test('snapshot: a listener that disconnects an earlier one does not move the others', () => {
    const { log, emit, listener } = logged();
    const first = emit.addListener(listener('a'));
    emit.addListener((value) => {
      first.disconnect();
      listener('b')(value);
    });
    emit.addListener(listener('c'));
    emit('1');
    emit('2');
    expect(log).toEqual(['a:1', 'b:1', 'c:1', 'b:2', 'c:2']);
  });

  test('snapshot: a listener that is connected during an emit is called from the next emit on', () => {
    const { log, emit, listener } = logged();
    emit.addListener((value) => {
      listener('a')(value);
      if (value === '1') emit.addListener(listener('late'));
    });
    emit('1');
    emit('2');
    expect(log).toEqual(['a:1', 'a:2', 'late:2']);
  });

  test('snapshot: one that is disconnected and connected again during an emit waits for the next emit', () => {
    const { log, emit, listener } = logged();
    const again = listener('b');
    emit.addListener((value) => {
      listener('a')(value);
      if (value !== '1') return;
      emit.removeListener(again);
      emit.addListener(again);
    });
    emit.addListener(again);
    emit('1');
    emit('2');
    expect(log).toEqual(['a:1', 'a:2', 'b:2']);
  });

  test('snapshot: clearing during an emit ends it', () => {
    const { log, emit, listener } = logged();
    emit.addListener(() => emit.clearListeners());
    emit.addListener(listener('b'));
    emit('1');
    expect(log).toEqual([]);
    expect(emit.listenerCount).toBe(0);
  });

  test('snapshot: a nested emit is complete before the outer one goes on', () => {
    const { log, emit, listener } = logged();
    emit.addListener((value) => {
      listener('a')(value);
      if (value === '1') emit('2');
    });
    emit.addListener(listener('b'));
    emit('1');
    expect(log).toEqual(['a:1', 'a:2', 'b:2', 'b:1']);
  });

  test('snapshot: a nested emit calls what was connected during the outer one, which does not', () => {
    const { log, emit, listener } = logged();
    emit.addListener((value) => {
      if (value !== '1') return;
      emit.addListener(listener('late'));
      emit('2');
    });
    emit('1');
    expect(log).toEqual(['late:2']);
  });

  test('snapshot: disconnecting in a nested emit keeps the places of the outer one', () => {
    const { log, emit, listener } = logged();
    const first = emit.addListener(listener('a'));
    const second = emit.addListener(listener('b'));
    emit.addListener((value) => {
      if (value === '1') emit('2');
      else [first, second].forEach((link) => link.disconnect());
    });
    emit.addListener(listener('d'));
    emit('1');
    emit('3');
    expect(log).toEqual(['a:1', 'b:1', 'a:2', 'b:2', 'd:2', 'd:1', 'd:3']);
    expect(emit.listenerCount).toBe(2);
  });
});

describe('a listener that throws', () => {
  test('failures: the other listeners are called, and the emitter gets the error as it is', () => {
    const { log, emit, listener } = logged();
    const error = new RangeError('no');
    emit.addListener(listener('a'));
    emit.addListener(() => {
      throw error;
    });
    emit.addListener(listener('c'));
    expect(() => emit('1')).toThrow(error);
    expect(log).toEqual(['a:1', 'c:1']);
  });

  test('failures: several errors come together, and the message names the event', () => {
    const { log, emit, listener } = logged();
    const gone = emit.addListener(listener('gone'));
    emit.addListener(thrown('first'));
    emit.addListener(listener('b'));
    emit.addListener(listener('c'));
    emit.addListener(thrown('second'));
    gone.disconnect();
    let caught: unknown;
    try {
      emit('1');
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(AggregateError);
    expect(caught).toMatchObject({
      message: "2 listeners of event 'rung' failed",
      errors: [new Error('first'), new Error('second')],
    });
    expect(log).toEqual(['b:1', 'c:1']);
  });

  test('failures: what is thrown may be anything, also undefined', () => {
    const emit = event();
    emit.addListener(() => {
      // What a program throws is its own affair.
      // oxlint-disable-next-line no-throw-literal, typescript/only-throw-error
      throw undefined;
    });
    let threw = false;
    try {
      emit();
    } catch {
      threw = true;
    }
    expect(threw).toBe(true);
  });

  test('failures: the event works as before after a listener threw', () => {
    const { log, emit, listener } = logged();
    const failing = emit.addListener(thrown('no'));
    emit.addListener(listener('b'));
    expect(() => emit('1')).toThrow('no');
    failing.disconnect();
    emit('2');
    expect(log).toEqual(['b:1', 'b:2']);
    expect(emit.listenerCount).toBe(1);
  });

  test('failures: the rejection of an async listener is not the emitter’s', async () => {
    const emit = event();
    const rejected = Promise.reject(new Error('later'));
    emit.addListener(() => rejected);
    expect(() => emit()).not.toThrow();
    await expect(rejected).rejects.toThrow('later');
  });
});

describe('listeners', () => {
  test('removeListener: ends the oldest connection of a listener, and says whether there was one', () => {
    const { log, emit, listener } = logged();
    const same = listener('a');
    const first = emit.addListener(same);
    const second = emit.addListener(same);
    expect(emit.removeListener(same)).toBe(true);
    expect([first.connected, second.connected]).toEqual([false, true]);
    expect(emit.removeListener(same)).toBe(true);
    expect(emit.removeListener(same)).toBe(false);
    emit('1');
    expect(log).toEqual([]);
  });

  test('clearListeners: ends every connection', () => {
    const { log, emit, listener } = logged();
    const links = ['a', 'b', 'c'].map((name) => emit.addListener(listener(name)));
    emit.clearListeners();
    emit('1');
    expect(log).toEqual([]);
    expect(links.some((link) => link.connected)).toBe(false);
    expect(emit.listenerCount).toBe(0);
  });

  test('listeners: connecting and disconnecting many leaves the order and the count right', () => {
    const { log, emit, listener } = logged();
    const links = Array.from({ length: 100 }, (_, i) => emit.addListener(listener(`${i}`)));
    links.filter((_, i) => i % 10 !== 0).forEach((link) => link.disconnect());
    expect(emit.listenerCount).toBe(10);
    emit('x');
    expect(log).toEqual(Array.from({ length: 10 }, (_, i) => `${i * 10}:x`));
  });

  test('listeners: only functions can be connected', () => {
    const emit = event();
    expect(() => emit.addListener('a' as unknown as () => void)).toThrow(
      new TypeError('a listener must be a function'),
    );
  });
});

describe('an event', () => {
  test('event: has the name it was given, or none', () => {
    expect(event('rung').name).toBe('rung');
    expect(event().name).toBe('');
  });

  test('event: is a function with the methods of one', () => {
    const { log, emit, listener } = logged();
    emit.addListener(listener('a'));
    emit.bind(undefined, '1')();
    Reflect.apply(emit, undefined, ['2']);
    expect(log).toEqual(['a:1', 'a:2']);
    connect(emit, listener('b'));
    expect(emit.listenerCount).toBe(2);
  });
});
