/**
 * What carries frames. A bus brings a frame from one peer to all who want its topic, in the order in
 * which that peer sent it, and may lose it. Everything else is made on top of it, by the peer.
 */

/** A subject that peers subscribe to. */
export interface Topic {
  readonly name: string;
  /** How frames of this topic can begin, for buses that filter on the text of frames. */
  readonly prefixes: readonly string[];
}

/** What a bus tells the peer that opened it. Nothing is called before `open` or once `close` was called. */
export interface BusListener {
  /** A frame arrived for a topic that was subscribed to: a JSON text. Must not throw. */
  frame(text: string): void;
  /** A frame arrived that is no text. It was dropped. */
  unreadable(): void;
  /**
   * The link to the broker, which was there, broke: frames on their way are lost. The bus connects again by
   * itself and asks for the same topics. May be called more than once for one break.
   * @param reason - what the broker said, if it said anything
   */
  down(reason?: string): void;
  /**
   * The broker is there and does not want this peer, which the error explains. The bus goes on trying: the
   * broker, or what the peer shows it, may change.
   */
  refused(error: Error): void;
}

/**
 * A peer's end of a bus. Its life: `open` once, then any number of `subscribe` and `send`, then `close`.
 * `mreventloop/testing` has the checks that every bus has to pass.
 */
export interface Bus {
  /**
   * The largest event that it carries, if there is a limit: its arguments as JSON, in bytes of UTF-8. It may
   * change with each link. Peers refuse to publish what is larger. Frames have up to {@link FRAME_OVERHEAD} bytes more.
   */
  readonly largest?: number | undefined;
  /**
   * Whether all who get frames over it understand packs, or somebody on the way translates them: then nobody has
   * to be asked. Otherwise peers ask the broker.
   */
  readonly takesPacks?: boolean;
  /**
   * Whether there are several servers, with peers at each. Those at the others hear of a topic later than what comes back
   * from the own one.
   */
  readonly isSpread?: boolean;
  /** Why it is not connected, as far as that is known: for the error of a start that waited in vain. */
  readonly trouble?: Error | undefined;
  /** What keeps events for subscribers that are away, if it has that. Not to be used before the first frame came. */
  readonly store?: Store;
  /**
   * Begins to connect. Resolves when the bus can be used, which does not mean that a broker is there:
   * a bus goes on trying until it is closed. Rejects when it can never work, and then holds nothing.
   */
  open(listener: BusListener): Promise<void>;
  /**
   * Asks for the frames of a topic; they come once the broker has heard of it, and of no other topic. The broker
   * hears of topics in this order, also after a reconnect: who gets frames of the last one gets all of them.
   */
  subscribe(topic: Topic): void;
  /**
   * Hands over a frame of a topic, which the bus owns from then on. Never blocks, never throws; while there is
   * no broker it may be dropped. Who sends to a topic that it subscribed to gets the frame as well.
   */
  send(topic: string, frame: string): void;
  /**
   * Hands over what was sent, as far as there is a broker, and frees everything. Resolves within some seconds,
   * whatever the broker does. May be called twice, and without `open`.
   */
  close(): Promise<void>;
}

/**
 * What keeps frames for subscribers that are away, in the order in which it got them, and notes how far they are. Each
 * method rejects where there is no link or no answer, and then nobody knows whether it was done; and with a
 * `RefusedError` where the server does not want to.
 */
export interface Store {
  /** The largest event that it keeps, as {@link Bus.largest}. */
  readonly largest: number;
  /** As {@link Bus.isSpread}: what comes back from the own server says nothing of what peers at the others have said before. */
  readonly isSpread: boolean;
  /**
   * Which of these events somebody wants to have kept.
   * @throws RefusedError where that may not be asked; MissingLibraryError if there are any, and what is needed to keep
   *   them is missing
   */
  wanted(events: readonly string[]): Promise<readonly string[]>;
  /**
   * Has these events kept, from now on and by everybody who asks what is {@link wanted}.
   * @returns the number of the last frame that is there; if none is, one that is lower than those of all to come
   */
  want(events: readonly string[]): Promise<number>;
  /** Keeps a frame, behind all others. What was kept with the same `id` some moments ago is not kept again. */
  keep(id: string, frame: string): Promise<void>;
  /**
   * Hands over what is kept behind a number, and what comes later: one frame at a time, waiting each time. Resolves
   * when the signal says so, or the link has ended.
   */
  read(after: number, take: (frame: string, number: number) => Promise<void>, signal: AbortSignal): Promise<void>;
  /** What is noted under a name. */
  recall(name: string): Promise<Note | undefined>;
  /**
   * Notes a text under a name.
   * @param revision - of the note that it replaces, 0 for none
   * @returns its revision; undefined if another note is there meanwhile, which stays
   */
  note(name: string, text: string, revision: number): Promise<number | undefined>;
}

