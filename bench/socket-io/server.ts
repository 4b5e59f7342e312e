import { leave, readyUntilStopped, settings } from '../role.ts';
import { open, SERVERS } from './client.ts';

const socket = await open(settings.addresses[0]);
socket.on('echo', (question: string, answer: (text: string) => void) => answer(question));
await socket.emitWithAck('join', [SERVERS]);

await readyUntilStopped();
socket.disconnect();
leave();
