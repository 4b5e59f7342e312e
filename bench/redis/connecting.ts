import { leave, settings } from '../role.ts';
import { measureConnecting } from '../work.ts';

await measureConnecting(
  () => import('ioredis'),
  ({ Redis }) => new Redis({ path: settings.addresses[0] }).subscribe('tick'),
);
leave();
