import { leave, publishAsTold, settings } from '../role.ts';
import { makeRequest, makeTopic, openPublisher } from './sockets.ts';

const socket = await openPublisher(settings.addresses[1]);
const [name] = settings.names as [string];
const topic = makeTopic(name);

await publishAsTold(async (payloads) => {
  for (let first = 0; first < payloads.length; first += settings.batch) {
    const requests = payloads.slice(first, first + settings.batch).map((payload) => makeRequest(name, payload));
    await socket.send(topic + JSON.stringify(requests));
  }
});
socket.close();
leave();
