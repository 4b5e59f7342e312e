import { leave } from '../role.ts';
import { measureConnecting } from '../work.ts';
import { load, makeNode } from './client.ts';

await measureConnecting(load, (library) => makeNode(library, 'server').start());
leave();
