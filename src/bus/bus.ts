/**
 * The transport of frames. A bus carries a frame from one peer to all peers that want its topic. It keeps the order
 * in which a peer sent its frames, and may lose frames. The peer builds everything else on top.
 */

/** A subject that peers subscribe to. */
export interface Topic {
  readonly name: string;
  /** The ways in which frames of this topic can begin, for buses that filter on the text of frames. */
  readonly prefixes: readonly string[];
}

/** The callbacks from a bus to the peer that opened it. None is called before `open` or after `close` was called. */
export interface BusListener {
  /** A frame, which is a JSON text, arrived for a subscribed topic. Must not throw. */
  frame(text: string): void;
  /** A frame that is not text arrived. It was dropped. */
  unreadable(): void;
  /**
   * An established link to the broker broke: frames in flight are lost. The bus reconnects by itself and subscribes to
   * the same topics again. May be called more than once for one break.
   * @param reason - the reason that the broker gave, if it gave one
   */
  down(reason?: string): void;
  /**
   * The broker is there, but refuses this peer. The error explains why. The bus goes on trying, because the broker, or
   * the token that the peer shows it, may change.
   */
  refused(error: Error): void;
}

/**
 * A peer's end of a bus. Its lifecycle: `open` once, then any number of `subscribe` and `send`, then `close`.
 * `mreventloop/testing` has the checks that every bus must pass.
 */
export interface Bus {
  /**
   * The size of the largest event that the bus carries, if there is a limit: that of its arguments as JSON, in bytes of
   * UTF-8. It may change with each link. Peers refuse to publish larger events. Frames have up to
   * {@link FRAME_OVERHEAD} bytes more.
   */
  readonly largest?: number | undefined;
  /**
   * Whether all receivers on this bus understand packs, or something on the way translates them. If so, peers need not
   * ask. Otherwise they ask the broker.
   */
  readonly takesPacks?: boolean;
  /**
   * Whether there are several servers, with peers at each. The other servers may hear of a subscription only after a
   * frame has come back to the peer from its own server.
   */
  readonly isSpread?: boolean;
  /** Why the bus is not connected, as far as that is known. The error of a start that timed out names it. */
  readonly trouble?: Error | undefined;
  /** The store that keeps events for absent subscribers, if the bus has one. Not to be used before the first frame. */
  readonly store?: Store;
  /**
   * Begins to connect. Resolves when the bus can be used, which does not mean that a broker is there: a bus goes on
   * trying until it is closed. Rejects when the bus can never work, and then holds no resources.
   */
  open(listener: BusListener): Promise<void>;
  /**
   * Asks for the frames of a topic. They come once the broker has received the subscription; frames of other topics do
   * not come. The broker receives subscriptions in this order, also after a reconnect: once frames of the last topic
   * come, those of all topics do.
   */
  subscribe(topic: Topic): void;
  /**
   * Hands over a frame of a topic, which the bus owns from then on. Never blocks, never throws. While there is no
   * broker, the frame may be dropped. A peer that is subscribed to the topic gets its own frame as well.
   */
  send(topic: string, frame: string): void;
  /**
   * Passes the sent frames on if there is a broker, and frees all resources. Resolves within some seconds, whatever
   * the broker does. May be called twice, and without `open`.
   */
  close(): Promise<void>;
}

/**
 * Keeps frames for absent subscribers, in the order in which it got them, and notes how far each of them has read.
 * Each method rejects where there is no link or no answer; it is then unknown whether the operation was done. Each
 * rejects with a `RefusedError` where the server refuses.
 */
export interface Store {
  /** The size of the largest event that the store keeps, as {@link Bus.largest}. */
  readonly largest: number;
  /**
   * As {@link Bus.isSpread}: when a frame comes back from the peer's own server, earlier frames of peers at the others
   * may not have come yet.
   */
  readonly isSpread: boolean;
  /**
   * Returns those of these events that somebody wants kept.
   * @throws RefusedError where the peer may not ask this; MissingLibraryError if there are such events and the library
   *   to keep them is missing
   */
  wanted(events: readonly string[]): Promise<readonly string[]>;
  /**
   * Has these events kept from now on, by every peer that asks what is {@link wanted}.
   * @returns the number of the last kept frame; if there is none, a number lower than those of all frames to come
   */
  want(events: readonly string[]): Promise<number>;
  /** Keeps a frame, behind all others. A frame that was kept with the same `id` some moments ago is not kept again. */
  keep(id: string, frame: string): Promise<void>;
  /**
   * Hands over the frames kept after a number, and those that come later: one at a time, each time waiting for `take`.
   * Resolves when the signal aborts, or the link has ended.
   */
  read(after: number, take: (frame: string, number: number) => Promise<void>, signal: AbortSignal): Promise<void>;
  /** Returns the note under a name. */
  recall(name: string): Promise<Note | undefined>;
  /**
   * Notes a text under a name.
   * @param revision - the revision of the note that it replaces, 0 for none
   * @returns the revision of the new note; undefined if another note has been written meanwhile, which stays
   */
  note(name: string, text: string, revision: number): Promise<number | undefined>;
}

