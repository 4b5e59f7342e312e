import { leave, settings } from '../role.ts';
import { measureConnecting } from '../work.ts';
import type { Client } from './client.ts';

const PACKAGE: string = '@nats-io/transport-node';

await measureConnecting(
  () => import(PACKAGE) as Promise<Client>,
  async ({ connect }) => {
    const connection = await connect({ servers: settings.addresses[0] });
    connection.subscribe('tick', { callback: () => {} });
    await connection.flush();
  },
);
leave();
