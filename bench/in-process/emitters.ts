import type mittFunction from 'mitt';
import type { Listener } from './listeners.ts';

/** An emitter with one event, written as its users would write it. */
export interface Emitter {
  /** @returns what disconnects it again */
  connect(listener: Listener): () => void;
  /** Connects. @returns what has to be kept for disconnecting, besides the listener */
  keep(listener: Listener): unknown;
  /** Emits with no argument, one, two and so on; those that it cannot pass on are missing. */
  readonly emit: readonly ((a: number, b: number, c: number, d: number) => unknown)[];
}

/** What this package is measured beside. Each is loaded when it is asked for: a process has only the one it measures. */
export const emitters = {
  async mreventloop() {
    const { connect, event } = await import('mreventloop');
    return (): Emitter => {
      const tick = event<number[]>('tick');
      return {
        connect(listener) {
          const link = connect(tick, listener);
          return () => link.disconnect();
        },
        keep: (listener) => connect(tick, listener),
        emit: [
          () => tick(),
          (a) => tick(a),
          (a, b) => tick(a, b),
          (a, b, c) => tick(a, b, c),
          (a, b, c, d) => tick(a, b, c, d),
        ],
      };
    };
  },

  /** The fastest that generates no code. */
  async nanoevents() {
    const { createNanoEvents } = await import('nanoevents');
    return (): Emitter => {
      const emitter = createNanoEvents<{ tick: Listener }>();
      const connect = (listener: Listener) => emitter.on('tick', listener);
      return { connect, keep: connect, emit: emitsByName(emitter) };
    };
  },

  /** Generates code for each event, with `eval`. */
  async tseep() {
    const { EventEmitter } = await import('tseep');
    return (): Emitter => fromNodeStyle(new EventEmitter<{ tick: Listener }>());
  },

  async eventemitter3() {
    const { EventEmitter } = await import('eventemitter3');
    return (): Emitter => fromNodeStyle(new EventEmitter<{ tick: Listener }>());
  },

  async node() {
    const { EventEmitter } = await import('node:events');
    return (): Emitter => fromNodeStyle(new EventEmitter<{ tick: number[] }>().setMaxListeners(0));
  },

  /** Passes on one argument at most. */
  async mitt() {
    // Its types describe the CommonJS module.
    const { default: mitt } = (await import('mitt')) as unknown as typeof mittFunction;
    return (): Emitter => {
      const emitter = mitt<{ tick: number }>();
      return {
        connect(listener) {
          emitter.on('tick', listener);
          return () => emitter.off('tick', listener);
        },
        keep: (listener) => emitter.on('tick', listener),
        emit: [() => emitter.emit('tick', 0), (a) => emitter.emit('tick', a)],
      };
    };
  },

  /** Passes on one argument at most. */
  async rxjs() {
    const { Subject } = await import('rxjs');
    return (): Emitter => {
      const subject = new Subject<number>();
      return {
        connect(listener) {
          const subscription = subject.subscribe(listener);
          return () => subscription.unsubscribe();
        },
        keep: (listener) => subject.subscribe(listener),
        emit: [() => subject.next(0), (a) => subject.next(a)],
      };
    };
  },

  /** Calls every listener in a later microtask, and is awaited. Passes on one argument at most. */
  async emittery() {
    const { default: Emittery } = await import('emittery');
    return (): Emitter => {
      const emitter = new Emittery<{ tick: number }>();
      const connect = (listener: Listener) => emitter.on('tick', ({ data }) => listener(data));
      return { connect, keep: connect, emit: [() => emitter.emit('tick', 0), (a) => emitter.emit('tick', a)] };
    };
  },

  /** The floor: functions in a list, called one after the other. */
  async functions() {
    return (): Emitter => {
      const listeners: Listener[] = [];
      const connect = (listener: Listener): (() => void) => {
        listeners.push(listener);
        return () => void listeners.splice(listeners.indexOf(listener), 1);
      };
      return {
        connect,
        keep: (listener) => listeners.push(listener),
        emit: [
          () => {
            for (const listener of listeners) listener();
          },
          (a) => {
            for (const listener of listeners) listener(a);
          },
          (a, b) => {
            for (const listener of listeners) listener(a, b);
          },
          (a, b, c) => {
            for (const listener of listeners) listener(a, b, c);
          },
          (a, b, c, d) => {
            for (const listener of listeners) listener(a, b, c, d);
          },
        ],
      };
    };
  },
};

export type EmitterName = keyof typeof emitters;

interface EmitsByName {
  emit(name: 'tick', ...args: number[]): unknown;
}

interface NodeStyle extends EmitsByName {
  on(name: 'tick', listener: Listener): unknown;
  off(name: 'tick', listener: Listener): unknown;
}

function emitsByName(emitter: EmitsByName): Emitter['emit'] {
  return [
    () => emitter.emit('tick'),
    (a) => emitter.emit('tick', a),
    (a, b) => emitter.emit('tick', a, b),
    (a, b, c) => emitter.emit('tick', a, b, c),
    (a, b, c, d) => emitter.emit('tick', a, b, c, d),
  ];
}

function fromNodeStyle(emitter: NodeStyle): Emitter {
  return {
    connect(listener) {
      emitter.on('tick', listener);
      return () => void emitter.off('tick', listener);
    },
    keep(listener) {
      // They return the emitter itself: nothing to keep.
      emitter.on('tick', listener);
      return undefined;
    },
    emit: emitsByName(emitter),
  };
}
