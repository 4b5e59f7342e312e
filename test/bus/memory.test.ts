import { expect, onTestFinished, test } from 'vitest';
import { Broker } from 'mreventloop';
import { MemoryBus, MemoryDoor } from '../../src/bus/memory.ts';
import { freeEndpoints } from '../support/addresses.ts';
import { collectGarbage } from '../loop/collect-garbage.ts';

test('a door that was closed sends nothing to who comes to the next one', async () => {
  const endpoints = freeEndpoints('inproc');
  const nothing = { frame: () => true, unreadable() {}, refused() {} };
  const [first, second] = [new MemoryDoor(endpoints), new MemoryDoor(endpoints)];
  await first.open(nothing);
  await first.close();
  await second.open(nothing);
  onTestFinished(() => second.close());
  const bus = new MemoryBus(endpoints);
  onTestFinished(() => bus.close());
  const frames: string[] = [];
  const arrived = new Promise<void>((resolve) => {
    const frame = (text: string): void => {
      frames.push(text);
      resolve();
    };
    void bus.open({ frame, unreadable() {}, down() {}, refused() {} });
  });
  bus.subscribe({ name: 'x', prefixes: ['x'] });
  first.send('x of the first');
  second.send('x of the second');
  await arrived;
  expect(frames).toEqual(['x of the second']);
});

test('close: nobody keeps a bus that was closed, as long as the broker may be there', async () => {
  const endpoints = freeEndpoints('inproc');
  const broker = await new Broker(endpoints.in, endpoints.out).start();
  onTestFinished(() => broker.stop());
  const used = async (): Promise<WeakRef<MemoryBus>> => {
    const bus = new MemoryBus(endpoints);
    await bus.open({ frame() {}, unreadable() {}, down() {}, refused() {} });
    bus.subscribe({ name: 'x', prefixes: ['x'] });
    bus.send('x', 'x');
    await bus.close();
    return new WeakRef(bus);
  };
  const left = await used();
  await expect
    .poll(() => {
      collectGarbage();
      return left.deref() === undefined;
    })
    .toBe(true);
});
