import { leave, readyUntilStopped } from '../role.ts';
import { load, makeNode } from './client.ts';

const node = makeNode(await load(), 'server');
node.createService({ name: 'bench', actions: { echo: ({ params }) => params.question } });
await node.start();

await readyUntilStopped();
await node.stop();
leave();
