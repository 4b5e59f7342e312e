import { expect, test } from 'vitest';
import { checkEndpoints, checkServed, endpointsOf, webSocketDoorAt } from '../../src/bus/address.ts';
import { AddressError } from '../../src/errors.ts';

test.each([
  ['tcp://127.0.0.1:5000', 'tcp://127.0.0.1'],
  ['tcp://127.0.0.1:0', 'tcp://127.0.0.1:65536'],
  ['tcp://127.0.0.1', 'tcp://127.0.0.1:5000'],
  ['ipc:///tmp/a', 'ipc://b'],
  ['ipc:///tmp/a', 'ipc:///tmp/a'],
])('%s and %s are not the endpoints of a broker', (first, second) => {
  expect(() => checkServed({ in: first, out: second })).toThrow(AddressError);
});

test('a door for WebSockets is where its address says', () => {
  expect(webSocketDoorAt('ws://[::1]')).toEqual({ host: '::1', port: 80, path: '/' });
  expect(webSocketDoorAt('ws://localhost:0/a')).toEqual({ host: 'localhost', port: 0, path: '/a' });
  expect(() => webSocketDoorAt('ws://localhost/a#b')).toThrow(AddressError);
});

test.each([
  ['ipc://@shop', 'ipc://@shop.in', 'ipc://@shop.out'],
  ['tcp://[::1]:65534', 'tcp://[::1]:65534', 'tcp://[::1]:65535'],
  ['nats://[::1]:4222/a/b/', 'nats://[::1]:4222/a/b/', 'nats://[::1]:4222/a/b/'],
])('%s stands for %s and %s', (address, first, second) => {
  expect(endpointsOf(address)).toEqual({ in: first, out: second });
  expect(() => checkEndpoints({ in: first, out: second })).not.toThrow();
});
