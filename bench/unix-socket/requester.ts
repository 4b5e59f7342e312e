import { leave, settings } from '../role.ts';
import { askAsTold, Dialogue } from '../work.ts';
import { onLine, open } from './lines.ts';

const socket = await open(settings.addresses[0]);
const dialogue = new Dialogue();
onLine(socket, dialogue.take);

await askAsTold(dialogue.asking((question) => void socket.write(`${question}\n`)));
socket.destroy();
leave();
