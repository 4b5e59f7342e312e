import { getEventListeners } from 'node:events';
import { readdirSync } from 'node:fs';
import { describe, onTestFinished, test } from 'vitest';
import { Broker } from 'mreventloop';
import { type BusPlace, busSuite } from 'mreventloop/testing';
import { makeBus, makePortBus } from '../../src/bus/address.ts';
import type { Door } from '../../src/bus/bus.ts';
import { makeZeromqDoor } from '../../src/bus/zeromq.ts';
import { describeWith } from '../setup/describe-with.ts';
import { freeEndpoints, SCHEMES, type Scheme } from '../support/addresses.ts';
import { NatsServer } from '../support/nats-server.ts';
import { NatsWebSocketServer } from '../support/nats-websocket-server.ts';
import { RedisServer } from '../support/redis-server.ts';

/** A broker at a place of its own. */
async function serve(scheme: Scheme): Promise<BusPlace> {
  const endpoints = freeEndpoints(scheme);
  const broker = await new Broker(endpoints.in, endpoints.out).start();
  return {
    bus: () => makeBus(broker.endpoints),
    stop: () => broker.stop(),
    start: async () => void (await broker.start()),
    handles: () => readdirSync('/proc/self/fd').length,
  };
}

/** A relay with the sockets that a broker in Python has, and no other, at an address of a path. */
async function serveZeromqOnly(): Promise<BusPlace> {
  const endpoints = freeEndpoints('ipc');
  let door: Door | undefined;
  const start = async (): Promise<void> => {
    const opened = await makeZeromqDoor(endpoints);
    door = opened;
    await opened.open({
      frame(frame) {
        opened.send(frame);
        return true;
      },
      unreadable() {},
      refused() {},
    });
  };
  await start();
  return {
    bus: () => makeBus(endpoints),
    stop: async () => door?.close(),
    start,
    handles: () => readdirSync('/proc/self/fd').length,
  };
}

/** A broker, to which each bus has a port. */
async function servePorts(): Promise<BusPlace> {
  const broker = await new Broker({}).start();
  return {
    async bus() {
      const { port1, port2 } = new MessageChannel();
      broker.attach(port1);
      onTestFinished(() => port1.close());
      return makePortBus(port2);
    },
    stop: () => broker.stop(),
    start: async () => void (await broker.start()),
    // The broker's ends stay attached.
    handles: () => process.getActiveResourcesInfo().filter(isTimerOrPort).length - broker.ports,
  };
}

function isTimerOrPort(resource: string): boolean {
  return resource === 'Timeout' || resource === 'MessagePort';
}

/** A channel of its own, on which peers meet without anybody who serves. */
async function serveChannel(): Promise<BusPlace> {
  const name = crypto.randomUUID();
  const channels: EventTarget[] = [];
  return {
    async bus() {
      const channel = new BroadcastChannel(name);
      onTestFinished(() => channel.close());
      channels.push(channel);
      return makePortBus(channel);
    },
    stop: async () => {},
    start: async () => {},
    // The channels are the user's, and stay open.
    handles: () => channels.flatMap((channel) => getEventListeners(channel, 'message')).length,
  };
}

/** A server, which does what a broker does. */
function placeAt(server: NatsServer | NatsWebSocketServer | RedisServer): BusPlace {
  return {
    bus: () => makeBus({ in: server.address, out: server.address }),
    stop: () => server.kill(),
    start: () => server.start(),
    handles: () => readdirSync('/proc/self/fd').length,
  };
}

describe('bus over a port', () => {
  test.each(busSuite)('$name', { timeout: 60_000 }, ({ run }) => run({ serve: servePorts }));
});

describe('bus over a channel', () => {
  const checks = busSuite.filter(({ breaksLinks }) => !breaksLinks);
  test.each(checks)('$name', { timeout: 60_000 }, ({ run }) => run({ serve: serveChannel }));
});

describe.each(SCHEMES)('bus over %s', (scheme) => {
  test.each(busSuite)('$name', { timeout: 60_000 }, ({ run }) => run({ serve: () => serve(scheme) }));
});

describe('bus over ipc, where only ZeroMQ is served', () => {
  test.each(busSuite)('$name', { timeout: 60_000 }, ({ run }) => run({ serve: serveZeromqOnly }));
});

describeWith('nats', 'bus over NATS', (program) => {
  const serve = async (): Promise<BusPlace> => placeAt(await NatsServer.start(program));
  test.each(busSuite)('$name', { timeout: 60_000 }, ({ run }) => run({ serve }));
});

describeWith('nats', 'bus over NATS by WebSockets', (program) => {
  const serve = async (): Promise<BusPlace> => placeAt(await NatsWebSocketServer.start(program));
  test.each(busSuite)('$name', { timeout: 60_000 }, ({ run }) => run({ serve }));
});

describeWith('redis', 'bus over Redis', (program) => {
  const serve = async (): Promise<BusPlace> => placeAt(await RedisServer.start(program));
  test.each(busSuite)('$name', { timeout: 60_000 }, ({ run }) => run({ serve }));
});
