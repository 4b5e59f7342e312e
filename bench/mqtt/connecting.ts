import { leave, settings } from '../role.ts';
import { measureConnecting } from '../work.ts';
import { load } from './client.ts';

await measureConnecting(load, async ({ connectAsync }) => {
  const connection = await connectAsync(settings.addresses[0]);
  await connection.subscribeAsync(['tick'], { qos: 0 });
});
leave();
