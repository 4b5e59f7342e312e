import { describe, expect, test } from 'vitest';
import { FaultyNetwork, type Faults, StepClock } from 'mreventloop/testing';

const TOPIC = { name: 'x', prefixes: ['x'] };

function connectTwo(faults: Faults, seed = 7) {
  const clock = new StepClock();
  const network = new FaultyNetwork({ clock, seed, ...faults });
  const [sender, receiver] = [network.bus(), network.bus()];
  const received: string[] = [];
  let downs = 0;
  void sender.open({ frame() {}, unreadable() {}, refused() {}, down() {} });
  void receiver.open({ frame: (text) => received.push(text), unreadable() {}, refused() {}, down: () => (downs += 1) });
  receiver.subscribe(TOPIC);
  const send = (count: number): void => {
    for (let i = 0; i < count; i += 1) sender.send('x', `x${i}`);
  };
  return { clock, network, sender, receiver, received, send, downs: () => downs };
}

/** What arrives of a thousand frames. */
function receiveThousand(seed: number): string[] {
  const { clock, received, send } = connectTwo({ loss: 0.2, duplication: 0.2 }, seed);
  send(1_000);
  clock.advance(1);
  return received;
}

describe('faulty network', () => {
  test('without faults: brings frames to who subscribed, in order, when time passes', () => {
    const { clock, sender, received, send } = connectTwo({});
    send(3);
    sender.send('y', 'y0');
    expect(received).toEqual([]);
    clock.advance(0);
    expect(received).toEqual(['x0', 'x1', 'x2']);
  });

  test('nothing leaves a bus that is cut off or closed, nor passes a broker that is down', async () => {
    const { clock, network, sender, receiver, received, send } = connectTwo({});
    sender.partition();
    send(1);
    network.crash();
    for (const bus of [sender, receiver]) bus.mend();
    expect(sender.isConnected).toBe(false);
    send(1);
    network.restart();
    await sender.close();
    send(1);
    clock.advance(1);
    expect(received).toEqual([]);
  });

  test('loses and doubles its share, the same for the same seed', () => {
    const received = receiveThousand(7);
    expect(receiveThousand(7)).toEqual(received);
    expect(receiveThousand(8)).not.toEqual(received);
    const different = new Set(received).size;
    expect(different).toBeGreaterThan(750);
    expect(different).toBeLessThan(900);
    expect(received.length).toBeGreaterThan(different + 50);
  });

  test('delays, and lets frames overtake each other', () => {
    const { clock, received, send } = connectTwo({ delay: 5, jitter: 10 });
    send(20);
    clock.advance(4);
    expect(received).toEqual([]);
    clock.advance(20);
    expect(received).toHaveLength(20);
    expect(received).not.toEqual(received.toSorted((a, b) => Number(a.slice(1)) - Number(b.slice(1))));
  });

  test('crash: what is under way is lost, and the buses are told', () => {
    const { clock, network, received, send, downs } = connectTwo({ delay: 5 });
    send(1);
    network.crash();
    network.restart();
    clock.advance(10);
    expect(received).toEqual([]);
    expect(downs()).toBe(1);
    send(1);
    clock.advance(10);
    expect(received).toEqual(['x0']);
  });

  test('crash: nothing waits behind what was lost', () => {
    const { clock, network, received, send } = connectTwo({ delay: 5 });
    send(1);
    network.crash();
    network.restart();
    network.faults.delay = 1;
    send(1);
    clock.advance(1);
    expect(received).toEqual(['x0']);
  });

  test('partition: nothing passes and nobody is told; break: the bus is told; mend ends both', () => {
    const { clock, receiver, received, send, downs } = connectTwo({});
    receiver.partition();
    send(1);
    clock.advance(1);
    expect([received.length, downs()]).toEqual([0, 0]);
    receiver.break();
    expect([receiver.isConnected, downs()]).toEqual([false, 1]);
    receiver.mend();
    send(1);
    clock.advance(1);
    expect(received).toEqual(['x0']);
  });

  test('crash: a bus that was closed meanwhile works again when it is opened', async () => {
    const { clock, network, sender, receiver, received, send } = connectTwo({});
    network.crash();
    await Promise.all([sender.close(), receiver.close()]);
    network.restart();
    void sender.open({ frame() {}, unreadable() {}, refused() {}, down() {} });
    void receiver.open({ frame: (text) => received.push(text), unreadable() {}, refused() {}, down() {} });
    receiver.subscribe(TOPIC);
    send(1);
    clock.advance(1);
    expect(received).toEqual(['x0']);
  });

  test('close: a bus that is opened again has no subscriptions of before', async () => {
    const { clock, receiver, received, send } = connectTwo({});
    await receiver.close();
    void receiver.open({ frame: (text) => received.push(text), unreadable() {}, refused() {}, down() {} });
    send(1);
    clock.advance(1);
    expect(received).toEqual([]);
    receiver.subscribe(TOPIC);
    send(1);
    clock.advance(1);
    expect(received).toEqual(['x0']);
  });

  test('close: what is under way does not arrive when the bus is opened again, and nothing waits behind it', async () => {
    const { clock, network, receiver, received, send } = connectTwo({ delay: 5 });
    send(1);
    await receiver.close();
    void receiver.open({ frame: (text) => received.push(text), unreadable() {}, refused() {}, down() {} });
    receiver.subscribe(TOPIC);
    network.faults.delay = 1;
    send(2);
    clock.advance(1);
    expect(received).toEqual(['x0', 'x1']);
    clock.advance(10);
    expect(received).toEqual(['x0', 'x1']);
  });
});
