import { expect, test } from 'vitest';
import { StepClock } from 'mreventloop/testing';
import { Channels, type ChannelsPort } from '../../src/peer/channels.ts';
import { decode } from '../../src/wire/json-rpc.ts';
import { packedEvent, readPack } from '../../src/wire/pack.ts';

const nobody: Omit<ChannelsPort, 'send'> = {
  deliver() {},
  gap() {},
  forgotten() {},
  doubtful() {},
  forgotBefore: () => 0,
};

const OPTIONS = { window: 400, limit: 10_000, size: 1e6, history: 10, events: {} };

test('messages to a peer that is not there: all of a turn leave, however many of them are let go of at once', () => {
  const clock = new StepClock();
  const frames: string[] = [];
  const channels = new Channels('P', OPTIONS, clock, {
    send: (_topic, frame) => frames.push(frame),
    ...nobody,
  });
  channels.open();
  for (let count = 1; count <= 1_000; count += 1) channels.send('S', [count], false);
  clock.advance(0);
  const packs = frames.flatMap((frame) =>
    decode(frame).calls.flatMap((call) => {
      const event = packedEvent(call);
      return event === undefined ? [] : [readPack(event, call.args)];
    }),
  );
  const all = Array.from({ length: 1_000 }, (_, index) => index + 1);
  expect(packs.flatMap((pack) => pack?.events.map((args) => (args as number[])[0]))).toEqual(all);
  expect(packs.flatMap((pack) => pack?.gs)).toEqual(all);
});

test('messages to a peer that is not there: however many wait for a link, they leave one after the other', () => {
  const clock = new StepClock();
  const channels = new Channels('P', { ...OPTIONS, window: 1 }, clock, { ...nobody, send() {} });
  for (let count = 1; count <= 5_000; count += 1) channels.send('S', [count], false);
  expect(channels.pending).toBe(5_000);
  channels.open();
  expect(channels.pending).toBe(0);
});

test('a new channel of a peer: what is late of the one before is dropped', () => {
  const delivered: unknown[] = [];
  let forgotten = 0;
  const channels = new Channels('P', OPTIONS, new StepClock(), {
    ...nobody,
    send() {},
    deliver: (_peer, args) => delivered.push(args),
    forgotten: () => (forgotten += 1),
  });
  channels.open();
  const arrive = (count: number, n: number, args: readonly unknown[]): void =>
    channels
      .from('S', count)
      ?.arrived({ event: 'rpc.mr.@P', n, gs: [n], events: [args], after: undefined, traces: undefined });
  const head = (count: number): void =>
    channels.control('S', count, { kind: 'head', heads: [['rpc.mr.@P', 0, 1]], g: 0, window: 8 });
  head(1);
  arrive(1, 1, ['old']);
  head(2);
  expect(channels.from('S', 1)).toBeUndefined();
  arrive(1, 1, ['late']);
  arrive(2, 1, ['new']);
  channels.control('S', 1, { kind: 'bye', heads: [] });
  arrive(2, 2, ['newer']);
  expect(delivered).toEqual([['old'], ['new'], ['newer']]);
  expect(forgotten).toBe(1);
});

test('a peer does not know a channel any more: nothing more is asked or taken of it', () => {
  const clock = new StepClock();
  const delivered: unknown[] = [];
  const said: string[] = [];
  let forgotten = 0;
  const channels = new Channels('P', OPTIONS, clock, {
    ...nobody,
    send: (_topic, frame) => said.push(frame),
    deliver: (_peer, args) => delivered.push(args),
    forgotten: () => (forgotten += 1),
  });
  channels.open();
  channels.from('S', 1);
  channels.control('S', 1, { kind: 'bye', heads: [] });
  said.length = 0;
  channels.met('S');
  channels.doubt('S');
  channels.open();
  channels.control('S', 1, { kind: 'head', heads: [['rpc.mr.@P', 0, 1]], g: 0, window: 8 });
  channels
    .from('S', 1)
    ?.arrived({ event: 'rpc.mr.@P', n: 1, gs: [1], events: [[]], after: undefined, traces: undefined });
  expect([said, delivered, clock.pending, forgotten]).toEqual([[], [], 0, 1]);
});

test('a peer that was forgotten: what it says about the channel from before does not count for the new one', () => {
  const clock = new StepClock();
  const channels = new Channels('P', OPTIONS, clock, { ...nobody, send() {} });
  channels.open();
  channels.send('S', ['before'], true);
  channels.forget('S');
  channels.send('S', ['after'], true);
  // By then, the channel itself waits for nobody but the peer.
  clock.advance(100);
  channels.control('S', 1, { kind: 'ack', g: 1 });
  expect(channels.pending).toBe(1);
  channels.control('S', 2, { kind: 'ack', g: 1 });
  expect(channels.pending).toBe(0);
});

test('a peer that has forgotten this one gets nothing again that was sent before, but all that comes after', () => {
  const clock = new StepClock();
  const said: string[] = [];
  let doubts = 0;
  const channels = new Channels('P', OPTIONS, clock, {
    ...nobody,
    send: (_topic, frame) => said.push(frame),
    doubtful: () => (doubts += 1),
  });
  const complain = (n: number, forgot: number): string => {
    said.length = 0;
    channels.control('S', 1, { kind: 'nak', ranges: [['rpc.mr.@S', n, n]], forgot });
    clock.advance(50);
    return said.filter((frame) => frame.includes('"replay"')).join('');
  };
  channels.open();
  channels.send('S', ['before'], true);
  clock.advance(50);
  expect(complain(1, 0)).toContain('before');
  expect(doubts).toBe(0);
  expect(complain(1, 1)).toContain('[["rpc.mr.@S",1,1,1]]');
  expect(doubts).toBe(1);
  channels.send('S', ['after'], true);
  clock.advance(50);
  expect(complain(2, 1)).toContain('after');
  // What comes late of an earlier time changes nothing.
  expect(complain(2, 0)).toContain('after');
  expect(complain(2, 1)).toContain('after');
  expect(doubts).toBe(1);
});

test('a peer is gone before it has said who it is: what was taken of it before is not taken again', () => {
  const delivered: unknown[] = [];
  const channels = new Channels('P', OPTIONS, new StepClock(), {
    ...nobody,
    send() {},
    deliver: (_peer, args) => delivered.push(args),
  });
  const arrive = (n: number): void =>
    channels
      .from('S', 1)
      ?.arrived({ event: 'rpc.mr.@P', n, gs: [n], events: [[n]], after: undefined, traces: undefined });
  const head = (last: number): void =>
    channels.control('S', 1, { kind: 'head', heads: [['rpc.mr.@P', last, 1]], g: last, window: 8 });
  channels.open();
  head(0);
  arrive(1);
  channels.gone('S', true);
  channels.gone('S', false);
  arrive(1);
  arrive(2);
  head(2);
  expect(delivered).toEqual([[1], [2]]);
});
