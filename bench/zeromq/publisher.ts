import { leave, makePayload, publishAsTold, settings } from '../role.ts';
import { makeRequest, makeTopic, openPublisher, type Request } from './sockets.ts';

const socket = await openPublisher(settings.addresses[1]);
const [name] = settings.names as [string];
const topic = makeTopic(name);

await publishAsTold(async (first, end) => {
  for (let number = first; number < end;) {
    const requests: Request[] = [];
    while (requests.length < settings.batch) requests.push(makeRequest(name, makePayload(number++)));
    await socket.send(topic + JSON.stringify(requests));
  }
});
socket.close();
leave();
