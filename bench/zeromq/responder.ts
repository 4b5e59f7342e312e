import { leave, readyUntilStopped, settings } from '../role.ts';
import { makeRequest, makeTopic, openPublisher, openSubscriber, read, type Request } from './sockets.ts';

const subscriber = await openSubscriber(settings.addresses[0], ['question']);
const publisher = await openPublisher(settings.addresses[1]);
const reading = read(subscriber, (request) => {
  const [question] = (request as Request).params;
  void publisher.send(makeTopic('answer') + JSON.stringify(makeRequest('answer', question)));
});

await readyUntilStopped();
subscriber.close();
await reading;
publisher.close();
leave();
