import { describe, expect, test } from 'vitest';
import { readDirect } from '../../src/wire/direct.ts';
import { readChannelName } from '../../src/wire/names.ts';

describe('messages from one peer to another: what makes no sense', () => {
  test.each([
    '[]',
    '["call"]',
    '["call",0,"a"]',
    '["call",1,7]',
    '["stream",1,"a"]',
    '["stream",1,"a",0]',
    '["stream",1,"a","2"]',
    '["more",1]',
    '["more",1,0]',
    '["more",1,"2"]',
    '["error",1,"Error"]',
    '["error",1,"Error",7]',
    '["end","1"]',
    '["shout",1]',
  ])('%s is none', (parameters) => {
    expect(readDirect(JSON.parse(parameters) as unknown[])).toBeUndefined();
  });
});

test('the name of a channel has a count that is a number as it is written', () => {
  expect(readChannelName('P~1')).toEqual({ peer: 'P', count: 1 });
  expect(readChannelName(`P~${'9'.repeat(15)}`)).toEqual({ peer: 'P', count: 999_999_999_999_999 });
  for (const name of ['P', 'P~', '~1', 'P~0', 'P~01', 'P~1~2', `P~${'9'.repeat(16)}`]) {
    expect(readChannelName(name)).toBeUndefined();
  }
});
