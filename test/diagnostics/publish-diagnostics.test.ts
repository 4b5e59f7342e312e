import { AsyncLocalStorage } from 'node:async_hooks';
import { channel, subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { EventLoop, Peer, RemoteError, slot, StateError } from 'mreventloop';
import { type EventMessage, publishDiagnostics, type RequestMessage, type SlotMessage } from 'mreventloop/diagnostics';
import { pair, shop, started } from '../peer/shop.ts';
import { startBroker } from '../support/addresses.ts';

type Message = SlotMessage | EventMessage | RequestMessage;

/** Publishes until the test has ended, and gives what is said on the channels: the stage, and what it is about. */
function follow(...names: string[]) {
  const said: string[] = [];
  const messages: Message[] = [];
  const end = publishDiagnostics();
  onTestFinished(end);
  const stages = ['start', 'end', 'asyncEnd', 'error'].map((stage) => [stage, `tracing:`, `:${stage}`] as const);
  for (const name of names) {
    for (const [stage, before, after] of [['queued', '', ':queued'] as const, ...stages]) {
      const listener = (message: unknown): void => {
        const about = message as Record<string, unknown>;
        messages.push(message as Message);
        said.push(`${stage} ${String(about['slot'] ?? about['event'] ?? about['request'])}`);
      };
      subscribe(`${before}${name}${after}`, listener);
      onTestFinished(() => void unsubscribe(`${before}${name}${after}`, listener));
    }
  }
  return { end, said, messages };
}

class Shop {
  readonly eventLoop = new EventLoop({ exitOnException: false, limit: 2, overflow: 'drop-newest' });
  readonly onSync = slot(this, () => {});
  readonly onAsync = slot(this, async () => {
    await setImmediate();
  });
  readonly onBad = slot(this, () => {
    throw new RangeError('bad');
  });
}

describe('diagnostics: slots', () => {
  test('from the call to the end', async () => {
    const { said, messages } = follow('mreventloop:slot');
    const { eventLoop, onSync, onAsync } = new Shop();
    void onSync();
    void onAsync();
    eventLoop.start();
    await eventLoop.stop();
    const stages = (name: string): string[] =>
      said.filter((line) => line.endsWith(name)).map((line) => line.split(' ')[0] ?? '');
    expect(stages('onSync')).toEqual(['queued', 'start', 'end', 'asyncEnd']);
    expect(stages('onAsync')).toEqual(['queued', 'start', 'end', 'asyncEnd']);
    expect(said.indexOf('asyncEnd Shop.onSync')).toBeLessThan(said.indexOf('start Shop.onAsync'));
    // One message for a call, from its making to its end.
    const [first, second] = new Set(messages) as unknown as SlotMessage[];
    expect(new Set(messages).size).toBe(2);
    expect(first?.started).toBeGreaterThanOrEqual(first?.queued ?? Infinity);
    expect(second?.error).toBeUndefined();
  });

  test('that fail, or are dropped', async () => {
    const { said, messages } = follow('mreventloop:slot');
    const { eventLoop, onBad, onSync } = new Shop();
    void onBad();
    void onSync();
    await expect(onSync()).rejects.toThrow('dropped');
    expect(said).toEqual([
      'queued Shop.onBad',
      'queued Shop.onSync',
      'queued Shop.onSync',
      'error Shop.onSync',
      'asyncEnd Shop.onSync',
    ]);
    eventLoop.start();
    await eventLoop.stop();
    const ofBad = messages.find((message) => 'slot' in message && message.slot === 'Shop.onBad');
    expect(said.filter((line) => line.endsWith('onBad')).at(-2)).toBe('error Shop.onBad');
    expect(ofBad?.error).toBeInstanceOf(RangeError);
  });

  test('a store that is bound to the start is there in the slot, across awaits', async () => {
    follow('mreventloop:slot');
    const storage = new AsyncLocalStorage<string>();
    const { start } = tracingChannel<string, SlotMessage>('mreventloop:slot');
    start.bindStore(storage, (message) => message.slot);
    onTestFinished(() => void start.unbindStore(storage));
    const loop = new EventLoop().start();
    const seen = await loop.enqueue(async function named() {
      await setImmediate();
      return storage.getStore();
    });
    await loop.stop();
    expect(seen).toBe('named');
  });

  test('nothing is said before, and after the end', async () => {
    const { end, said } = follow('mreventloop:slot');
    end();
    const loop = new EventLoop().start();
    await loop.enqueue(() => {});
    await loop.stop();
    expect(said).toEqual([]);
    expect(channel('mreventloop:slot:queued').hasSubscribers).toBe(true);
  });

  test('is not begun twice', () => {
    follow();
    expect(() => publishDiagnostics()).toThrow(StateError);
  });

  test('is ended by whoever began it: what ended another before does nothing more', () => {
    const { end } = follow();
    end();
    follow();
    end();
    expect(() => publishDiagnostics()).toThrow(StateError);
  });
});

describe('diagnostics: peers', () => {
  test('events that leave and come, with the trace that a subscriber puts in', async () => {
    const { said } = follow('mreventloop:publish', 'mreventloop:receive');
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const inject = (message: unknown): void => void ((message as EventMessage).traceparent = traceparent);
    subscribe('tracing:mreventloop:publish:start', inject);
    onTestFinished(() => void unsubscribe('tracing:mreventloop:publish:start', inject));
    const received: (string | undefined)[] = [];
    const look = (message: unknown): void => void received.push((message as EventMessage).traceparent);
    subscribe('tracing:mreventloop:receive:start', look);
    onTestFinished(() => void unsubscribe('tracing:mreventloop:receive:start', look));
    const { endpoints } = await startBroker('ipc');
    const peer = await started(new Peer(endpoints, shop, { publish: ['produced'], subscribe: ['produced'] }));
    const arrived = peer.events.produced.next();
    await peer.publish.produced('tea');
    await arrived;
    expect(said).toEqual(['start produced', 'end produced', 'start produced', 'end produced']);
    expect(received).toEqual([traceparent]);
  });

  test('requests, with the trace that a subscriber puts in', async () => {
    follow('mreventloop:request', 'mreventloop:serve');
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const inject = (message: unknown): void => void ((message as RequestMessage).traceparent = traceparent);
    subscribe('tracing:mreventloop:request:start', inject);
    onTestFinished(() => void unsubscribe('tracing:mreventloop:request:start', inject));
    const received: (string | undefined)[] = [];
    const look = (message: unknown): void => void received.push((message as RequestMessage).traceparent);
    subscribe('tracing:mreventloop:serve:start', look);
    onTestFinished(() => void unsubscribe('tracing:mreventloop:serve:start', look));
    const { seller, buyer } = await pair();
    seller.serve.price_of(() => 3);
    expect(await buyer.request.price_of('tea')).toBe(3);
    expect(received).toEqual([traceparent]);
  });

  test('requests, where they are asked and where they are answered', async () => {
    const { said, messages } = follow('mreventloop:request', 'mreventloop:serve');
    const { seller, buyer } = await pair();
    seller.serve.price_of((product) => {
      if (product === 'bad') throw new RangeError('bad');
      return 3;
    });
    expect(await buyer.request.price_of('tea')).toBe(3);
    await expect(buyer.request.price_of('bad')).rejects.toThrow(RemoteError);
    expect(said.filter((line) => line === 'start price_of')).toHaveLength(4);
    expect(said.filter((line) => line === 'asyncEnd price_of')).toHaveLength(4);
    expect(said.filter((line) => line === 'error price_of')).toHaveLength(2);
    const errors = new Set(messages.map(({ error }) => error).filter((error) => error !== undefined));
    expect([...errors].map((error) => (error as Error).name).toSorted()).toEqual(['RangeError', 'RemoteError']);
  });
});
