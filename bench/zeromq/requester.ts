import { leave, RoundTrips, settings } from '../role.ts';
import { makeRequest, makeTopic, openPublisher, openSubscriber, read, type Request } from './sockets.ts';

const subscriber = await openSubscriber(settings.addresses[0], ['answer']);
const publisher = await openPublisher(settings.addresses[1]);
const roundTrips = new RoundTrips();
const reading = read(subscriber, 'answer', (request) => roundTrips.take((request as Request).params[0]));

await roundTrips.measure((question) => {
  void publisher.send(makeTopic('question') + JSON.stringify(makeRequest('question', question)));
}, settings);
subscriber.close();
await reading;
publisher.close();
leave();
