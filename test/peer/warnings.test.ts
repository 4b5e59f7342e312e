import { expect, onTestFinished, test, vi } from 'vitest';
import { connect, Peer } from 'mreventloop';
import { Outlets } from '../../src/peer/outlets.ts';
import { readArguments } from '../../src/peer/setup.ts';
import { settled } from '../loop/uncaught.ts';

/** What the process is warned of, for the rest of the test. */
function warnings(): string[] {
  const seen: string[] = [];
  const note = ({ name, message }: Error): void => void seen.push(`${name}: ${message}`);
  process.on('warning', note);
  onTestFinished(() => void process.off('warning', note));
  return seen;
}

const GAP = { peer: 'P', event: 'x', count: 1 };
const UNHEARD = (name: string): string =>
  `a peer emitted '${name}', and nobody listens to that: connect(peer.status, '${name}', …) tells more`;

function makeOutlets(): Outlets {
  return new Outlets(readArguments(['inproc://a', ['x'], []]));
}

test('a loss that nobody listens to: the process is warned, once of each kind', async () => {
  const seen = warnings();
  const outlets = makeOutlets();
  for (const count of [1, 2]) outlets.lost('gap', { ...GAP, count });
  outlets.unread({ reason: 'utf-8' });
  await settled();
  expect(seen).toEqual(['gap', 'invalid'].map((name) => `MrEventLoopWarning: ${UNHEARD(name)}`));
});

test('a loss that somebody listens to, if only for once: no warning', async () => {
  const seen = warnings();
  const outlets = makeOutlets();
  const told: unknown[] = [];
  connect(outlets.status, 'gap', (gap) => told.push(gap), { once: true });
  outlets.lost('gap', GAP);
  await settled();
  expect(told).toEqual([GAP]);
  expect(seen).toEqual([]);
});

test('a peer that is stopped with events that it could not deliver warns, where nobody listens', async () => {
  const seen = warnings();
  const peer = new Peer<{}, { x: [n: number] }>('inproc://nobody', [], ['x']);
  void peer.publish.x(1);
  await peer.stop();
  await settled();
  expect(seen).toEqual([`MrEventLoopWarning: ${UNHEARD('undelivered')}`]);
});

test('a runtime without warnings of its own writes to the console', () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const { process } = globalThis;
  onTestFinished(() => void (globalThis.process = process));
  Object.assign(globalThis, { process: undefined });
  makeOutlets().lost('gap', GAP);
  globalThis.process = process;
  expect(warn.mock.calls).toEqual([[UNHEARD('gap')]]);
});
