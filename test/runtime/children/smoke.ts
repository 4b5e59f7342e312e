// One program for every runtime: it uses the core in all its forms and prints what happened as one line of JSON.
// What it prints must be the same everywhere: ../smoke.ts says what.
import {
  connect,
  disconnect,
  emits,
  event,
  EventLoop,
  type Events,
  events,
  extendedValues,
  forwards,
  hasEventLoop,
  type MrEventLoopError,
  slot,
  SyncEvent,
} from 'mreventloop';
import { crossing } from './crossing.ts';

@emits('events', ['produced'])
class Producer {
  declare readonly events: Events<{ produced: [product: string] }>;
}

@hasEventLoop('eventLoop')
class Consumer {
  declare eventLoop: EventLoop;
  readonly log: string[] = [];

  @slot async onProduced(product: string): Promise<number> {
    this.log.push(`begin ${product}`);
    await Promise.resolve();
    this.log.push(`end ${product}`);
    return product.length;
  }
}

class Shop {
  readonly events = events({ sold: event<[product: string, price: number]>(), closed: event() });
  eventLoop = new EventLoop({ exitOnException: false });
  onSold = slot(this, (product: string, price: number) => `${product} for ${price}`);
  onClosed = slot(this, () => {
    throw new Error('closed already');
  });
  // Would wait for ever: the call it waits for comes after it in line.
  onReopened = slot(this, () => this.onSold('tea', 4));
}

async function decorated(): Promise<unknown> {
  const producer = new Producer();
  const consumer = new Consumer();
  connect(producer, 'produced', consumer, 'onProduced');
  producer.events.produced('before the start');
  {
    await using loop = consumer.eventLoop.start();
    producer.events.produced('tea');
    producer.events.produced(`running: ${loop.running}`);
  }
  disconnect(producer, 'produced');
  producer.events.produced('nobody hears this');
  return consumer.log;
}

async function fields(): Promise<unknown> {
  const shop = new Shop();
  let exceptions = 0;
  connect(shop.eventLoop, 'exception', () => (exceptions += 1));
  await using loop = shop.eventLoop.start();
  const sold = await shop.onSold('tea', 3);
  const failed = await shop.onClosed().catch((error: unknown) => (error as Error).message);
  const waitsForItself = await shop.onReopened().catch((error: unknown) => (error as MrEventLoopError).code);
  return { sold, failed, exceptions, waitsForItself, running: loop.running };
}

async function waiting(): Promise<unknown> {
  const shop = forwards(new Shop(), ['relay'], ['sold']);
  const both = new SyncEvent(shop.events.sold);
  const dear = shop.events.sold.next({ where: (_product, price) => price > 5 });
  const stream = shop.events.sold.stream();
  const aborted = new AbortController();
  const heard: string[] = [];
  connect(shop.events.sold, (product) => heard.push(product), { signal: aborted.signal });

  shop.events.sold('tea', 3);
  aborted.abort();
  await using loop = shop.eventLoop.start();
  shop.relay('coffee', 7);
  const late = await shop.events.closed
    .next({ timeout: 0 })
    .catch((error: unknown) => (error as MrEventLoopError).code);
  const streamed: string[] = [];
  for await (const [product] of stream) {
    streamed.push(product);
    if (product === 'coffee') break;
  }
  return { both: await both, dear: await dear, streamed, heard, late, running: loop.running };
}

function throwing(): unknown {
  const { events: emitted } = new Shop();
  const heard: string[] = [];
  connect(emitted.sold, () => {
    throw new Error('first');
  });
  connect(emitted.sold, (product) => heard.push(product));
  try {
    emitted.sold('tea', 3);
  } catch (error) {
    heard.push(`thrown: ${(error as Error).message}`);
  }
  return heard;
}

/** Values beyond JSON; bytes are written with what the runtime has for it. */
function exact(): unknown {
  const bytes = Uint8Array.from({ length: 70_000 }, (_, i) => i % 251);
  const sent = { bytes, more: new Map([[1n, new Set([new Date(0), undefined])]]) };
  const json = JSON.stringify(extendedValues.encode(sent));
  const received = extendedValues.decode(JSON.parse(json)) as typeof sent;
  const codes = ['*', 'A', 'A==='].map((text) => {
    try {
      return extendedValues.decode({ $bytes: text });
    } catch (error) {
      return (error as MrEventLoopError).code;
    }
  });
  return {
    start: json.slice(0, 24),
    end: json.slice(json.indexOf('"},"more"')),
    same: received.bytes.length === bytes.length && received.bytes.every((byte, i) => byte === bytes[i]),
    again: JSON.stringify(extendedValues.encode(received)) === json,
    codes,
  };
}

console.log(
  JSON.stringify({
    decorated: await decorated(),
    fields: await fields(),
    waiting: await waiting(),
    throwing: throwing(),
    exact: exact(),
    crossing: await crossing('inproc://shop.in', 'inproc://shop.out'),
  }),
);
