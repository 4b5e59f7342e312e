import { connect, event, EventLoop, events, Peer, slot } from 'mreventloop';

const [inAddress = '', outAddress = ''] = process.argv.slice(2);

/** How many requests are on their way at a time. */
const AHEAD = 16;
/** How many products are shown before only their number is. */
const SHOWN = 3;

/** Asks for products until they are sold out. */
class Consumer {
  readonly events = events({ request_product: event<[]>(), satisfied: event<[]>() });
  eventLoop = new EventLoop();
  requested = 0;
  received = 0;
  unanswered = 0;

  begin(): void {
    for (let i = 0; i < AHEAD; i += 1) this.request();
  }

  request(): void {
    this.requested += 1;
    this.unanswered += 1;
    this.events.request_product();
  }

  onProduced = slot(this, (product: string, number: number) => {
    this.received += 1;
    this.unanswered -= 1;
    if (number <= SHOWN) console.log(`received product ${number}: ${product}`);
    else if (number % 1000 === 0) console.log(`received ${number} products`);
    this.request();
  });

  onSoldOut = slot(this, (made: number) => {
    this.received += 1;
    this.unanswered -= 1;
    if (this.unanswered > 0) return;
    console.log(`sold out after ${made} products`);
    this.events.satisfied();
  });
}

const peer = new Peer<
  { produced: [product: string, number: number]; sold_out: [made: number] },
  { request_product: []; goodbye: [] }
>(inAddress, outAddress, ['produced', 'sold_out'], ['request_product', 'goodbye']);
const consumer = new Consumer();
connect(consumer, 'request_product', peer.publish, 'request_product');
connect(peer, consumer);

{
  await using _peer = await peer.start();
  await using _loop = consumer.eventLoop.start();
  console.log('ready, asking for products');
  const satisfied = consumer.events.satisfied.next();
  consumer.begin();
  await satisfied;
  await peer.publish.goodbye();
}
console.log(`asked for ${consumer.requested} products, received ${consumer.received} answers`);
console.log(`report ${JSON.stringify({ sent: consumer.requested + 1, received: consumer.received })}`);
