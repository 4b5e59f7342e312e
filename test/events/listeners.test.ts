import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { event, type Link, type ListenOptions } from 'mreventloop';

/** What a listener does when it is called, and what a program does. */
type Action =
  | { readonly do: 'connect'; readonly listener: number; readonly options: ListenOptions }
  | { readonly do: 'disconnect' | 'remove'; readonly which: number }
  | { readonly do: 'emit' | 'throw' | 'clear' };

interface Emitter {
  (): void;
  addListener(listener: () => void, options?: ListenOptions): Pick<Link, 'connected' | 'disconnect'>;
  removeListener(listener: () => void): boolean;
  clearListeners(): void;
  readonly listenerCount: number;
}

/** What an event has to do, in the plainest way there is. */
function plainEmitter(): Emitter {
  interface Entry {
    readonly listener: () => void;
    readonly once: boolean;
    connected: boolean;
    disconnect(): void;
  }
  const entries: Entry[] = [];
  const connected = (): Entry[] => entries.filter((entry) => entry.connected);
  const emit = (): void => {
    const errors: unknown[] = [];
    for (const entry of connected()) {
      if (!entry.connected) continue;
      if (entry.once) entry.connected = false;
      try {
        entry.listener();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) throw new AggregateError(errors, `${errors.length} listeners of event 'rung' failed`);
  };
  return Object.defineProperty(
    Object.assign(emit, {
      addListener(listener: () => void, { once = false, unique = false }: ListenOptions = {}) {
        const existing = unique ? connected().find((entry) => entry.listener === listener) : undefined;
        if (existing !== undefined) return existing;
        const disconnect = (): void => void (entry.connected = false);
        const entry: Entry = { listener, once, connected: true, disconnect };
        entries.push(entry);
        return entry;
      },
      removeListener(listener: () => void) {
        const found = connected().find((entry) => entry.listener === listener);
        found?.disconnect();
        return found !== undefined;
      },
      clearListeners: () => connected().forEach((entry) => entry.disconnect()),
      listenerCount: 0,
    }),
    'listenerCount',
    { get: () => connected().length },
  );
}

const LISTENERS = 4;
/** How deep emits may be within each other, and how many actions there may be in all. */
const DEEPEST = 4;
const MOST_ACTIONS = 300;

/** Runs a program, and gives all that can be seen of it. */
function run(emit: Emitter, scripts: readonly (readonly Action[])[], program: readonly Action[]): string[] {
  const seen: string[] = [];
  const links: Pick<Link, 'connected' | 'disconnect'>[] = [];
  let depth = 0;
  let actions = 0;
  const listeners = Array.from({ length: LISTENERS }, (_, i) => () => {
    seen.push(`${i} called`);
    for (const action of scripts[i] ?? []) act(action);
  });
  const act = (action: Action): void => {
    actions += 1;
    if (actions > MOST_ACTIONS) return;
    switch (action.do) {
      case 'connect':
        links.push(emit.addListener(listeners[action.listener] as () => void, action.options));
        break;
      case 'disconnect':
        links[action.which % links.length]?.disconnect();
        break;
      case 'remove':
        seen.push(`${emit.removeListener(listeners[action.which % LISTENERS] as () => void)}`);
        break;
      case 'clear':
        emit.clearListeners();
        break;
      case 'throw':
        throw new Error(`${actions}`);
      case 'emit':
        if (depth === DEEPEST) return;
        depth += 1;
        try {
          emit();
        } catch (error) {
          const inner = error instanceof AggregateError ? error.errors.map(String).join() : '';
          seen.push(`${String(error)} (${inner})`);
        }
        depth -= 1;
    }
    seen.push(`${emit.listenerCount}: ${links.map(({ connected }) => Number(connected)).join('')}`);
  };
  for (const action of program) {
    try {
      act(action);
    } catch (error) {
      seen.push(`the program threw ${String(error)}`);
    }
  }
  return seen;
}

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('connect' as const),
      listener: fc.nat(LISTENERS - 1),
      options: fc.record({ once: fc.boolean(), unique: fc.boolean() }, { requiredKeys: [] }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('disconnect' as const, 'remove' as const), which: fc.nat(20) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('emit' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('throw' as const, 'clear' as const) }) },
);

test('whatever listeners do while they are called, an event does the same as a list that is copied for each emit', () => {
  const scripts = fc.array(fc.array(action, { maxLength: 4 }), { minLength: LISTENERS, maxLength: LISTENERS });
  fc.assert(
    fc.property(scripts, fc.array(action, { minLength: 5, maxLength: 30 }), (listeners, program) => {
      expect(run(event('rung'), listeners, program)).toEqual(run(plainEmitter(), listeners, program));
    }),
    { numRuns: 2_000 },
  );
});
