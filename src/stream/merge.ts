/** Something that has numbered things, in order. */
interface Source {
  /** The number of the next one. */
  readonly g: number;
}

/**
 * Takes everything from sources, each time from the one whose next number is lowest.
 * @param take - takes the next thing from a source, and returns whether the source has more
 */
export function takeInOrder<S extends Source>(sources: readonly S[], take: (source: S) => boolean): void {
  // A heap, as which a sorted list can begin: at 2i + 1 and 2i + 2, there is none with a lower number than at i.
  const heap = sources.toSorted((one, other) => one.g - other.g);
  for (let first = heap[0]; first !== undefined; first = heap[0]) {
    if (!take(first)) {
      const last = heap.pop() as S;
      if (heap.length > 0) heap[0] = last;
    }
    sinkFirst(heap);
  }
}

/** Makes a heap of what is one except for the first place. */
function sinkFirst(heap: Source[]): void {
  const { length } = heap;
  if (length < 2) return;
  const first = heap[0] as Source;
  let place = 0;
  for (let child = 1; child < length; child = 2 * place + 1) {
    if (child + 1 < length && (heap[child + 1] as Source).g < (heap[child] as Source).g) child += 1;
    if ((heap[child] as Source).g >= first.g) break;
    heap[place] = heap[child] as Source;
    place = child;
  }
  heap[place] = first;
}
