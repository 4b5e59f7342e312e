import { leave, readyUntilStopped, settings } from '../role.ts';
import { onLine, open } from './lines.ts';

const socket = await open(settings.addresses[0]);
onLine(socket, (question) => void socket.write(`${question}\n`));

await readyUntilStopped();
socket.destroy();
leave();
