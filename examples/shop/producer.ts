import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { connect, event, EventLoop, events, Peer, slot } from 'mreventloop';

const [inAddress = '', outAddress = '', input = ''] = process.argv.slice(2);

/** Makes a product of each line, one a request, until there are no lines left. */
class Producer {
  readonly events = events({
    produced: event<[product: string, number: number]>(),
    sold_out: event<[made: number]>(),
  });
  eventLoop = new EventLoop();
  received = 0;
  made = 0;

  readonly #lines: AsyncIterator<string>;

  constructor(lines: AsyncIterable<string>) {
    this.#lines = lines[Symbol.asyncIterator]();
  }

  onRequestProduct = slot(this, async () => {
    this.received += 1;
    const line = await this.#lines.next();
    if (line.done === true) {
      this.events.sold_out(this.made);
      return;
    }
    this.made += 1;
    this.events.produced(line.value, this.made);
  });
}

const peer = new Peer<
  { request_product: []; goodbye: [] },
  { produced: [product: string, number: number]; sold_out: [made: number] }
>(inAddress, outAddress, ['request_product', 'goodbye'], ['produced', 'sold_out']);
const producer = new Producer(createInterface({ input: input === '-' ? process.stdin : createReadStream(input) }));
let sent = 0;
connect(producer, 'produced', () => (sent += 1));
connect(producer, 'sold_out', () => (sent += 1));
connect(producer, ['produced', 'sold_out'], peer.publish, ['produced', 'sold_out']);
connect(peer, 'request_product', producer, 'onRequestProduct');

{
  await using _peer = await peer.start();
  await using _loop = producer.eventLoop.start();
  console.log(`ready, making products from ${input === '-' ? 'standard input' : input}`);
  await peer.events.goodbye.next();
}
console.log(`made ${producer.made} products, answered ${producer.received} requests`);
console.log(`report ${JSON.stringify({ sent, received: producer.received + 1 })}`);
process.stdin.destroy();
