import { once } from 'node:events';
import { leave, settings } from '../role.ts';
import { measureConnecting } from '../work.ts';

await measureConnecting(
  () => import('socket.io-client'),
  async ({ io }) => {
    const socket = io(settings.addresses[0], { transports: ['websocket'] });
    await once(socket as never, 'connect');
    await socket.emitWithAck('join', ['tick']);
  },
);
leave();
