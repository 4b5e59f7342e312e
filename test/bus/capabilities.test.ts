import { expect, test } from 'vitest';
import { Peer } from 'mreventloop';
import { makeBus } from '../../src/bus/address.ts';

test.each([
  ['inproc://a', ['browser']],
  ['ipc:///a', ['python']],
  ['tcp://a:1', ['python']],
  ['ws://a', ['browser']],
  ['wss://a', ['browser']],
  ['ws+unix:///a', []],
  ['nats://a', ['durable']],
  ['nats+ws://a', ['browser']],
  ['nats+wss://a', ['browser']],
  ['redis://a', []],
  ['rediss://a', []],
] as const)('bus: what can be done at %s', (address, able: readonly string[]) => {
  const { scheme, ...can } = new Peer({ in: address, out: otherWay(address) }, {}, {}).bus;
  expect(scheme).toBe(address.split(':')[0]);
  expect(Object.entries(can).flatMap(([what, is]) => (is ? [what] : []))).toEqual(able);
});

function otherWay(address: string): string {
  if (/^(inproc|ipc)/.test(address)) return `${address}2`;
  return address.replace('tcp://a:1', 'tcp://a:2');
}

test('bus: what can be done at a port, and on a bus of one’s own', () => {
  const { port1, port2 } = new MessageChannel();
  expect(new Peer(port1, [], []).bus).toMatchObject({ scheme: 'port', browser: true, durable: false });
  port1.close();
  port2.close();
  const options = { bus: () => makeBus({ in: 'inproc://a', out: 'inproc://b' }) };
  expect(new Peer('ipc:///a', 'ipc:///b', [], [], options).bus).toMatchObject({ scheme: 'other', durable: true });
});
