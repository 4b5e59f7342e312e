import { leave, settings } from '../role.ts';
import { askAsTold } from '../work.ts';
import { open } from './client.ts';

const socket = await open(settings.addresses[0]);

await askAsTold(async (question) => (await socket.emitWithAck('echo', question)) as string);
socket.disconnect();
leave();
