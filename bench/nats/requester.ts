import { leave, RoundTrips, settings } from '../role.ts';
import { open, publish, subscribe } from './client.ts';

const connection = await open(settings.addresses[0]);
const roundTrips = new RoundTrips();
await subscribe(connection, 'answer', roundTrips.take);

await roundTrips.measure((question) => publish(connection, 'question', question), settings);
await connection.close();
leave();
