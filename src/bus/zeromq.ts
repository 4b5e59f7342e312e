import { isUtf8 } from 'node:buffer';
import { setTimeout as delay } from 'node:timers/promises';
import type * as Zeromq from 'zeromq';
import { MissingLibraryError, StateError } from '../errors.ts';
import { nextTurn, SLICE } from '../timers.ts';
import type { Bus, BusListener, Door, DoorListener, Endpoints, Frame, Topic } from './bus.ts';
import { explainLibrary } from './library.ts';
import { bindAt, explainBind, untilFree } from './served.ts';

/**
 * The bus over ZeroMQ, as the Python original uses it. Each message is one frame. Peers receive through a SUB socket
 * and send through a PUB socket, both connected. The broker has a PUB and a SUB socket, both bound.
 */

type Library = typeof Zeromq;

/** @throws MissingLibraryError */
async function load(): Promise<Library> {
  // Loading it would end the process.
  if ('bun' in process.versions) {
    throw new MissingLibraryError(
      "ipc:// and tcp:// addresses need the package 'zeromq', which Bun cannot load: use ws:// or ws+unix://, " +
        'or have the broker run in Node',
    );
  }
  try {
    // Native code must stay where it is.
    return await import(/* webpackIgnore: true */ 'zeromq');
  } catch (cause) {
    throw explainLibrary('ipc:// and tcp:// addresses need', 'zeromq', cause);
  }
}

/**
 * How many frames a socket queues for a peer that does not keep up, before it drops frames. As a rule, this is more
 * than a publisher sends without an acknowledgement, as several events share a frame. Dropped frames are repaired,
 * except for Python peers.
 */
const QUEUED_FRAMES = 5_000;
/** A peer or broker that does not answer for this long, in milliseconds, is disconnected and its queue discarded. */
const HEARTBEAT = { heartbeatInterval: 2_000, heartbeatTimeout: 6_000 };
/**
 * Frames of up to this many bytes are copied rather than lent to ZeroMQ. To return a Buffer of more than 128 bytes,
 * ZeroMQ wakes this thread, which costs more than copying a few thousand bytes (a third of a round trip). Texts are
 * copied.
 */
const MOST_COPIED = 4_096;
/** ZeroMQ's option for how many messages may wait to be sent. The library does not offer it for this kind of socket. */
const ZMQ_SNDHWM = 23;
/** How long, in milliseconds, peers have to subscribe again. ZeroMQ tries to connect every 100 to 200 ms, at random. */
const SETTLE = 200;
/**
 * How long, in milliseconds, frames that were sent before a close have to leave the process. When a peer leaves in the
 * same millisecond, ZeroMQ sometimes takes all of this time. From 500 on, it complains about that on standard error.
 */
const LINGER = 400;

/** A peer's end. */
export async function makeZeromqBus(endpoints: Endpoints): Promise<Bus> {
  const library = await load();
  const receiver = makeSubscriber(library.Subscriber);
  try {
    // A peer counts what it sends and repairs losses: dropping frames here would only cause work.
    const sender = new library.Publisher({ linger: LINGER, sendHighWaterMark: 0, ...HEARTBEAT });
    return new ZeromqBus(endpoints, receiver, sender);
  } catch (cause) {
    receiver.close();
    throw explainSocket(cause);
  }
}

/** A broker's end. */
export async function makeZeromqDoor(endpoints: Endpoints): Promise<ZeromqDoor> {
  return new ZeromqDoor(await load(), endpoints);
}

class ZeromqBus implements Bus {
  readonly #endpoints: Endpoints;
  readonly #in: Zeromq.Subscriber;
  readonly #out: Sender<Zeromq.Publisher>;
  #closing: Promise<void> | undefined;

  constructor(endpoints: Endpoints, receiver: Zeromq.Subscriber, sender: Zeromq.Publisher) {
    this.#endpoints = endpoints;
    this.#in = receiver;
    this.#out = new Sender(sender);
  }

