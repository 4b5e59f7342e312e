import { nameOf } from '../payload.ts';
import { leave, settings } from '../role.ts';
import { payloadOf, publishAsTold } from '../work.ts';
import { makeRequest, makeTopic, MIXED, openPublisher, type Request } from './sockets.ts';

const socket = await openPublisher(settings.addresses[1]);
const { names, batch } = settings;

await publishAsTold({
  async publish(first, end) {
    for (let count = first; count < end;) {
      const requests: Request[] = [];
      // Who wants an event gets frames that begin with its name: a frame of several has a name of its own.
      const topic = makeTopic(batch > 1 && names.length > 1 ? MIXED : nameOf(count, names));
      while (requests.length < batch && count < end) {
        requests.push(makeRequest(nameOf(count, names), payloadOf(count)));
        count += 1;
      }
      await socket.send(topic + JSON.stringify(requests));
    }
  },
});
socket.close();
leave();
