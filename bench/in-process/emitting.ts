import { type Emitter, type EmitterName, emitters } from './emitters.ts';
import type * as ListenersModule from './listeners.ts';
import { fastestSample, fastestSampleAsync } from './samples.ts';

export interface EmitTask {
  readonly kind: 'emit';
  readonly emitter: EmitterName;
  readonly listeners: number;
  readonly args: number;
  /**
   * Whether the listeners, and what the emitter did before, are as varied as in a large program. Otherwise all
   * listeners come from one place in the source, and the process never emitted anything else.
   */
  readonly mixed: boolean;
}

type Listeners = typeof ListenersModule;

const ARGUMENTS = [1, 2, 3, 4] as const;
/** How many places in the source the varied listeners come from: more than an engine remembers at a call. */
const VARIETY = 10;

/** Nanoseconds an emit. */
export async function measureEmit({ emitter: name, listeners, args, mixed }: EmitTask): Promise<number> {
  const make = await emitters[name]();
  const sources = await importListeners(mixed ? VARIETY : 1);
  if (mixed) await pollute(make, sources);

  const emitter = make();
  for (let i = 0; i < listeners; i += 1) emitter.connect((sources[i % sources.length] as Listeners).makeListener(args));
  const emit = emitter.emit[args];
  if (emit === undefined) throw new Error(`${name} does not emit ${args} arguments`);

  const before = sum(sources);
  const { nanoseconds, runs } =
    name === 'emittery'
      ? await fastestSampleAsync(async (count) => {
          for (let i = 0; i < count; i += 1) await emit(1, 2, 3, 4);
        })
      : fastestSample((count) => {
          for (let i = 0; i < count; i += 1) emit(1, 2, 3, 4);
        });
  // Emittery and the like have a placeholder where there is no argument, which counts 1 as well.
  const each = args === 0 ? 1 : ARGUMENTS.slice(0, args).reduce((all, argument) => all + argument, 0);
  const expected = Math.imul(Math.imul(runs, listeners), each);
  const delivered = (sum(sources) - before) | 0;
  if (delivered !== expected) throw new Error(`${name} delivered ${delivered}, not ${expected}`);
  return nanoseconds;
}

function importListeners(copies: number): Promise<Listeners[]> {
  return Promise.all(Array.from({ length: copies }, (_, i) => import(`./listeners.ts?${i}`) as Promise<Listeners>));
}

function sum(sources: readonly Listeners[]): number {
  return sources.reduce((all, { total }) => (all + total()) | 0, 0);
}

/** Shows the emitter what there is: other events, many listeners and few, and every number of arguments. */
async function pollute(make: () => Emitter, sources: readonly Listeners[]): Promise<void> {
  const emitters = [1, 2, 3, 7, 20].flatMap((count) =>
    ARGUMENTS.map(() => {
      const emitter = make();
      for (let i = 0; i < count; i += 1) {
        const source = sources[(i + count) % sources.length] as Listeners;
        emitter.connect(source.makeListener(emitter.emit.length === 2 ? 1 : i % 5));
      }
      return emitter;
    }),
  );
  for (let i = 0; i < 500; i += 1) {
    for (const emitter of emitters) for (const emit of emitter.emit) await emit(1, 2, 3, 4);
  }
}
