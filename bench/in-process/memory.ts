/** How many bytes of the heap are in use only because of what the function makes. Needs `--expose-gc`. */
export function bytesHeldBy(make: () => unknown): number {
  const before = heapUsed();
  const made = make();
  const after = heapUsed();
  // To be in use, it has to be used later.
  if (made === undefined) throw new Error('nothing was made');
  return after - before;
}

function heapUsed(): number {
  if (globalThis.gc === undefined) throw new Error('run with --expose-gc');
  // A second time for what the first one left to be cleaned up.
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}
