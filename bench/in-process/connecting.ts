import { type EmitterName, emitters } from './emitters.ts';
import { makeListener } from './listeners.ts';
import { bytesHeldBy } from './memory.ts';
import { fastestSample } from './samples.ts';

export interface ConnectTask {
  readonly kind: 'connect';
  readonly emitter: EmitterName;
  /** How many others are connected meanwhile. */
  readonly others: number;
}

/** Nanoseconds to connect a listener and to disconnect it again. */
export async function measureConnect({ emitter: name, others }: ConnectTask): Promise<number> {
  const emitter = (await emitters[name]())();
  for (let i = 0; i < others; i += 1) emitter.connect(makeListener(1));
  const listener = makeListener(1);
  return fastestSample((count) => {
    for (let i = 0; i < count; i += 1) emitter.connect(listener)();
  }).nanoseconds;
}

export interface ManyTask {
  readonly kind: 'many connections';
  readonly emitter: EmitterName;
  readonly count: number;
}

export interface ManyFigures {
  /** Nanoseconds to connect one more. */
  readonly connect: number;
  /** Bytes a connection, with what has to be kept to end it, and without. */
  readonly bytes: number;
  readonly bytesUnkept: number;
}

/** What very many connections to one event cost. Their listeners exist before. */
export async function measureMany({ emitter: name, count }: ManyTask): Promise<ManyFigures> {
  const make = await emitters[name]();
  const listeners = Array.from({ length: count }, () => makeListener(1));
  let connect = Infinity;
  for (let i = 0; i < 5; i += 1) {
    const emitter = make();
    const begin = performance.now();
    for (const listener of listeners) emitter.keep(listener);
    connect = Math.min(connect, ((performance.now() - begin) / count) * 1e6);
  }
  const kept: unknown[] = Array.from({ length: count });
  const bytes = bytesHeldBy(() => {
    const emitter = make();
    for (const [i, listener] of listeners.entries()) kept[i] = emitter.keep(listener);
    return [emitter, kept];
  });
  kept.fill(undefined);
  const bytesUnkept = bytesHeldBy(() => {
    const emitter = make();
    for (const listener of listeners) emitter.keep(listener);
    return emitter;
  });
  return { connect, bytes: bytes / count, bytesUnkept: bytesUnkept / count };
}