  async open(listener: BusListener): Promise<void> {
    try {
      connect(this.#in, this.#endpoints.in);
      connect(this.#out.socket, this.#endpoints.out);
      for (const { events } of [this.#in, this.#out.socket]) {
        events.on('disconnect', () => {
          if (this.#closing === undefined) listener.down();
        });
      }
    } catch (error) {
      await this.close();
      throw explainSocket(error);
    }
    void receive(this.#in, (bytes) => {
      if (this.#closing !== undefined) return;
      if (isUtf8(bytes)) listener.frame(bytes.toString());
      else listener.unreadable();
    });
  }

  subscribe(topic: Topic): void {
    this.#in.subscribe(...topic.prefixes);
  }

  send(_topic: string, frame: string): void {
    this.#out.send(frame);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#in.close();
    await this.#out.close();
  }
}

export class ZeromqDoor implements Door {
  readonly #endpoints: Endpoints;
  // Named as the peers see them: they receive from `in` and send to `out`.
  readonly #in: Sender<Zeromq.XPublisher>;
  readonly #out: Zeromq.Subscriber;
  readonly #releases: (() => Promise<void>)[] = [];
  // The subscribed topics, and those of them that match every method.
  readonly #topics = new Set<string>();
  readonly #plainTopics = new Set<string>();
  #closing: Promise<void> | undefined;

  constructor({ Subscriber, XPublisher }: Library, endpoints: Endpoints) {
    this.#endpoints = endpoints;
    this.#in = new Sender(new XPublisher({ linger: LINGER, sendHighWaterMark: QUEUED_FRAMES, ...HEARTBEAT }));
    this.#out = new Subscriber({ linger: 0, receiveHighWaterMark: QUEUED_FRAMES, ...HEARTBEAT });
  }

  get hasPlainListeners(): boolean {
    return this.#plainTopics.size > 0;
  }

  /** @param settled - called when returning peers can receive again, before any peer can send */
  async open(listener: DoorListener, settled: () => Promise<void> = async () => {}): Promise<Endpoints> {
    try {
      // Peers should be able to receive before others can send. Those that were connected to an earlier broker
      // reconnect and subscribe again within that time, Python peers included.
      await this.#bind(this.#in.socket, this.#endpoints.in);
      void receive(this.#in.socket, (message) => this.#noteSubscription(message));
      await delay(SETTLE);
      await settled();
      this.#out.subscribe();
      await this.#bind(this.#out, this.#endpoints.out);
    } catch (error) {
      await this.close();
      throw error;
    }
    void receive(this.#out, (bytes) => {
      if (this.#closing !== undefined) return;
      if (isUtf8(bytes)) listener.frame(bytes);
      else listener.unreadable();
    });
    return {
      in: this.#in.socket.lastEndpoint ?? this.#endpoints.in,
      out: this.#out.lastEndpoint ?? this.#endpoints.out,
    };
  }

  hears(prefix: string): boolean {
    return this.#topics.has(Buffer.from(prefix).toString('latin1'));
  }

  send(frame: Frame): void {
    // Peers may all have come in through another door.
    if (this.#topics.size === 0) return;
    this.#in.send(typeof frame === 'string' || frame.length > MOST_COPIED ? frame : toText(frame));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const bound = [this.#in.socket.lastEndpoint, this.#out.lastEndpoint];
    this.#out.close();
    await this.#in.close();
    // ZeroMQ releases addresses some time after a close. (Unbinding first would tell when, but with a
    // read under way, it breaks ZeroMQ: EBUSY, or an assertion that ends the process.)
    await Promise.all(bound.filter((address) => address !== null).map((address) => untilFree(address)));
    await Promise.all(this.#releases.map((release) => release()));
  }

  /** The first peer has subscribed to a topic, or the last one has unsubscribed. */
  #noteSubscription(message: Buffer): void {
    // Decoded byte by byte: the topic is a prefix, which may end within a character.
    const topic = message.toString('latin1', 1);
    const isPlain = METHOD_START.startsWith(topic) || `[${METHOD_START}`.startsWith(topic);
    if (message[0] === 1) {
      this.#topics.add(topic);
      if (isPlain) this.#plainTopics.add(topic);
    } else if (message[0] === 0) {
      this.#topics.delete(topic);
      this.#plainTopics.delete(topic);
    }
  }

  async #bind(socket: Zeromq.Subscriber | Zeromq.XPublisher, address: string): Promise<void> {
    this.#releases.push(await bindAt(() => socket.bind(address), address));
  }
}

/** How every frame begins: a subscription to less than this matches all methods. */
const METHOD_START = '{"jsonrpc": "2.0", "method": "';

/** A socket that keeps all subscriptions. Otherwise ZeroMQ drops those beyond the first 1,000 that wait to be sent. */
function makeSubscriber(Subscriber: Library['Subscriber']): Zeromq.Subscriber {
  class Patient extends Subscriber {
    constructor() {
      super({ linger: 0, receiveHighWaterMark: QUEUED_FRAMES, ...HEARTBEAT });
      this.setInt32Option(ZMQ_SNDHWM, 0);
    }
  }
  try {
    return new Patient();
  } catch (cause) {
    throw explainSocket(cause);
  }
}

/** Explains why making a socket failed, or listening to its events, which takes some more sockets. */
function explainSocket(cause: unknown): unknown {
  if ((cause as NodeJS.ErrnoException).code !== 'EMFILE') return cause;
  const remedy = 'set `context.maxSockets` of the package zeromq to more before the first of them; a peer takes six';
  return new StateError(`ZeroMQ has no more sockets for this process: ${remedy}`, { cause });
}

/** Sends one frame at a time, in order, as ZeroMQ requires. */
class Sender<S extends Zeromq.Publisher | Zeromq.XPublisher> {
  readonly socket: S;
  #waiting: Frame[] = [];
  #pump: Promise<void> | undefined;

  constructor(socket: S) {
    this.socket = socket;
  }

  send(frame: Frame): void {
    this.#waiting.push(frame);
    this.#pump ??= this.#sendWaiting();
  }

  /** Hands over the waiting frames and closes the socket. */
  async close(): Promise<void> {
    await this.#pump;
    this.socket.close();
  }

  async #sendWaiting(): Promise<void> {
    while (this.#waiting.length > 0 && !this.socket.closed) {
      const frames = this.#waiting;
      this.#waiting = [];
      for (const frame of frames) await this.socket.send(frame);
    }
    this.#pump = undefined;
  }
}

function toText(frame: Uint8Array): string {
  return Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).toString();
}

/** Reads frames until the socket is closed. Never rejects. */
async function receive(socket: Zeromq.Subscriber | Zeromq.XPublisher, onFrame: (frame: Buffer) => void): Promise<void> {
  let begin = performance.now();
  for await (const parts of socket) {
    // A message of several frames counts as that many messages, as in Python.
    for (const frame of parts) onFrame(frame);
    if (performance.now() - begin < SLICE) continue;
    await new Promise<void>(nextTurn);
    begin = performance.now();
  }
}

function connect(socket: Zeromq.Subscriber | Zeromq.Publisher, address: string): void {
  try {
    socket.connect(address);
  } catch (cause) {
    throw explainBind(address, cause);
  }
}
