import type { After, EventBatch, EventHead } from '../wire/pack.ts';

/** Events of one name that follow each other and go out together. */
export class Batch implements EventBatch {
  readonly head: EventHead;
  readonly publisher: string;
  readonly n: number;
  readonly gs: number[] = [];
  readonly texts: string[] = [];
  readonly afters: (After | undefined)[] = [];
  traces: (string | undefined)[] | undefined;
  /** How long the texts are together. */
  characters = 0;

  /** @param n - the number of its first event */
  constructor(head: EventHead, publisher: string, n: number) {
    this.head = head;
    this.publisher = publisher;
    this.n = n;
  }

  /** The number of the event that may come next. */
  get next(): number {
    return this.n + this.gs.length;
  }

  add(g: number, text: string, after: After | undefined, trace: string | undefined): void {
    if (trace !== undefined) (this.traces ??= [])[this.gs.length] = trace;
    this.gs.push(g);
    this.texts.push(text);
    this.afters.push(after);
    this.characters += text.length;
  }
}
