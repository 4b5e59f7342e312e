// A part in a worker thread: the broker is in its parent.
import { parentPort } from 'node:worker_threads';
import { takePart } from './part.ts';

if (parentPort === null) throw new Error('this is no worker');
await takePart('worker', parentPort);
