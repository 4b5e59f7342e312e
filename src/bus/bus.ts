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

/** What a bus tells the peer that opened it. Nothing is called before `open` or after `close`. */
export interface BusListener {
  /** A frame arrived for a topic that was subscribed to. Must not throw. */
  frame(text: string): void;
  /** A frame arrived that is no text. It was dropped. */
  unreadable(): void;
  /** The link to the broker broke: frames on their way are lost. The bus connects again by itself. */
  down(): void;
}

/**
 * A peer's end of a bus. Its life: `open`, then any number of `subscribe` and `send`, then `close`.
 */
export interface Bus {
  /**
   * Begins to connect. Resolves when the bus can be used, which does not mean that a broker is there:
   * a bus goes on trying until it is closed. Rejects when it can never work, and then holds nothing.
   */
  open(listener: BusListener): Promise<void>;
  /** Asks for the frames of a topic; they come once the broker has heard of it. */
  subscribe(topic: Topic): void;
  /** Hands over a frame of a topic, which the bus owns from then on. Never blocks, never throws. */
  send(topic: string, frame: string): void;
  /** Hands over what was sent, as far as there is a broker, and frees everything. May be called twice. */
  close(): Promise<void>;
}

/** A frame as a broker passes it on: text, or its bytes in UTF-8. */
export type Frame = string | Uint8Array;

/** What a door tells the broker that opened it. */
export interface DoorListener {
  /** A frame came in. Must not throw. */
  frame(frame: Frame): void;
  /** Something came in that is no text in UTF-8. It was dropped. */
  unreadable(): void;
}

/** The two addresses of a broker, named as peers use them. */
export interface Endpoints {
  /** Where peers receive from. */
  readonly in: string;
  /** Where peers send to. */
  readonly out: string;
}

/**
 * A broker's end of a bus: where peers come in. Its life: `open`, any number of `send`, `close`.
 */
export interface Door {
  /**
   * Binds the addresses and resolves with them as they were bound. Rejects with an `AddressError` or
   * `AddressInUseError`, and then holds nothing.
   */
  open(listener: DoorListener): Promise<Endpoints>;
  /**
   * Whether somebody listens who knows only JSON-RPC, as peers in Python do, which subscribe to everything:
   * packed events have to be sent to such a door unpacked, too.
   */
  readonly hasPlainListeners: boolean;
  /** Passes a frame to every peer that wants it. Never blocks, never throws; peers that are too slow miss it. */
  send(frame: Frame): void;
  /** Stops to serve and removes what `open` made. May be called twice. */
  close(): Promise<void>;
}
