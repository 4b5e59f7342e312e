import { setTimeout as delay } from 'node:timers/promises';
import { MrEventLoopError, RefusedError } from '../../errors.ts';
import { REFUSED_DELAY } from '../backoff.ts';
import type { Bus, BusListener, DoorListener, Endpoints, OpenDoors, Topic } from '../bus.ts';
import { isServed } from '../served.ts';
import { LinesDoor } from './lines-door.ts';
import { joinLines } from './lines-link.ts';

/**
 * The bus at `ipc://` addresses. It has ZeroMQ's sockets, for all peers, and beside them a plain socket for peers of
 * this package, on which a frame takes a fraction of the time.
 */

/** The path of the plain socket is that of the socket from which peers receive, with this suffix. */
const SUFFIX = '.lines';
/** How many bytes the path of a socket may have on any system, including the zero at its end. */
const LONGEST_PATH = 104;
/** How long, in milliseconds, to wait before checking again whether somebody serves. */
const RETRY = 50;

/** Returns the path of the plain socket; undefined where there is none, as the address is not a path or is too long. */
function linesPath({ in: address }: Endpoints): string | undefined {
  if (!address.startsWith('ipc:///')) return undefined;
  const path = address.slice('ipc://'.length) + SUFFIX;
  return Buffer.byteLength(path) < LONGEST_PATH ? path : undefined;
}

/** A peer's end. */
export async function makeIpcBus(endpoints: Endpoints): Promise<Bus> {
  const path = linesPath(endpoints);
  return path === undefined ? (await import('../zeromq.ts')).makeZeromqBus(endpoints) : new IpcBus(endpoints, path);
}

/** A broker's end. */
export async function openIpcDoors(endpoints: Endpoints, listener: DoorListener): Promise<OpenDoors> {
  const zeromq = await (await import('../zeromq.ts')).makeZeromqDoor(endpoints);
  const path = linesPath(endpoints);
  const lines = path === undefined ? undefined : new LinesDoor(path);
  const doors = lines === undefined ? [zeromq] : [zeromq, lines];
  try {
    // Comes first: of several brokers that start at once, one gets this path. With ZeroMQ, one would take the paths of
    // the others.
    await lines?.claim();
    const bound = await zeromq.open(listener, async () => void (await lines?.open(listener)));
    return { endpoints: bound, doors };
  } catch (error) {
    await Promise.all(doors.map((door) => door.close()));
    throw error;
  }
}

/** A connection of a peer, until it breaks or is closed. */
interface Way {
  subscribe(topic: Topic): void;
  send(topic: string, frame: string): void;
  close(): Promise<void>;
  readonly ended: Promise<void>;
  /** Why it ended, where the broker gave a reason. */
  readonly refusal?: string | undefined;
}

/**
 * Connects to whoever serves: by the plain socket where there is one, and otherwise, for example to Python brokers, by
 * ZeroMQ. After a break, somebody else may serve.
 */
class IpcBus implements Bus {
  readonly #endpoints: Endpoints;
  readonly #path: string;
  readonly #topics: Topic[] = [];
  readonly #closing = new AbortController();
  #listener: BusListener | undefined;
  #way: Way | undefined;
  // What was sent while connecting: a peer asks whether it is ready, and asks again only some time later.
  #early: [topic: string, frame: string][] = [];
  #running: Promise<void> | undefined;

  constructor(endpoints: Endpoints, path: string) {
    this.#endpoints = endpoints;
    this.#path = path;
  }

  open(listener: BusListener): Promise<void> {
    this.#listener = listener;
    this.#running = this.#run(this.#closing.signal);
    return Promise.resolve();
  }

  subscribe(topic: Topic): void {
    this.#topics.push(topic);
    this.#way?.subscribe(topic);
  }

  send(topic: string, frame: string): void {
    if (this.#way === undefined) this.#early.push([topic, frame]);
    else this.#way.send(topic, frame);
  }

  async close(): Promise<void> {
    this.#listener = undefined;
    this.#closing.abort();
    await this.#way?.close();
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      let wait = RETRY;
      this.#early = [];
      try {
        const way = await this.#connect(signal);
        if (way !== undefined) await this.#use(way);
      } catch (error) {
        // Other errors are treated as if nobody served.
        if (error instanceof MrEventLoopError) {
          this.#listener?.refused(error);
          wait = REFUSED_DELAY;
        }
      }
      await delay(wait, undefined, { signal }).catch(() => {});
    }
  }

  /** @returns undefined where nobody serves */
  async #connect(signal: AbortSignal): Promise<Way | undefined> {
    const link = await this.#join(signal);
    // Brokers of this package bind this address last, when the plain socket is there already.
    if (link !== undefined || !(await isServed(this.#endpoints.out))) return link;
    return (await this.#join(signal)) ?? (await this.#useZeromq());
  }

  #join(signal: AbortSignal): Promise<Way | undefined> {
    return joinLines(this.#path, (frame) => this.#listener?.frame(frame), signal);
  }

  async #useZeromq(): Promise<Way> {
    const bus = await (await import('../zeromq.ts')).makeZeromqBus(this.#endpoints);
    let end: (() => void) | undefined;
    const ended = new Promise<void>((resolve) => (end = resolve)).then(() => bus.close());
    await bus.open({
      frame: (text) => this.#listener?.frame(text),
      unreadable: () => this.#listener?.unreadable(),
      refused: (error) => this.#listener?.refused(error),
      down: () => end?.(),
    });
    return {
      subscribe: (topic) => bus.subscribe(topic),
      send: (topic, frame) => bus.send(topic, frame),
      close: () => {
        end?.();
        return ended;
      },
      ended,
    };
  }

  /**
   * Uses a connection until it ends.
   * @throws RefusedError
   */
  async #use(way: Way): Promise<void> {
    this.#way = way;
    for (const topic of this.#topics) way.subscribe(topic);
    for (const [topic, frame] of this.#early.splice(0)) way.send(topic, frame);
    if (this.#closing.signal.aborted) void way.close();
    await way.ended;
    this.#way = undefined;
    this.#listener?.down();
    if (way.refusal === undefined) return;
    throw new RefusedError(`the broker at '${this.#endpoints.in}' refused this peer: ${way.refusal}`);
  }
}
