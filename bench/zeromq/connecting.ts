import { leave, settings } from '../role.ts';
import { measureConnecting } from '../work.ts';

await measureConnecting(
  () => import('zeromq'),
  async ({ Subscriber }) => {
    const socket = new Subscriber({ linger: 0 });
    socket.connect(settings.addresses[0]);
    socket.subscribe('tick ', 'ready ');
    await socket.receive();
  },
);
leave();
