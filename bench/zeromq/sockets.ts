import { randomUUID } from 'node:crypto';
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

/** The name of frames with several events that differ. */
export const MIXED = 'mixed';

const READY = 'ready ';

/** Whether somebody subscribes to this in order to be told that the relay knows all that came before it. */
export function isReadyTopic(topic: Buffer): boolean {
  return topic.toString().startsWith(READY);
}

/** A socket that receives these events, when the relay knows. */
export async function openSubscriber(address: string, names: readonly string[]): Promise<Subscriber> {
  const socket = new Subscriber(RECEIVING);
  socket.connect(address);
  for (const name of names) socket.subscribe(makeTopic(name));
  // The relay answers this one.
  socket.subscribe(READY + randomUUID());
  await socket.receive();
  return socket;
}

/** Gives each frame's JSON until the socket is closed. */
export async function read(socket: Subscriber, onJson: (json: unknown) => void): Promise<void> {
  for await (const [frame] of socket) {
    const start = (frame as Buffer).indexOf(' ') + 1;
    onJson(JSON.parse((frame as Buffer).toString('utf8', start)));
  }
}
