import { leave, settings } from '../role.ts';
import { askAsTold } from '../work.ts';
import { ask, open } from './client.ts';

const connection = await open(settings.addresses[0]);

await askAsTold((question) => ask(connection, 'echo', question));
await connection.close();
leave();
