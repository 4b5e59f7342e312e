// Listeners that do next to nothing, but leave a trace: the sum of all that they were given tells whether every one
// of them was called, with every argument. Imported under several names (`./listeners.ts?1`), this module gives
// functions that the engine takes for different ones, as those of a real program are.

export type Listener = (...args: number[]) => void;

let sum = 0;

/** What the listeners of this copy of the module were given, added up, in 32 bits. */
export function total(): number {
  return sum;
}

/** A new listener for so many arguments. One for none counts 1. Some emitters look at how many it declares. */
export function makeListener(arity: number): Listener {
  switch (arity) {
    case 0:
      return () => void (sum = (sum + 1) | 0);
    case 1:
      return (a: number) => void (sum = (sum + a) | 0);
    case 2:
      return (a: number, b: number) => void (sum = (sum + a + b) | 0);
    case 3:
      return (a: number, b: number, c: number) => void (sum = (sum + a + b + c) | 0);
    default:
      return (a: number, b: number, c: number, d: number) => void (sum = (sum + a + b + c + d) | 0);
  }
}
