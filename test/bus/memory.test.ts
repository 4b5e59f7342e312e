import { expect, onTestFinished, test } from 'vitest';
import { Broker } from 'mreventloop';
import { MemoryBus } from '../../src/bus/memory.ts';
import { freeEndpoints } from '../support/addresses.ts';
import { collectGarbage } from '../loop/collect-garbage.ts';

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
