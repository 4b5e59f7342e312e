import { leave, readyUntilStopped, settings } from '../role.ts';
import { open, serve } from './client.ts';

const connection = await open(settings.addresses[0]);
await serve(connection, 'echo', (question) => question);

await readyUntilStopped();
await connection.close();
leave();