/** What somebody noted in a store. */
export interface Note {
  readonly text: string;
  /** Another with each note. */
  readonly revision: number;
}

/**
 * How much longer, in bytes, a frame may be than the largest event in it: peers put events into a frame until
 * they have 48 Ki characters, of three bytes at most, and each needs something around it.
 */
export const FRAME_OVERHEAD: number = 1024 * 1024;

/**
 * How long, in milliseconds, a token may take to come: less than brokers wait for it, and peers for a broker, so that they
 * tell what it is.
 */
export const TOKEN_WITHIN = 4_000;

/** What a peer shows to a broker or server that asks who it is. */
export type Token = string | (() => string | Promise<string>) | undefined;

/** What one peer may do that came in through a door where strangers come in. */
export interface Gate {
  /** Whether a prefix makes it a peer that is here already, by another connection. To be asked before it subscribes. */
  isTaken(prefix: string): boolean;
  maySubscribe(prefix: string): boolean;
  maySend(frame: Frame): boolean;
  mayReceive(frame: Frame): boolean;
}

/** A frame as a broker passes it on: text, or its bytes in UTF-8. Nobody changes the bytes. */
export type Frame = string | Uint8Array;

/** What a door tells the broker that opened it. Nothing is called before `open` or once `close` was called. */
export interface DoorListener {
  /**
   * A frame came in. Must not throw.
   * @returns whether it is one: false for what is no JSON-RPC
   */
  frame(frame: Frame): boolean;
  /** Something came in that is no text in UTF-8. It was dropped. */
  unreadable(): void;
  refused(refusal: Refusal): void;
}

/** Somebody was not let in at a door, or was cut off for what it did there. */
export interface Refusal {
  /** Why, in words. */
  readonly reason: string;
  /** Where it came from; undefined at a path of this machine. Behind a proxy, all come from there. */
  readonly remoteAddress: string | undefined;
  /** What `authorize` threw, if that was the reason. */
  readonly error: unknown;
}

/** The two addresses of a broker, named as peers use them. Where one way serves both, they are the same. */
export interface Endpoints {
  /** Where peers receive from. */
  readonly in: string;
  /** Where peers send to. */
  readonly out: string;
}

/**
 * A broker's end of a bus: where peers come in. Its life: `open` once, any number of `send`, `close`.
 * A broker may have several doors, and sends every frame through all of them.
 */
export interface Door {
  /**
   * Binds the addresses and resolves with them as they were bound. Rejects with an `AddressError`, an
   * `AddressInUseError` or a `MissingLibraryError`, and then holds nothing.
   */
  open(listener: DoorListener): Promise<Endpoints>;
  /**
   * Whether somebody listens who knows only JSON-RPC, as peers in Python do, which subscribe to everything:
   * packed events have to be sent to such a door unpacked, too.
   */
  readonly hasPlainListeners: boolean;
  /**
   * Whether somebody has subscribed to exactly this beginning of frames. Who is gone counts until that is noticed. An uplink
   * cannot know: brokers do not tell each other what is subscribed to.
   */
  hears(prefix: string): boolean;
  /**
   * Passes a frame to every peer that wants it, also to the one that sent it. Never blocks, never throws;
   * peers that are too slow miss it, or are cut off.
   */
  send(frame: Frame): void;
  /** Stops to serve and removes what `open` made. May be called twice. */
  close(): Promise<void>;
}

/** Doors that have been opened together. */
export interface OpenDoors {
  readonly doors: readonly Door[];
  /** The addresses as they were bound. */
  readonly endpoints: Endpoints;
}

/** How it stands with what joins a broker to others. */
export interface UplinkStatus {
  /** Whether it is connected. */
  readonly up: boolean;
  /** How often the link broke. */
  readonly breaks: number;
  /**
   * How many frames did not leave, because there was no link, or more than 16 MiB waited for a server that did not keep up:
   * what peers keep for each other is repaired.
   */
  readonly dropped: number;
  /** Why it is not connected, as far as that is known; or what does not get through although it is. */
  readonly error: Error | undefined;
}

/** What an uplink tells besides. */
export interface UplinkListener extends DoorListener {
  /** Its status has changed: it is connected or not, or for another reason. */
  uplink(status: UplinkStatus): void;
}

/**
 * What joins a broker to others, and to peers that have none: a door behind which there are not peers, but what
 * the other brokers pass on. It goes on trying to connect until it is closed: opening it fails only when it can
 * never work, and takes no longer than the first attempt, nor than half a second.
 */
export interface Uplink extends Omit<Door, 'open'> {
  open(listener: UplinkListener): Promise<Endpoints>;
  readonly status: UplinkStatus;
}
