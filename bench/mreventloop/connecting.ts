import { leave, settings } from '../role.ts';
import { measureConnecting } from '../work.ts';

await measureConnecting(
  () => import('mreventloop'),
  ({ Peer }) => new Peer(...settings.addresses, ['tick'], []).start(),
);
leave();
