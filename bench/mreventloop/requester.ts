import { connect, Peer } from 'mreventloop';
import { leave, settings } from '../role.ts';
import { askAsTold, Dialogue } from '../work.ts';
import type { Answers, Questions } from './events.ts';

const peer = new Peer<Answers, Questions>(...settings.addresses, ['answer'], ['question']);
const dialogue = new Dialogue();
connect(peer, 'answer', dialogue.take);
await peer.start();
await peer.waitFor({ subscribers: 'question' });

// There is always room: each question is answered before the next.
await askAsTold(dialogue.asking((question) => void peer.publish.question(question)));
await peer.stop();
leave();
