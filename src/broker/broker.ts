import {
  checkPath,
  checkServed,
  checkUplink,
  endpointsOf,
  isPort,
  makePortDoor,
  makeUplink,
  makeWebSocketDoor,
  openDoors,
  webSocketDoorAt,
} from '../bus/address.ts';
import type { Door, DoorListener, Endpoints, Frame, Refusal, Token, Uplink, UplinkStatus } from '../bus/bus.ts';
import { isChannel } from '../bus/port/channel.ts';
import type { PortDoor } from '../bus/port/port-door.ts';
import type { Port } from '../bus/port/port-line.ts';
import { whenGone } from '../bus/port/listen-to-port.ts';
import type { WebSocketDoorOptions } from '../bus/websocket/websocket-options.ts';
import { AddressError, StateError } from '../errors.ts';
import { event } from '../events/event.ts';
import { type Events, events } from '../events/events.ts';
import { tell } from '../loop/runtime.ts';
import { requestPrefixes } from '../wire/json-rpc.ts';
import { methodTo } from '../wire/names.ts';
import { makeGate } from './gate.ts';
import { answerTo, type FrameKind, kindOf, topicOf, unpackFrame } from './relay.ts';

/** The traffic through a broker since it was constructed. */
export interface BrokerCounters {
  /** The number of frames passed on. */
  readonly frames: number;
  /** The number of bytes in these frames (for text within one process: of characters). */
  readonly bytes: number;
  /** The number of frames dropped because they are not UTF-8 text or not JSON-RPC: they could harm Python peers. */
  readonly invalid: number;
  /** The number of connections over WebSockets and plain sockets that were refused, or cut off for what they did. */
  readonly refused: number;
}

/** The doors of a broker. Peers that come in through different doors meet one another. */
export interface BrokerDoors {
  /** Where peers connect with ZeroMQ, including Python peers: one address, or the two that it stands for. */
  readonly zmq?: string | Endpoints | undefined;
  /** Where peers connect with WebSockets, including browsers: an address, or options. */
  readonly ws?: string | WebSocketDoorOptions | undefined;
  /**
   * The NATS address at which the broker joins other brokers, and peers that connect to the same place. Peers behind
   * all of these brokers meet one another.
   */
  readonly uplink?: string | UplinkOptions | undefined;
}

/** Where and how a broker joins others. */
export interface UplinkOptions {
  /** `nats://host:4222/shop`. */
  readonly address: string;
  /** The token for the server: a text, or a function that obtains one for each connection. */
  readonly token?: Token;
}

/** The events of a broker. */
export type BrokerStatus = Events<{
  /**
   * A peer was not let in, or was cut off for what it did. How often that happens is up to whoever connects: consider
   * this before you log it.
   */
  refused: [refusal: Refusal];
  /** The link to other brokers came up, broke, or cannot be established for another reason than before. */
  uplink: [status: UplinkStatus];
}>;

/**
 * The hub at which peers meet. It passes every frame on to all peers that subscribed to it. It keeps no state, so it
 * may be stopped and started again at any time.
 *
 * ```ts
 * const broker = new Broker('ipc:///tmp/shop.in', 'ipc:///tmp/shop.out');
 * await using running = await broker.start();
 * ```
 *
 * For browsers, it opens a second door: see {@link Broker.listen}.
 *
 * Python: `mreventloop.Broker`, with the same two addresses in the same order.
 */
export class Broker implements AsyncDisposable {
  /** The events of the broker, to connect to. */
  readonly status: BrokerStatus = events({
    refused: event<[refusal: Refusal]>(),
    uplink: event<[status: UplinkStatus]>(),
  });
  #endpoints: Endpoints | undefined;
  #url: string | undefined;
  /** The endpoints of the door for WebSockets, as soon as they are known. */
  #webSockets: Endpoints | undefined;
  // After a start, with the port that was bound, so that the next start uses the same one.
  #ws: WebSocketDoorOptions | undefined;
  readonly #uplinkOptions: UplinkOptions | undefined;
  readonly #counters = { frames: 0, bytes: 0, invalid: 0, refused: 0 };
  // With a function that stops watching whether the other end is gone. The watch goes on while the broker is stopped.
  readonly #ports = new Map<Port, () => void>();
  #portDoor: PortDoor | undefined;
  #doors: readonly Door[] | undefined;
  #uplink: Uplink | undefined;
  #starting: Promise<unknown> | undefined;
  // Set until the stop is done, or the broker is started again; the start then waits for the stop.
  #stopping: Promise<void> | undefined;

