import { describe, expect, test } from 'vitest';
import { AddressError, ConnectError, contract, Peer, request } from 'mreventloop';
import { z } from 'zod';
import { readArguments } from '../../src/peer/setup.ts';

const shop = contract({ produced: [z.string()], price_of: request([z.string()], z.number()) });
/** Whatever a program without types may give. */
const make = (...args: unknown[]): (() => unknown) => {
  return () => Reflect.construct(Peer, args) as unknown;
};

describe('peer: arguments that make no sense are refused with an error that names them', () => {
  test.each([[undefined], [null], [5]])('no address: %j', (none) => {
    for (const args of [
      [none, none, ['a'], ['b']],
      [none, 'ipc:///tmp/x.out', [], []],
      ['ipc:///tmp/x.in', none, [], []],
      [none, ['a'], ['b']],
      [none, shop, {}],
      [{ in: none, out: none }, shop, {}],
    ]) {
      expect(make(...args)).toThrow(AddressError);
      expect(make(...args)).toThrow(`'${none}' is no address`);
    }
  });

  test.each([[undefined], [null], ['shop']])('no contract: %j', (none) => {
    expect(() => contract(none as never)).toThrow(ConnectError);
    expect(() => contract(none as never)).toThrow('a contract must be an object');
  });

  test('no contract beside an address', () => {
    expect(make('inproc://x', undefined, {})).toThrow('a contract must be an object');
  });

  test('options for an event that is not in the list', () => {
    for (const options of [{ publish: { a: { overflow: 'latest' } } }, { subscribe: { b: { replay: 1 } } }]) {
      expect(make('inproc://x', ['a'], ['b'], options)).toThrow(ConnectError);
      expect(make('inproc://x', ['a'], ['b'], options)).toThrow(/options for event '[ab]', which is not in the list/);
      expect(make('inproc://x', ['b'], ['a'], options)).not.toThrow();
    }
  });

  test.each([[undefined], ['produced']])('no options beside a contract: %j', (none) => {
    expect(make('inproc://x', shop, none)).toThrow(TypeError);
    expect(make('inproc://x', shop, none)).toThrow('expected options beside the contract');
  });

  test.each(['subscribe', 'publish', 'request', 'serve'])('%s: a text in place of a list', (option) => {
    const name = option === 'request' || option === 'serve' ? 'price_of' : 'produced';
    expect(make('inproc://x', shop, { [option]: name })).toThrow(TypeError);
    expect(make('inproc://x', shop, { [option]: name })).toThrow('expected a list of the names');
  });

  test('texts, or nothing, in place of lists without a contract', () => {
    expect(make('inproc://a', 'inproc://b', 'x', 'y')).toThrow('expected a list of the names');
    expect(make('inproc://a', 'inproc://b')).toThrow('expected a list of the names');
    expect(make('inproc://a', 'inproc://b', ['x'])).toThrow(TypeError);
  });

  test('what is no text in a list of names', () => {
    expect(make('inproc://a', 'inproc://b', [5], [])).toThrow("'5' cannot be the name of an event");
    expect(make('inproc://x', shop, { publish: [undefined] })).toThrow("'undefined' cannot be the name of an event");
  });

  test('contractMismatch: another word than the two', () => {
    expect(make('inproc://x', shop, { contractMismatch: 'refused' })).toThrow(TypeError);
    expect(make('inproc://x', shop, { contractMismatch: 'refused' })).toThrow("must be 'warn' or 'refuse'");
  });
});

test.each([
  [{ limit: 100 }, 100],
  [{ limit: 100, window: 10 }, 10],
])('no more is under way than is kept at all, so that whoever awaits never meets the limit: %j', (options, window) => {
  expect(readArguments(['inproc://x', [], ['sold'], options]).session.outbox.window).toBe(window);
});
