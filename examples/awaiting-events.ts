// Awaiting events: a SyncEvent listens from its creation and can be awaited later.

import { emits, type Events, SyncEvent } from 'mreventloop';

@emits('events', ['produced'])
class Producer {
  declare readonly events: Events<{ produced: [product: string] }>;

  requestProduct(): void {
    this.events.produced('some product');
  }
}

const producer = new Producer();
const syncEvent = new SyncEvent(producer.events.produced);
queueMicrotask(() => producer.requestProduct());
const result = await syncEvent;
console.log(result);
