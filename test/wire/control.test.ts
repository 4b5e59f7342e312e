import { describe, expect, test } from 'vitest';
import { type Control, encodeControl, encodeReplay, readControl } from '../../src/wire/control.ts';
import { decode } from '../../src/wire/json-rpc.ts';
import { TO_ALL } from '../../src/wire/names.ts';
import { encodePack, eventHead } from '../../src/wire/pack.ts';
import { encodeStreamId, readStreamId } from '../../src/wire/stream-id.ts';

/** Each kind, as it stands on the wire. */
const MESSAGES: [Exclude<Control, { kind: 'replay' }>, string][] = [
  [{ kind: 'probe', count: 3 }, '["probe","P",3]'],
  [
    { kind: 'hello', subscribes: ['a'], publishes: ['b', 'c'], answer: true, acked: 7 },
    '["hello","P",["a"],["b","c"],true,7]',
  ],
  [
    {
      kind: 'hello',
      subscribes: ['a'],
      publishes: [],
      answer: false,
      acked: 0,
      contract: { refuses: true, events: [['a'], ['b', 'zod/json:1f', '']] },
    },
    '["hello","P",["a"],[],false,0,[true,[["a"],["b","zod/json:1f",""]]]]',
  ],
  [
    {
      kind: 'hello',
      subscribes: [],
      publishes: [],
      answer: false,
      acked: 0,
      contract: { refuses: false, events: [], codec: 'extended' },
    },
    '["hello","P",[],[],false,0,[false,[],"extended"]]',
  ],
  [
    {
      kind: 'hello',
      subscribes: [],
      publishes: [],
      answer: false,
      acked: 0,
      serves: ['c'],
      ready: { since: 12, hasBroken: true },
    },
    '["hello","P",[],[],false,0,null,["c"],[12,true]]',
  ],
  [
    { kind: 'hello', subscribes: [], publishes: [], answer: false, acked: 0, ready: { since: 1, hasBroken: false } },
    '["hello","P",[],[],false,0,null,null,[1,false]]',
  ],
  [
    { kind: 'hello', subscribes: [], publishes: [], answer: false, acked: 0, durable: ['a'], silence: 6_000 },
    '["hello","P",[],[],false,0,null,null,null,["a"],6000]',
  ],
  [
    { kind: 'hello', subscribes: [], publishes: [], answer: true, acked: 0, forgot: 0 },
    '["hello","P",[],[],true,0,null,null,null,null,null,0]',
  ],
  [{ kind: 'mark', g: 3 }, '["mark","P",3]'],
  [{ kind: 'broker' }, '["broker","P"]'],
  [{ kind: 'alive' }, '["alive","P"]'],
  [{ kind: 'bye', heads: [['a', 5, 6]] }, '["bye","P",[["a",5,6]]]'],
  [{ kind: 'head', heads: [['a', 5, 6]], g: 9, window: 16 }, '["head","P",[["a",5,6]],9,16]'],
  [{ kind: 'head', heads: [['a', 5, 6]], g: 9, window: 16, hasBroken: true }, '["head","P",[["a",5,6]],9,16,true]'],
  [{ kind: 'ack', g: 9 }, '["ack","P",9]'],
  [{ kind: 'nak', ranges: [['a', 2, 4]] }, '["nak","P",[["a",2,4]]]'],
  [{ kind: 'nak', ranges: [['a', 2, 4]], forgot: 3 }, '["nak","P",[["a",2,4]],3]'],
];

describe('control: messages', () => {
  test.each(MESSAGES)('%o', (control, params) => {
    const frame = encodeControl('rpc.mr.@Q', 'P', control);
    expect(frame).toBe(`{"jsonrpc": "2.0", "method": "rpc.mr.@Q", "params": ${params}}`);
    expect(readControl(decode(frame).calls[0]?.args ?? [])).toEqual({ sender: 'P', control });
    expect(encodeControl(TO_ALL, 'P', control)).toContain('"method": "rpc.mr.all"');
  });

  test('a replay wraps packs, and leaves out what is none', () => {
    const after = new Map([['b', 1]]);
    const pack = encodePack({
      head: eventHead('a'),
      publisher: 'P',
      n: 2,
      gs: [9],
      texts: ['[{"deep":[[]]}]'],
      after,
    });
    const frame = encodeReplay('Q', 'P', [pack, '7', '["a"]'], [['a', 3, 4, 11]]);
    expect(readControl(decode(frame).calls[0]?.args ?? [])).toEqual({
      sender: 'P',
      control: {
        kind: 'replay',
        packs: [{ event: 'a', publisher: 'P', n: 2, gs: [9], events: [[{ deep: [[]] }]], after }],
        gone: [['a', 3, 4, 11]],
      },
    });
  });

  test.each([
    '[]',
    '["hello"]',
    '["hello","P"]',
    '["unheard","P"]',
    '["probe","P","1"]',
    '["probe","P",0]',
    '["hello","P",["a"],["b"],1,0]',
    '["hello","P",[1],[],true,0]',
    '["hello","P",[],[],true,-1]',
    '["bye","P",[["a",1]]]',
    '["head","P",[["a",1,2]]]',
    '["head","P",[["a",1.5,2]],0,1]',
    '["head","P",[["a",1,2]],0,0]',
    '["ack","P",null]',
    '["nak","P",{"a":[1,2]}]',
    '["nak","P",[[1,1,2]]]',
    '["replay","P",{},[]]',
    '["replay","P",[],[["a",1,2]]]',
  ])('%s is none', (params) => {
    expect(readControl(JSON.parse(params) as unknown[])).toBeUndefined();
  });
});

test.each(['[["a",1]]', '[["a",1,1,1]]', '[["a",1,-1]]', '[["a",1,"1"]]', '[[1,1,1]]', '["a"]', '{}'])(
  'control: %s are no heads',
  (heads) => {
    expect(readControl(JSON.parse(`["bye","P",${heads}]`) as unknown[])).toBeUndefined();
  },
);

describe('control: a hello with a contract that makes no sense', () => {
  test.each(['null', '3', '[]', '[1,[]]', '[true]', '[true,{}]', '[true,[[]]]', '[true,["a"]]', '[true,[["a",1]]]'])(
    '%s counts as one without',
    (note) => {
      const received = readControl(JSON.parse(`["hello","P",["a"],[],false,0,${note}]`) as unknown[]);
      expect(received?.control).toEqual({ kind: 'hello', subscribes: ['a'], publishes: [], answer: false, acked: 0 });
    },
  );
});

describe('stream ids', () => {
  test('are read as they were written', () => {
    expect(readStreamId(encodeStreamId('a-_9', 12, 3))).toEqual({ publisher: 'a-_9', g: 12, n: 3 });
  });

  test.each([
    undefined,
    null,
    7,
    '',
    'P',
    'P:1',
    ':1:1',
    'P:0:0',
    'P:1:0',
    'P:1:2',
    'P:x:1',
    'P:1.5:1',
    'P:1:1:1',
    'P:9007199254740992:1',
  ])('%j is none, as the ids of Python are none', (id) => {
    expect(readStreamId(id)).toBeUndefined();
  });
});
