import { leave, settings } from '../role.ts';
import { askAsTold, Dialogue } from '../work.ts';
import { makeRequest, makeTopic, openPublisher, openSubscriber, read, type Request } from './sockets.ts';

const subscriber = await openSubscriber(settings.addresses[0], ['answer']);
const publisher = await openPublisher(settings.addresses[1]);
const dialogue = new Dialogue();
const reading = read(subscriber, (request) => dialogue.take((request as Request).params[0]));

await askAsTold(
  dialogue.asking((question) => {
    void publisher.send(makeTopic('question') + JSON.stringify(makeRequest('question', question)));
  }),
);
subscriber.close();
await reading;
publisher.close();
leave();
