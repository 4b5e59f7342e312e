import { connect, Peer } from 'mreventloop';
import { leave, RoundTrips, settings } from '../role.ts';
import type { Answers, Questions } from './events.ts';

const peer = new Peer<Answers, Questions>(...settings.addresses, ['answer'], ['question']);
const roundTrips = new RoundTrips();
connect(peer, 'answer', roundTrips.take);
await peer.start();
await peer.waitFor({ subscribers: 'question' });

// There is always room: each question is answered before the next.
await roundTrips.measure((question) => void peer.publish.question(question), settings);
await peer.stop();
leave();
