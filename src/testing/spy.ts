import type { EventMap, MapOfEvents, UntypedEvents } from '../events/events.ts';

interface SpyMethods<M extends MapOfEvents<M>> {
  /** Returns the arguments of each call of a slot so far, the oldest first. */
  calls<Name extends keyof M & string>(slot: Name): M[Name][];
}

/** A receiver whose slots only remember how they were called. */
export type Spy<M extends MapOfEvents<M> = EventMap> = {
  readonly [Name in keyof M]: (...args: M[Name]) => void;
} & SpyMethods<M>;

interface SpyConstructor {
  /**
   * Makes a spy with slots by name. Their arguments are `unknown`, or those of the map that is given:
   *
   * ```ts
   * const spy = new Spy<{ onProduced: [product: string] }>(['onProduced']);
   * connect(producer, 'produced', spy, 'onProduced');
   * producer.requestProduct();
   * spy.calls('onProduced'); // [['some product']]
   * ```
   *
   * Python: `mreventloop.Spy`, which keeps the calls in `__result__`.
   */
  new <const Name extends string>(slots: readonly Name[]): Spy<UntypedEvents<Name>>;
  new <M extends MapOfEvents<M> = EventMap>(slots: readonly (keyof M & string)[]): Spy<M>;
}

export const Spy: SpyConstructor = class Spy {
  readonly #calls = new Map<string, unknown[][]>();

  constructor(slots: readonly string[]) {
    for (const name of slots) {
      if (name === 'calls') throw new TypeError("a spy cannot have a slot named 'calls'");
      const calls: unknown[][] = [];
      this.#calls.set(name, calls);
      Object.defineProperty(this, name, { value: (...args: unknown[]) => void calls.push(args), enumerable: true });
    }
  }

  calls(slot: string): unknown[][] {
    const calls = this.#calls.get(slot);
    if (calls === undefined) throw new TypeError(`this spy has no slot '${slot}'`);
    return calls.slice();
  }
} as unknown as SpyConstructor;
