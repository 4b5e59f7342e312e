import { leave } from '../role.ts';
import { askAsTold } from '../work.ts';
import { load, makeNode } from './client.ts';

const node = makeNode(await load(), 'caller');
await node.start();
await node.waitForServices('bench');

await askAsTold(async (question) => (await node.call('bench.echo', { question })) as string);
await node.stop();
leave();
