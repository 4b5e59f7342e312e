// What the original loses in one process, and this package must not.
import { connect, event, EventLoop, events, SelfAwaitError, slot, SyncEvent } from 'mreventloop';
import { expect, test } from 'vitest';

test('trap: a SyncEvent that removes itself does not hide the listener after it', async () => {
  const produced = event<[product: string]>();
  const products: string[] = [];
  const sync = new SyncEvent(produced);
  produced.addListener((product) => products.push(product));
  produced('tea');
  expect(await sync).toBe('tea');
  expect(products).toEqual(['tea']);
});

test('trap: awaiting a slot that failed rejects, and does not give nothing', async () => {
  class Kettle {
    readonly eventLoop = new EventLoop({ exitOnException: false });
    readonly onBoil = slot(this, async (): Promise<string> => {
      throw new RangeError('too hot');
    });
  }
  const kettle = new Kettle();
  await using _ = kettle.eventLoop.start();
  await expect(kettle.onBoil()).rejects.toThrow(new RangeError('too hot'));
});

test('trap: a slot that awaits a slot of its own loop gets an error, and the loop goes on', async () => {
  class Kettle {
    readonly eventLoop = new EventLoop({ exitOnException: false });
    readonly onFill = slot(this, async () => 'full');
    readonly onBoil = slot(this, async () => await this.onFill());
  }
  const kettle = new Kettle();
  await using _ = kettle.eventLoop.start();
  await expect(kettle.onBoil()).rejects.toThrow(SelfAwaitError);
  expect(await kettle.onFill()).toBe('full');
});

test('trap: connecting all events to slots named as the events works', () => {
  const producer = { events: events({ produced: event<[product: string]>(), sold: event() }) };
  const products: string[] = [];
  connect(producer, { produced: (product: string) => products.push(product) }, { slotNames: false });
  producer.events.produced('tea');
  expect(products).toEqual(['tea']);
});