/** A note in a store. */
export interface Note {
  readonly text: string;
  /** Different for each note. */
  readonly revision: number;
}

/**
 * How much longer, in bytes, a frame may be than the largest event in it. Peers put events into a frame until it has
 * 48 Ki characters, of three bytes at most, and each event has some overhead.
 */
export const FRAME_OVERHEAD: number = 1024 * 1024;

/**
 * How long, in milliseconds, obtaining a token may take: less than brokers wait for it, and than peers wait for a
 * broker, so that the error names the token as the cause.
 */
export const TOKEN_WITHIN = 4_000;

/** The token that a peer shows to a broker or server that asks who it is: a text, or a function that obtains one. */
export type Token = string | (() => string | Promise<string>) | undefined;

/** Decides what one peer may do that came in through a door for strangers. */
export interface Gate {
  /** Whether a prefix belongs to a peer that is here already, on another connection. Asked before it subscribes. */
  isTaken(prefix: string): boolean;
  maySubscribe(prefix: string): boolean;
  maySend(frame: Frame): boolean;
  mayReceive(frame: Frame): boolean;
}

/** A frame as a broker passes it on: text, or its bytes in UTF-8. The bytes are never modified. */
export type Frame = string | Uint8Array;

/** The callbacks from a door to the broker that opened it. None is called before `open` or after `close` was called. */
export interface DoorListener {
  /**
   * A frame came in. Must not throw.
   * @returns whether it is a valid frame: false for what is not JSON-RPC
   */
  frame(frame: Frame): boolean;
  /** Something that is not UTF-8 text came in. It was dropped. */
  unreadable(): void;
  refused(refusal: Refusal): void;
}

/** A peer was not let in at a door, or was cut off for what it did there. */
export interface Refusal {
  /** Why, in words. */
  readonly reason: string;
  /** The address that the peer came from; undefined at a local path. Behind a proxy, it is the proxy's. */
  readonly remoteAddress: string | undefined;
  /** The error that `authorize` threw, if that was the reason. */
  readonly error: unknown;
}

/** The two addresses of a broker, named as peers use them. Where one address serves both ways, they are the same. */
export interface Endpoints {
  /** The address that peers receive from. */
  readonly in: string;
  /** The address that peers send to. */
  readonly out: string;
}

/**
 * A broker's end of a bus, where peers come in. Its lifecycle: `open` once, then any number of `send`, then `close`.
 * A broker may have several doors, and sends every frame through all of them.
 */
export interface Door {
  /**
   * Binds the addresses and resolves with them as they were bound. Rejects with an `AddressError`, an
   * `AddressInUseError` or a `MissingLibraryError`, and then holds no resources.
   */
  open(listener: DoorListener): Promise<Endpoints>;
  /**
   * Whether there are plain listeners: peers that know only JSON-RPC, such as Python peers, which subscribe to
   * everything. Packed events must also be sent to such a door unpacked.
   */
  readonly hasPlainListeners: boolean;
  /**
   * Whether a peer has subscribed to exactly this prefix. A peer that is gone counts until its absence is noticed. An
   * uplink cannot know: brokers do not tell each other their subscriptions.
   */
  hears(prefix: string): boolean;
  /**
   * Passes a frame to every peer that wants it, including the one that sent it. Never blocks, never throws. Peers that
   * are too slow miss the frame, or are cut off.
   */
  send(frame: Frame): void;
  /** Stops serving and removes what `open` created. May be called twice. */
  close(): Promise<void>;
}

/** Doors that were opened together. */
export interface OpenDoors {
  readonly doors: readonly Door[];
  /** The addresses as they were bound. */
  readonly endpoints: Endpoints;
}

/** The state of an uplink. */
export interface UplinkStatus {
  /** Whether the uplink is connected. */
  readonly up: boolean;
  /** How often the link broke. */
  readonly breaks: number;
  /**
   * The number of frames that were not sent, because there was no link, or because more than 16 MiB waited for a server
   * that did not keep up. Peers repair those that they still keep.
   */
  readonly dropped: number;
  /** Why the uplink is not connected, as far as that is known; or, while connected, what does not get through. */
  readonly error: Error | undefined;
}

/** The callbacks of an uplink: those of a door, and one for its status. */
export interface UplinkListener extends DoorListener {
  /** The status has changed: the uplink connected or disconnected, or the reason for that has changed. */
  uplink(status: UplinkStatus): void;
}

/**
 * Joins a broker to other brokers, and to peers without a broker: a door that leads not to peers, but to what other
 * brokers pass on. It goes on trying to connect until it is closed. Opening it fails only when it can never work. It
 * takes no longer than the first attempt, and half a second at most.
 */
export interface Uplink extends Omit<Door, 'open'> {
  open(listener: UplinkListener): Promise<Endpoints>;
  readonly status: UplinkStatus;
}
