// A package of a user that exports what it makes with this one, so that its declarations have to name all the types.
import {
  addEvent,
  connect,
  contract,
  emits,
  event,
  EventLoop,
  events,
  forwards,
  Peer,
  request,
  requestStream,
  slot,
  type StandardSchema,
  SyncEvent,
} from 'mreventloop';
import { toAsyncApi } from 'mreventloop/asyncapi';
import { publishDiagnostics } from 'mreventloop/diagnostics';
import { instrument } from 'mreventloop/opentelemetry';
import { Spy } from 'mreventloop/testing';

class Tasting {
  readonly events = events({ poured: event() });
}

/** Adds to what its base has. */
export class Taster extends Tasting {
  override readonly events = events({ ...new Tasting().events, tasted: event<[stars: number]>() });
}

export const tasting = emits('events', ['tasted']);

export class Producer {
  readonly events = events({ produced: event<[product: string]>() });
  readonly eventLoop = new EventLoop();
  onCount = slot(this, (count: number) => count);
  forward() {
    return forwards(this, ['onProduced']);
  }
  forwardAll() {
    return forwards(this, ['onMade'], ['produced']);
  }
}

export const producer = new Producer();
export const more = addEvent(producer.events, 'sold_out', event<[left: number]>());
export const link = connect(producer, 'produced', () => {});
export const call = producer.onCount(1);
export const first = new SyncEvent(producer.events.produced);
export const next = () => producer.events.produced.next();
export const stream = () => producer.events.produced.stream();
const text: StandardSchema<unknown, string> = {
  '~standard': { version: 1, vendor: 'shop', validate: (value) => ({ value: String(value) }) },
};
export const shop = contract({
  produced: event<[product: string]>(),
  price_of: request([text], text),
  offers: requestStream([], text),
});
export const peer = new Peer('ipc:///tmp/shop', shop, {
  subscribe: ['produced'],
  publish: ['produced'],
  request: ['price_of', 'offers'],
  serve: ['price_of'],
});
export const { bus, publish, serve, status } = peer;
export const ask = peer.request;
export const byNames = new Peer('tcp://127.0.0.1:5000', ['a'], ['b']);
export const ofMap = new Peer<{ a: [number] }, {}>('nats://127.0.0.1', ['a'], []);
export const atPort = () => new Peer(new MessageChannel().port1, ['a'], []);
export const spy = new Spy<{ onProduced: [product: string] }>(['onProduced']);
export const document = toAsyncApi(shop, { title: 'Shop', version: '1.0.0', subscribe: ['produced'] });
export const traced = () => instrument();
export const published = () => publishDiagnostics();
export const answer = () => ask.price_of('tea');
export const left = () => status.peerLeft.next();
