import { leave, settings } from '../role.ts';
import { askAsTold, Dialogue } from '../work.ts';
import { open, publish, subscribe } from './client.ts';

const connection = await open(settings.addresses[0]);
const dialogue = new Dialogue();
await subscribe(connection, 'answer', dialogue.take);

await askAsTold(dialogue.asking((question) => publish(connection, 'question', question)));
await connection.close();
leave();
