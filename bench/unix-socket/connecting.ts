import { once } from 'node:events';
import { leave, settings } from '../role.ts';
import { measureConnecting } from '../work.ts';

await measureConnecting(
  () => import('node:net'),
  ({ connect }) => once(connect(settings.addresses[0]), 'connect'),
);
leave();
