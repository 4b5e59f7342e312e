import { leave, readyUntilStopped, settings } from '../role.ts';
import { open, publish, subscribe } from './client.ts';

const connection = await open(settings.addresses[0]);
await subscribe(connection, 'question', (question) => publish(connection, 'answer', question));

await readyUntilStopped();
await connection.close();
leave();
