import { countArrivals, leave, readyUntilStopped, settings } from '../role.ts';
import { open, subscribe } from './client.ts';

const connection = await open(settings.addresses[0]);
const take = countArrivals(settings);
for (const name of settings.names) await subscribe(connection, name, take);

await readyUntilStopped();
await connection.close();
leave();