  /**
   * @param inAddress - the address that peers receive from; or, alone, the one address from which both are derived:
   *   `ipc:///tmp/shop` stands for `ipc:///tmp/shop.in` and `.out` (beside which `/tmp/shop.in.lines` is created),
   *   `tcp://host:5000` for ports 5000 and 5001; a `ws://` address is used for both
   * @param outAddress - the address that peers send to
   * @throws AddressError for addresses that make no sense
   */
  constructor(inAddress: string, outAddress?: string);
  /** @param doors - one door or several; none for a broker that serves only ports, see {@link Broker.attach} */
  constructor(doors: BrokerDoors);
  constructor(first: string | BrokerDoors, outAddress?: string) {
    const { zmq, ws, uplink } = typeof first === 'object' && first !== null ? first : readAddresses(first, outAddress);
    this.#ws = typeof ws === 'string' ? webSocketDoorAt(ws) : ws;
    if (this.#ws?.path !== undefined) checkPath(this.#ws.path);
    if (typeof ws === 'string') this.#url = ws;
    this.#endpoints = typeof zmq === 'string' ? endpointsOf(zmq) : zmq;
    if (this.#endpoints !== undefined) checkServed(this.#endpoints);
    this.#uplinkOptions = typeof uplink === 'string' ? { address: uplink } : uplink;
    if (this.#uplinkOptions !== undefined) checkUplink(this.#uplinkOptions.address);
  }

  /**
   * Creates a broker and starts it. Rejects with whatever the constructor or `start()` throws.
   *
   * ```ts
   * await using broker = await Broker.listen({
   *   zmq: 'ipc:///tmp/shop',
   *   ws: { server, origins: ['https://shop.example'] },
   * });
   * ```
   */
  static async listen(doors: BrokerDoors): Promise<Broker> {
    return new Broker(doors).start();
  }

  /**
   * The two addresses. Once started, they are as bound, so a port of 0 is replaced by the actual one. Of a broker for
   * WebSockets alone, both are its URL.
   */
  get endpoints(): Endpoints {
    return this.#endpoints ?? { in: this.url ?? '', out: this.url ?? '' };
  }

  /**
   * The URL at which peers on this machine connect with WebSockets, if there is a door for them; once started, with the
   * port that was bound. Undefined while a server of yours does not listen, or if it does so at a Unix socket that no
   * address can name.
   */
  get url(): string | undefined {
    return this.#url || this.#webSockets?.in || undefined;
  }

  /**
   * Lets in the peer at the other end of a port: in another thread, or another frame of a page.
   *
   * ```ts
   * broker.attach(worker); // and in the worker: new Peer(parentPort, ['request_product'], ['produced'])
   * ```
   *
   * @returns a disposable that detaches the port
   * @throws AddressError for anything but a port, for a window, and for a `BroadcastChannel`, on which peers meet
   *   without a broker
   */
  attach(port: Port): Disposable {
    if (!isPort(port)) throw new AddressError('expected a port: a MessagePort, a Worker or, within one, parentPort');
    if ('frames' in port) {
      throw new AddressError('a window is no port: pass a MessagePort, and post its other end there');
    }
    if (isChannel(port)) {
      throw new AddressError(
        'peers meet on a BroadcastChannel without a broker: give it to each of them, and use ports here',
      );
    }
    const detach = (): void => {
      // The port may have been detached, and attached again, since.
      if (this.#ports.get(port) !== unwatch) return;
      unwatch();
      this.#ports.delete(port);
      this.#portDoor?.detach(port);
    };
    const unwatch = this.#ports.get(port) ?? whenGone(port, detach);
    this.#ports.set(port, unwatch);
    this.#portDoor?.attach(port);
    return { [Symbol.dispose]: detach };
  }

  /** The number of attached ports whose other ends are not known to be gone. */
  get ports(): number {
    return this.#ports.size;
  }

  /** A copy of the counters. */
  get counters(): BrokerCounters {
    return { ...this.#counters };
  }

  /** The state of the uplink since the last start; undefined for a broker without one. */
  get uplink(): UplinkStatus | undefined {
    return this.#uplink?.status;
  }

  /** Whether the broker serves. */
  get running(): boolean {
    return this.#doors !== undefined && this.#starting === undefined && this.#stopping === undefined;
  }

  /**
   * Binds the addresses and begins to serve. A stopped broker can be started again; the start waits until the stop is
   * done. The start tries an uplink once. When nobody answers within half a second, the broker serves its own peers and
   * goes on trying. Also fulfils if the broker is stopped meanwhile, unlike the start of a peer: `running` tells.
   * @returns the broker itself, for `await using`
   * @throws AddressInUseError when another broker or program serves an address; AddressError when an address cannot be
   *   used; RangeError or TypeError for options of a door that make no sense; MissingLibraryError; StateError when the
   *   broker was started already
   */
  async start(): Promise<this> {
    const stopping = this.#stopping;
    const wasStarted = this.#doors !== undefined || this.#starting !== undefined;
    if (wasStarted && stopping === undefined) throw new StateError('the broker was started already');
    this.#stopping = undefined;
    const starting = (async () => {
      await stopping?.catch(() => {});
      await this.#open();
    })();
    this.#starting = starting;
    try {
      await starting;
    } finally {
      if (this.#starting === starting) this.#starting = undefined;
    }
    return this;
  }

  /**
   * Stops serving and removes the socket files that the broker created. A server to which it was attached goes on. May
   * be called again while a stop is under way, and then waits for the same stop.
   */
  stop(): Promise<void> {
    if (this.#stopping === undefined) {
      const stopping = this.#close().finally(() => {
        if (this.#stopping === stopping) this.#stopping = undefined;
      });
      this.#stopping = stopping;
    }
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #close(): Promise<void> {
    const starting = this.#starting;
    if (starting !== undefined) {
      // The start waits for the uplink's first attempt.
      await this.#uplink?.close();
      await starting.catch(() => {});
    }
    const doors = this.#doors ?? [];
    this.#doors = undefined;
    this.#portDoor = undefined;
    await Promise.all(doors.map((door) => door.close()));
    await this.#uplink?.close();
  }

  async #open(): Promise<void> {
    const doors: Door[] = [];
    let uplink: Uplink | undefined;
    const listener: DoorListener = {
      frame: (frame) => {
        const kind = this.#pass(frame, doors);
        if (kind === 'request' || kind === 'pack') uplink?.send(frame);
        return kind !== 'invalid';
      },
      unreadable: () => {
        this.#counters.invalid += 1;
      },
      refused: (refusal) => {
        this.#counters.refused += 1;
        tell(this.status.refused, refusal);
      },
    };
    try {
      if (this.#uplinkOptions !== undefined) {
        // Before the doors: a peer that comes in when they open then reaches the other brokers at once.
        const { address, token } = this.#uplinkOptions;
        uplink = await makeUplink(address, token, topicOf);
        this.#uplink = uplink;
        await uplink.open({
          ...listener,
          frame: (frame) => this.#pass(frame, doors) !== 'invalid',
          uplink: (status) => tell(this.status.uplink, status),
        });
      }
      await this.#openDoors(doors, listener);
    } catch (error) {
      await Promise.all([...doors, ...(uplink === undefined ? [] : [uplink])].map((door) => door.close()));
      throw error;
    }
    this.#doors = doors;
  }

  async #openDoors(doors: Door[], listener: DoorListener): Promise<void> {
    if (this.#endpoints !== undefined) {
      const opened = await openDoors(this.#endpoints, listener);
      this.#endpoints = opened.endpoints;
      doors.push(...opened.doors);
    }
    if (this.#ws !== undefined) {
      const door = await makeWebSocketDoor(this.#ws, (grant) => makeGate(grant, (id) => isHere(id, doors)));
      this.#webSockets = await door.open(listener);
      doors.push(door);
      const { server, socket, port = 0 } = this.#ws;
      // A server of the user may listen elsewhere later.
      if (server === undefined) this.#url = this.#webSockets.in;
      if (server === undefined && socket === undefined && port === 0) {
        this.#ws = { ...this.#ws, port: Number(new URL(this.#webSockets.in).port) };
      }
    }
    this.#portDoor = await makePortDoor();
    await this.#portDoor.open(listener);
    doors.push(this.#portDoor);
    for (const port of this.#ports.keys()) this.#portDoor.attach(port);
  }

  /**
   * Passes a frame to all doors. These include the door that it came through, as other peers behind it may want it.
   * @returns the kind of the frame
   */
  #pass(frame: Frame, doors: readonly Door[]): FrameKind {
    const kind = kindOf(frame);
    if (kind === 'invalid') {
      this.#counters.invalid += 1;
      return kind;
    }
    if (kind === 'question') {
      const answer = answerTo(frame);
      if (answer !== undefined) for (const door of doors) door.send(answer);
      return kind;
    }
    this.#counters.frames += 1;
    this.#counters.bytes += frame.length;
    for (const door of doors) door.send(frame);
    if (kind === 'pack') sendUnpacked(frame, doors);
    return kind;
  }
}

/** Whether somebody behind one of the doors receives the messages to a peer. */
function isHere(id: string, doors: readonly Door[]): boolean {
  const prefixes = requestPrefixes(methodTo(id));
  return doors.some((door) => prefixes.some((prefix) => door.hears(prefix)));
}

/** Sends a pack, unpacked, to the doors with listeners that do not know packs. */
function sendUnpacked(frame: Frame, doors: readonly Door[]): void {
  const plainDoors = doors.filter((door) => door.hasPlainListeners);
  if (plainDoors.length === 0) return;
  for (const plain of unpackFrame(frame)) for (const door of plainDoors) door.send(plain);
}

function readAddresses(inAddress: string, outAddress: string | undefined): BrokerDoors {
  if (outAddress !== undefined && outAddress !== inAddress) return { zmq: { in: inAddress, out: outAddress } };
  const isForWebSockets = webSocketDoorAt(inAddress) !== undefined;
  if (isForWebSockets) return { ws: inAddress };
  return { zmq: outAddress === undefined ? inAddress : { in: inAddress, out: outAddress } };
}
