// Emitting events: connect a function to an event, and disconnect it.

import { connect, disconnect, emits, type Events } from 'mreventloop';

@emits('events', ['produced'])
class Producer {
  declare readonly events: Events<{ produced: [product: string] }>;

  requestProduct(): void {
    this.events.produced('some product');
  }
}

const producer = new Producer();
connect(producer, 'produced', (product) => console.log(product));
producer.requestProduct();

disconnect(producer, 'produced');
producer.requestProduct();
