// One measurement in a process of its own: what the engine has learnt from one contender can neither help nor hinder
// the next one. The only argument says what to measure; what it gave is sent to the benchmark.
import type { Figures } from '../measure.ts';
import type { ConnectTask, ManyTask } from './connecting.ts';
import type { EmitTask } from './emitting.ts';
import type { ImportTask } from './importing.ts';
import type { QueueMemoryTask, QueueTask } from './queueing.ts';

export type Task = EmitTask | ConnectTask | ManyTask | QueueTask | QueueMemoryTask | ImportTask;

process.send?.(await measure(JSON.parse(process.argv[2] ?? '') as Task));
// What the contenders leave open does not matter.
process.disconnect?.();

async function measure(task: Task): Promise<Figures> {
  switch (task.kind) {
    case 'emit':
      return { ns: await (await import('./emitting.ts')).measureEmit(task) };
    case 'connect':
      return { ns: await (await import('./connecting.ts')).measureConnect(task) };
    case 'many connections': {
      const { connect, bytes, bytesUnkept } = await (await import('./connecting.ts')).measureMany(task);
      return { ns: connect, bytes, 'bytes unkept': bytesUnkept };
    }
    case 'queue':
      return { ns: await (await import('./queueing.ts')).measureQueue(task) };
    case 'queue memory': {
      const [bytes, awaited] = await (await import('./queueing.ts')).measureQueueMemory(task);
      return { bytes, 'bytes awaited': awaited };
    }
    case 'import':
      return { ms: await (await import('./importing.ts')).measureImport(task) };
  }
}
