import type { Clock } from '../stream/clock.ts';

/** Another peer on the bus. Peers in Python are not known. */
export interface RemotePeer {
  /** Random, and a new one with each start. */
  readonly id: string;
  /** The events that it receives. */
  readonly subscribes: readonly string[];
  /** The events that it sends. */
  readonly publishes: readonly string[];
  /** The requests that it answers. */
  readonly serves: readonly string[];
}

/**
 * Why a peer is not there any more. `'bye'`: it said good-bye, because it was stopped, or its page or process ended.
 * `'silent'`: nothing was heard of it for too long.
 */
export type LeaveReason = 'bye' | 'silent';

export interface PresencePort {
  /** It is time to say that this peer is there. */
  alive(): void;
  left(peer: RemotePeer, reason: LeaveReason): void;
  /**
   * Nothing is heard of a peer any more, or it said good-bye.
   * @param wasThere - whether it had said who it is
   */
  gone(peer: string, wasThere: boolean): void;
  /**
   * Nothing has to be remembered of a peer any more.
   * @param hasLeft - whether it said good-bye, so that it will not come back
   */
  forget(peer: string, hasLeft: boolean): void;
}

/** How long a peer that fell silent is remembered, in multiples of the silence, so that it can go on where it was. */
const REMEMBERED = 10;
/**
 * How many signs of life a peer hears in a second at most. If there are more peers, all of them give signs less often,
 * and wait longer for each other. Otherwise the traffic would grow with the square of their number.
 */
const MOST_SIGNS = 100;
/**
 * How many times its own silence a peer grants to others. A peer that claimed more, and left without a word, would hold
 * up all publishers.
 */
const MOST_GRANTED = 10;
/** The shortest time, in milliseconds, between two signs of life of a peer, whatever others ask for. */
const SHORTEST_TICK = 100;

interface Known {
  peer: RemotePeer | undefined;
  /** How many peers had been forgotten when this one was met. */
  readonly forgot: number;
  heard: number;
  /** The longer of its own silence and that of this peer: it speaks as often as its own silence requires. */
  silence: number;
  /** How long it may be silent, computed when it was last heard: there may be fewer peers since. */
  patience: number;
  /** How long, in milliseconds, a tick of this peer may be, so that the other hears from it often enough. */
  tick: number;
  /** It was silent for too long. */
  isGone: boolean;
  /** It said good-bye. It does not come back: the next start has another id. */
  hasLeft: boolean;
}

/** The peers that are on the bus. */
export class Presence {
  readonly #silence: number;
  /** How long, in milliseconds, a tick is. */
  #interval: number;
  readonly #clock: Clock;
  readonly #port: PresencePort;
  // Every peer that was heard, also before it said who it is, and for a while after it left.
  readonly #known = new Map<string, Known>();
  /** How many peers were forgotten that had not said good-bye: they may still come back. */
  #forgot = 0;
  #lastTick = 0;
  /** How many peers there were at the last tick. */
  #count = 0;
  /** How many ticks have passed since this peer said that it is there. */
  #ticks = 0;
  #cancelTick: (() => void) | undefined;

  constructor(silence: number, clock: Clock, port: PresencePort) {
    this.#silence = silence;
    this.#interval = silence / 3;
    this.#clock = clock;
    this.#port = port;
  }

