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

test('messages to a peer that is not there: all of a turn leave, however many of them are let go of at once', () => {
  const clock = new StepClock();
  const frames: string[] = [];
  const options = { window: 400, limit: 10_000, size: 1e6, history: 10, events: {} };
  const channels = new Channels('P', options, clock, {
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
  const options = { window: 1, limit: 10_000, size: 1e6, history: 10, events: {} };
  const channels = new Channels('P', options, clock, { ...nobody, send() {} });
  for (let count = 1; count <= 5_000; count += 1) channels.send('S', [count], false);
  expect(channels.pending).toBe(5_000);
  channels.open();
  expect(channels.pending).toBe(0);
});
