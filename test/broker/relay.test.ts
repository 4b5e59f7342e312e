import { describe, expect, test } from 'vitest';
import { answerTo, topicOf } from '../../src/broker/relay.ts';
import { encodeNotification, requestHead } from '../../src/wire/json-rpc.ts';
import { methodTo, packMethod, TO_BROKER } from '../../src/wire/names.ts';

describe('relay: the topic of a frame', () => {
  const names = ['x', 'x.y', 'é', '\u{1f375}', '"', '\\', '\\"', 'a"b\\', '', '\ud83c'];
  test.each<readonly [frame: string, topic: string | undefined]>([
    ...names.map((name) => [encodeNotification(name, [1]), name] as const),
    ...names.map((name) => [`[${encodeNotification(name, [])}]`, name] as const),
    ...names.map((name) => [`${requestHead(packMethod(name))}, "params": []}`, name] as const),
    [encodeNotification(methodTo('abc'), ['probe', 'abc', 1]), methodTo('abc')],
    ['{"method": "x", "jsonrpc": "2.0"}', undefined],
    [' [{"jsonrpc": "2.0", "method": "x"}]', undefined],
    ['{"jsonrpc": "2.0", "method": "x', undefined],
    ['{"jsonrpc": "2.0", "method": "x\\', undefined],
    ['{"jsonrpc": "2.0", "method": "\\x"}', undefined],
  ])('%s', (frame, topic) => {
    expect(topicOf(frame)).toBe(topic);
    expect(topicOf(new TextEncoder().encode(frame))).toBe(topic);
  });
});

function ask(kind: string, ...params: readonly unknown[]): string {
  return encodeNotification(TO_BROKER, [kind, 'abc', ...params]);
}

test('relay: only the question that brokers answer is answered', () => {
  expect(answerTo(ask('broker'))).toBe(encodeNotification(methodTo('abc'), ['broker', '']));
  expect(answerTo(ask('probe', 1))).toBeUndefined();
  expect(answerTo(ask('nonsense'))).toBeUndefined();
  expect(answerTo(`${requestHead(TO_BROKER)}, "params": [`)).toBeUndefined();
});
