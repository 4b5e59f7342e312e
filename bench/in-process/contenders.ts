import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Aim } from '../report.ts';
import type { Figures } from '../measure.ts';
import type { Task } from './child.ts';
import type { EmitterName } from './emitters.ts';
import type { QueueName } from './queues.ts';

/** One measurement of one contender; `work` is what all contenders of a row do. */
export interface InProcess {
  readonly name: string;
  readonly work: string;
  readonly task: Task;
}

const emitters: readonly EmitterName[] = [
  'mreventloop',
  'functions',
  'nanoevents',
  'tseep',
  'eventemitter3',
  'node',
  'mitt',
  'rxjs',
];
/** These pass on one argument at most. */
const single = new Set<EmitterName>(['mitt', 'rxjs', 'emittery']);
const queues: readonly QueueName[] = [
  'mreventloop',
  'promise chain',
  'fastq',
  'fastq.promise',
  'async.queue',
  'p-queue',
];
const modules = [
  'mreventloop',
  'nanoevents',
  'tseep',
  'eventemitter3',
  'mitt',
  'rxjs',
  'emittery',
  'fastq',
  'p-queue',
  'async',
];

/** Every number of listeners with one argument, and every number of arguments with one listener and with five. */
const points: readonly (readonly [listeners: number, args: number])[] = [
  ...[1, 2, 5, 10, 100].map((listeners) => [listeners, 1] as const),
  ...[0, 2, 3, 4].flatMap((args) => [[1, args] as const, [5, args] as const]),
];

export const inProcess: readonly InProcess[] = [
  ...[false, true].flatMap((mixed) =>
    points.flatMap(([listeners, args]) => {
      const work = `emit ${mixed ? 'mixed ' : ''}to ${listeners}, ${args} args`;
      return emitters
        .filter((emitter) => args <= 1 || !single.has(emitter))
        .map((emitter) => make(work, emitter, { kind: 'emit', emitter, listeners, args, mixed }));
    }),
  ),
  ...[1, 10].map((listeners) =>
    make(`emit and await to ${listeners}, 1 args`, 'emittery', {
      kind: 'emit',
      emitter: 'emittery',
      listeners,
      args: 1,
      mixed: false,
    }),
  ),
  ...[0, 10].flatMap((others) =>
    [...emitters, 'emittery' as const].map((emitter) =>
      make(`connect and disconnect beside ${others}`, emitter, { kind: 'connect', emitter, others }),
    ),
  ),
  ...[...emitters, 'emittery' as const].map((emitter) =>
    make('100k connections', emitter, { kind: 'many connections', emitter, count: 100_000 }),
  ),
  ...[10_000, 1_000_000].flatMap((count) =>
    (['sync', 'async', 'shared', 'awaited'] as const).flatMap((slot) =>
      queues.map((queue) => make(`${count / 1000}k calls ${slot}`, queue, { kind: 'queue', queue, slot, count })),
    ),
  ),
  ...queues.map((queue) => make('100k waiting calls', queue, { kind: 'queue memory', queue, count: 100_000 })),
  ...modules.map((specifier) => make('import', specifier, { kind: 'import', specifier })),
];

function make(work: string, contender: string, task: Task): InProcess {
  return { name: `${work}: ${contender}`, work, task };
}

/** What is aimed at beside which rival. */
export const inProcessAims: readonly Aim[] = [...new Set(inProcess.map(({ work }) => work))].flatMap((work): Aim[] => {
  const beside = (rival: string, quantity = 'ns', bound: Partial<Aim> = {}): Aim => ({
    quantity,
    of: `${work}: mreventloop`,
    to: `${work}: ${rival}`,
    ...bound,
  });
  if (/^emit (mixed )?to 1,/.test(work)) {
    return [beside('nanoevents', 'ns', { atMost: 1 }), beside('tseep', 'ns', { atMost: 1 }), beside('functions')];
  }
  if (/^emit (mixed )?to/.test(work))
    return [beside('nanoevents', 'ns', { atMost: 1 }), beside('tseep'), beside('functions')];
  if (work.startsWith('connect and'))
    return [beside('nanoevents', 'ns', { atMost: 1 }), beside('eventemitter3', 'ns', { atMost: 1 })];
  if (work === '100k connections')
    return [beside('eventemitter3', 'ns', { atMost: 1 }), beside('eventemitter3', 'bytes', { atMost: 1 })];
  if (/calls/.test(work) && !work.includes('waiting')) {
    return [
      beside('fastq', 'ns', { atMost: 1 / 5 }),
      beside('fastq.promise'),
      beside('p-queue', 'ns', { atMost: 1 / 10 }),
      beside('promise chain'),
    ];
  }
  if (work === '100k waiting calls') {
    return [
      beside('fastq.promise', 'bytes', { atMost: 0.5 }),
      beside('fastq.promise', 'bytes awaited', { atMost: 0.5 }),
    ];
  }
  if (work === 'import') return [{ quantity: 'ms', of: 'import: mreventloop', atMost: 10 }];
  return [];
});

/** Measures in a process of its own, which begins without having learnt anything. */
export async function measureInProcess({ name, task }: InProcess): Promise<Figures> {
  const script = new URL('child.ts', import.meta.url);
  const child = fork(script, [JSON.stringify(task)], { execArgv: ['--expose-gc'] });
  let figures: Figures | undefined;
  child.on('message', (message: Figures) => (figures = message));
  await once(child, 'close');
  if (figures === undefined) throw new Error(`measuring ${name} failed`);
  return figures;
}
