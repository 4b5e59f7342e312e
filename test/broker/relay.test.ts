import { describe, expect, test } from 'vitest';
import { topicOf } from '../../src/broker/relay.ts';
import { encodeNotification, requestHead } from '../../src/wire/json-rpc.ts';
import { methodTo, packMethod } from '../../src/wire/names.ts';

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