  get peers(): RemotePeer[] {
    return [...this.#known.values()].map(({ peer }) => peer).filter((peer) => peer !== undefined);
  }

  has(id: string): boolean {
    return this.#known.get(id)?.peer !== undefined;
  }

  /** Begins, or begins again, to expect signs of life. Until now, no peer could be heard. */
  start(): void {
    this.pause();
    const now = this.#clock.now();
    this.#missed(now - this.#lastTick, now);
    this.#lastTick = now;
    this.#tickLater();
  }

  pause(): void {
    this.#cancelTick?.();
    this.#cancelTick = undefined;
  }

  close(): void {
    this.pause();
    this.#known.clear();
  }

  /** Something arrived from a peer. @returns whether it counts: what comes after a good-bye was overtaken by it */
  heard(id: string): boolean {
    const known = this.#known.get(id);
    if (known === undefined) {
      this.#note(id, undefined, false);
      return true;
    }
    if (known.hasLeft) return false;
    const now = this.#clock.now();
    known.heard = now;
    // Timers may be held back while messages come in, as in hidden pages. In busy programs, they are a little late.
    if (this.#cancelTick !== undefined && now - this.#lastTick > 1.5 * this.#interval) {
      this.#cancelTick();
      this.#tick();
    }
    known.patience = this.#patienceFor(known.silence);
    known.isGone = false;
    return true;
  }

  /**
   * @param silence - after how many milliseconds it takes others for gone; it gives three signs of life within these
   */
  add(peer: RemotePeer, silence = 0): void {
    this.#note(peer.id, peer, false, silence);
  }

  /** A peer said good-bye. */
  bye(id: string): void {
    const peer = this.#known.get(id)?.peer;
    this.#note(id, undefined, true);
    this.#port.gone(id, peer !== undefined);
    if (peer !== undefined) this.#port.left(peer, 'bye');
    this.#port.forget(id, true);
  }

  /** Whether a peer is there, or was there and may come back. */
  mayReturn(id: string): boolean {
    return this.#known.get(id)?.hasLeft === false;
  }

  /** How many peers had been forgotten when this one was met. If that grows, it was forgotten itself. */
  forgotBefore(id: string): number {
    return this.#known.get(id)?.forgot ?? this.#forgot;
  }

  /** How long, in milliseconds, a peer with this silence may be silent: it gives three signs of life in that time. */
  #patienceFor(silence: number): number {
    return silence * this.#ticksASign(silence / 3);
  }

  /** How many ticks, which are `interval` milliseconds apart, there are to one sign of life. */
  #ticksASign(interval: number): number {
    return Math.ceil((this.#count * 1000) / (MOST_SIGNS * interval)) || 1;
  }

  #note(id: string, peer: RemotePeer | undefined, hasLeft: boolean, theirs = 0): void {
    const silence = Math.max(this.#silence, Math.min(theirs, this.#silence * MOST_GRANTED));
    const [heard, patience] = [this.#clock.now(), this.#patienceFor(silence)];
    // A peer whose silence is shorter than that of this peer has to hear from this peer as often as that requires.
    const tick = theirs > 0 ? Math.max((theirs * MOST_GRANTED) / 3, SHORTEST_TICK) : Infinity;
    this.#interval = Math.min(this.#interval, tick);
    const forgot = this.forgotBefore(id);
    this.#known.set(id, { peer, forgot, heard, silence, patience, tick, isGone: hasLeft, hasLeft });
  }

  /**
   * This peer did not listen for a time. That is not a silence of the others. Those that are gone are remembered for
   * that much longer, but not for the whole time again: where this happened often, they would never be forgotten.
   */
  #missed(time: number, now: number): void {
    for (const known of this.#known.values()) known.heard = known.isGone ? Math.min(known.heard + time, now) : now;
  }

  #tickLater(): void {
    this.#cancelTick = this.#clock.after(this.#interval, () => this.#tick());
  }

  #tick(): void {
    const now = this.#clock.now();
    // If this peer itself was suspended, it did not listen.
    const overslept = now - this.#lastTick - (2 * this.#silence) / 3;
    this.#lastTick = now;
    this.#count = 0;
    this.#interval = this.#silence / 3;
    for (const { isGone, tick } of this.#known.values()) {
      if (isGone) continue;
      this.#count += 1;
      this.#interval = Math.min(this.#interval, tick);
    }
    this.#tickLater();
    this.#ticks += 1;
    if (this.#ticks >= this.#ticksASign(this.#interval)) {
      this.#ticks = 0;
      this.#port.alive();
    }
    if (overslept > 0) this.#missed(overslept, now);
    for (const [id, known] of this.#known) {
      const silent = now - known.heard;
      const patience = Math.max(known.patience, this.#patienceFor(known.silence));
      if (silent >= patience && !known.isGone) {
        const { peer } = known;
        known.isGone = true;
        known.peer = undefined;
        this.#port.gone(id, peer !== undefined);
        if (peer !== undefined) this.#port.left(peer, 'silent');
      } else if (silent >= patience * REMEMBERED) {
        this.#known.delete(id);
        if (!known.hasLeft) this.#forgot += 1;
        this.#port.forget(id, known.hasLeft);
      }
    }
  }
}
