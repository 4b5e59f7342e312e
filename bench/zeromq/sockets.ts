import { Subscriber, XPublisher } from 'zeromq';

/** Nothing may be dropped, or the measurement would never end. */
export const SENDING = { sendHighWaterMark: 0, linger: 0 };
export const RECEIVING = { receiveHighWaterMark: 0, linger: 0 };

/** A request as it crosses the wire. */
export interface Request {
  readonly jsonrpc: '2.0';
  readonly method: string;
  readonly params: readonly [payload: string];
}

export function makeRequest(method: string, payload: string): Request {
  return { jsonrpc: '2.0', method, params: [payload] };
}

/** What the frames of an event begin with: its name, as ZeroMQ filters on beginnings. */
export function makeTopic(name: string): string {
  return `${name} `;
}

/** A socket to send with, when the relay is there and has subscribed. */
export async function openPublisher(address: string): Promise<XPublisher> {
  const socket = new XPublisher(SENDING);
  socket.connect(address);
  await socket.receive();
  return socket;
}

/** A socket that receives these events, when the relay knows. */
export async function openSubscriber(address: string, names: readonly string[]): Promise<Subscriber> {
  const socket = new Subscriber(RECEIVING);
  socket.connect(address);
  for (const name of names) {
    socket.subscribe(makeTopic(name));
    // The relay answers each subscription.
    await socket.receive();
  }
  return socket;
}

/** Gives each frame's JSON until the socket is closed. */
export async function read(socket: Subscriber, name: string, onRequests: (requests: unknown) => void): Promise<void> {
  const start = makeTopic(name).length;
  for await (const [frame] of socket) onRequests(JSON.parse((frame as Buffer).toString('utf8', start)));
}
