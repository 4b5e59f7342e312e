import { connect, Peer } from 'mreventloop';
import { leave, readyUntilStopped, settings } from '../role.ts';
import type { Answers, Questions } from './events.ts';

const peer = new Peer<Questions, Answers>(...settings.addresses, ['question'], ['answer']);
connect(peer, 'question', (question) => void peer.publish.answer(question));
await peer.start();

await readyUntilStopped();
await peer.stop();
leave();
