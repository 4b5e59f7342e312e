// A web server as a process of its own: it serves a page, and a broker for the page and for other processes.
// Arguments: the port (0 for any), the address for ZeroMQ, and the folder of the modules.
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Broker } from 'mreventloop';

const [port, zmq = '', folder = ''] = process.argv.slice(2);
const server = createServer((request, response) => {
  const { url = '' } = request;
  const isModule = url.endsWith('.js');
  response.writeHead(200, { 'content-type': `${isModule ? 'text/javascript' : 'text/html'}; charset=utf-8` });
  if (isModule) createReadStream(folder + url).pipe(response);
  else response.end(`<body><script type=module src=${url === '/frame' ? '/frame.js' : '/page.js'}></script>`);
});
await new Promise<void>((resolve) => server.listen(Number(port), '127.0.0.1', resolve));
await Broker.listen({ zmq, ws: { server, path: '/events', authorize: (token) => token === 'secret' } });
console.log((server.address() as AddressInfo).port);
