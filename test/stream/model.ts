import { Session } from '../../src/peer/session.ts';
import type { PublishPolicy } from '../../src/stream/log.ts';
import { OverflowError } from 'mreventloop';
import { type FaultyBus, FaultyNetwork, StepClock } from 'mreventloop/testing';

/** Each peer publishes all of these, and subscribes to some of them. */
const EVENTS = ['a', 'b', 'c'];
/** How often a peer looks whether its link is there again. */
const RECONNECT = 25;
const SILENCE = 6_000;
/** How long, in all, everything is given to come right at the end. */
const PATIENCE = 60_000;

export interface Setting {
  readonly seed: number;
  readonly packs: boolean;
  readonly window: number;
  readonly limit: number;
  readonly history: number;
  /** How many characters are kept: what is under way, and history. */
  readonly size: number;
  readonly overflow: PublishPolicy;
}

export type Step =
  | { readonly do: 'publish'; readonly peer: number; readonly event: number; readonly count: number }
  /** One peer says something to another alone. */
  | { readonly do: 'tell'; readonly peer: number; readonly to: number; readonly count: number }
  | { readonly do: 'wait'; readonly ms: number }
  | {
      readonly do: 'faults';
      readonly loss: number;
      readonly duplication: number;
      readonly delay: number;
      readonly jitter: number;
    }
  | { readonly do: 'crash' | 'restart' }
  | { readonly do: 'break' | 'partition' | 'mend'; readonly peer: number }
  | { readonly do: 'join' | 'leave'; readonly peer: number };

/** What one peer has published, and what it heard of another. */
interface Published {
  readonly event: string;
  readonly n: number;
}

interface Heard {
  readonly delivered: Published[];
  readonly gaps: Map<string, number>;
}

/** One start of one peer, as `Peer` would run it, with its history. */
class Participant {
  readonly session: Session;
  readonly bus: FaultyBus;
  readonly wanted: readonly string[];
  readonly published: Published[] = [];
  readonly counts = new Map<string, number>();
  /** What was heard of each publisher, by its id. */
  readonly heard = new Map<string, Heard>();
  /** What was said to others alone, and what others said, by their ids: numbers that count from 1. */
  readonly told = new Map<string, number>();
  readonly toldBy = new Map<string, number[]>();
  /** For each peer that was met: how many of each event had been published when it was. */
  readonly met = new Map<string, Map<string, number>>();
  /** By peer: how many of each of its events had been published when this one became ready. */
  readonly atReady = new Map<Participant, Map<string, number>>();
  /** The peers that were taken for gone, rightly or not, without having said good-bye. */
  readonly missed = new Set<string>();
  readonly #clock: StepClock;
  readonly #onReady: (self: Participant) => void;
  #isOpen = false;
  #wasReady = false;
  hasLeft = false;
  cutOffAt: number | undefined;

  constructor(
    id: string,
    wanted: readonly string[],
    network: FaultyNetwork,
    clock: StepClock,
    setting: Setting,
    onReady: (self: Participant) => void,
  ) {
    this.wanted = wanted;
    this.#clock = clock;
    this.#onReady = onReady;
    this.bus = network.bus();
    this.session = new Session(
      {
        id,
        subscribes: new Map(wanted.map((event) => [event, 0])),
        publishes: EVENTS,
        knows: () => true,
        durable: new Set(),
        serves: [],
        outbox: {
          window: setting.window,
          limit: setting.limit,
          history: setting.history,
          size: setting.size,
          events: Object.fromEntries(EVENTS.map((event) => [event, { overflow: setting.overflow, limit: 3 }])),
        },
        silence: SILENCE,
      },
      clock,
      {
        send: (topic, frame) => this.bus.send(topic, frame),
        deliver: (event, [publisher, n]) => {
          this.hear(publisher as string).delivered.push({ event, n: n as number });
        },
        afterDelivery: (then) => then(),
        gap: (publisher, event, count) => {
          const { gaps } = this.hear(publisher);
          gaps.set(event, (gaps.get(event) ?? 0) + count);
        },
        joined: (peer) => this.met.set(peer.id, this.met.get(peer.id) ?? new Map(this.counts)),
        left: (peer, reason) => {
          if (reason === 'silent') this.missed.add(peer.id);
        },
        direct: (peer, { id: n }) => {
          const list = this.toldBy.get(peer);
          if (list === undefined) this.toldBy.set(peer, [n]);
          else list.push(n);
        },
        doubtful() {},
        forgotten() {},
        lost() {},
        probed() {},
        invalid(part) {
          throw new Error(`invalid: ${part.reason}`);
        },
        overflow() {},
      },
    );
    void this.bus.open({
      frame: (text) => this.session.receive(text),
      unreadable() {},
      refused() {},
      down: () => this.#down(),
    });
    for (const topic of this.session.topics) this.bus.subscribe(topic);
    this.#connect();
  }

  hear(publisher: string): Heard {
    let heard = this.heard.get(publisher);
    if (heard === undefined) {
      heard = { delivered: [], gaps: new Map() };
      this.heard.set(publisher, heard);
    }
    return heard;
  }

  publish(event: string): void {
    const n = (this.counts.get(event) ?? 0) + 1;
    try {
      this.session.outbox.publish(event, [this.session.id, n]);
    } catch (error) {
      // Refused is not lost: the emitter knows.
      if (error instanceof OverflowError) return;
      throw error;
    }
    this.counts.set(event, n);
    this.published.push({ event, n });
  }

  /** Says something to a peer that is known, as far as that is not refused. */
  tell(peer: string): void {
    if (!this.session.peers.some(({ id }) => id === peer)) return;
    const id = (this.told.get(peer) ?? 0) + 1;
    try {
      this.session.sendDirect(peer, { kind: 'cancel', id });
    } catch (error) {
      if (error instanceof OverflowError) return;
      throw error;
    }
    this.told.set(peer, id);
  }

  leave(): void {
    this.hasLeft = true;
    this.session.close(this.#isOpen);
    void this.bus.close();
  }

  #connect(): void {
    if (this.hasLeft) return;
    if (this.bus.isConnected) {
      this.#isOpen = true;
      if (!this.#wasReady) this.#onReady(this);
      this.#wasReady = true;
      this.session.open();
    } else {
      this.#clock.after(RECONNECT, () => this.#connect());
    }
  }

  #down(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.session.pause();
    this.#clock.after(RECONNECT, () => this.#connect());
  }
}

/** A run of a program, and the judge of what came of it. */
export class Program {
  readonly #setting: Setting;
  readonly #clock = new StepClock();
  readonly #network: FaultyNetwork;
  // Nothing is lost but where a link breaks and both ends are told, and nothing overtakes.
  #isOrderly = true;
  readonly #places: (Participant | undefined)[] = [];
  readonly #all: Participant[] = [];

  constructor(setting: Setting) {
    this.#setting = setting;
    this.#network = new FaultyNetwork({ clock: this.#clock, seed: setting.seed, packs: setting.packs });
    this.#join(0);
    this.#join(1);
  }

  run(step: Step): void {
    switch (step.do) {
      case 'publish':
        for (let i = 0; i < step.count; i += 1) {
          // Every other time, events of different names take turns.
          const event = EVENTS[(step.event + (step.count % 2) * i) % EVENTS.length] as string;
          this.#places[step.peer]?.publish(event);
        }
        break;
      case 'tell': {
        const to = this.#places[step.to];
        if (to !== undefined) for (let i = 0; i < step.count; i += 1) this.#places[step.peer]?.tell(to.session.id);
        break;
      }
      case 'wait':
        this.#clock.advance(step.ms);
        break;
      case 'faults':
        if (step.loss > 0 || step.jitter > 0) this.#isOrderly = false;
        Object.assign(this.#network.faults, {
          loss: step.loss,
          duplication: step.duplication,
          delay: step.delay,
          jitter: step.jitter,
        });
        break;
      case 'crash':
        if (this.#network.isUp) this.#network.crash();
        break;
      case 'restart':
        this.#network.restart();
        for (const participant of this.#all) this.#noteAbsence(participant);
        break;
      case 'break':
      case 'partition':
      case 'mend':
        if (step.do === 'partition') this.#isOrderly = false;
        this.#places[step.peer]?.bus[step.do]();
        this.#noteAbsence(this.#places[step.peer]);
        break;
      case 'join':
        this.#join(step.peer);
        break;
      case 'leave':
        this.#places[step.peer]?.leave();
        this.#places[step.peer] = undefined;
        break;
    }
  }

  /** Everything is mended and given time; then the histories are checked. */
  finish(): void {
    Object.assign(this.#network.faults, { loss: 0, duplication: 0, delay: 1, jitter: 0 });
    this.#network.restart();
    for (const participant of this.#all) this.#noteAbsence(participant);
    this.#clock.advance(PATIENCE);
    for (const publisher of this.#all) for (const subscriber of this.#all) this.#check(publisher, subscriber);
    for (const { session, hasLeft } of this.#all) {
      if (hasLeft) continue;
      const { pending } = session;
      const { kept } = session.outbox;
      if (pending > 0) throw new Error(`${session.id} still keeps ${pending} events for others`);
      if (kept > this.#setting.history * EVENTS.length)
        throw new Error(`${session.id} keeps a history of ${kept} events`);
      if (session.held > 0) throw new Error(`${session.id} still holds back ${session.held} events`);
    }
    for (const participant of this.#all) if (!participant.hasLeft) participant.leave();
    this.#clock.advance(PATIENCE);
    if (this.#clock.pending > 0) throw new Error(`${this.#clock.pending} timers are left over`);
  }

  /**
   * Who was cut off alone, for as long as the silence, was not live, and others may have given up on it. While
   * the broker is away, nobody gives up on anybody.
   */
  #noteAbsence(participant: Participant | undefined): void {
    if (participant === undefined) return;
    if (!participant.bus.isConnected) {
      participant.cutOffAt ??= this.#clock.now();
      return;
    }
    if (participant.cutOffAt !== undefined && this.#clock.now() - participant.cutOffAt >= SILENCE / 2) {
      for (const other of this.#all) other.missed.add(participant.session.id);
    }
    participant.cutOffAt = undefined;
  }

  #join(place: number): void {
    if (this.#places[place] !== undefined) return;
    // The wish depends on the place, so that the program says it all.
    const wanted = [['a', 'b', 'c'], ['a', 'b'], ['c'], [], ['b', 'c']][place] as string[];
    const id = `peer${this.#all.length}`;
    const participant = new Participant(id, wanted, this.#network, this.#clock, this.#setting, (ready) => {
      for (const other of this.#all) ready.atReady.set(other, new Map(other.counts));
    });
    this.#places[place] = participant;
    this.#all.push(participant);
  }

  #check(publisher: Participant, subscriber: Participant): void {
    const pair = `${subscriber.session.id} of ${publisher.session.id}`;
    const heard = subscriber.heard.get(publisher.session.id) ?? { delivered: [], gaps: new Map<string, number>() };

    // Once, and in the publisher's order over all events.
    const order = new Map(publisher.published.map(({ event, n }, index) => [`${event}${n}`, index]));
    let last = -1;
    for (const { event, n } of heard.delivered) {
      const index = order.get(`${event}${n}`);
      if (index === undefined) throw new Error(`${pair}: ${event}${n} was never published`);
      if (index === last) throw new Error(`${pair}: ${event}${n} was delivered twice`);
      if (index < last) throw new Error(`${pair}: ${event}${n} was delivered after its successor`);
      last = index;
    }

    // What is said to one alone: once, in order, and all of it where nobody was taken for gone.
    const toldBy = subscriber.toldBy.get(publisher.session.id) ?? [];
    const disorder = toldBy.find((n, index) => index > 0 && n <= (toldBy[index - 1] as number));
    if (disorder !== undefined) throw new Error(`${pair}: ${disorder} was told twice, or after its successor`);
    const told = publisher.told.get(subscriber.session.id) ?? 0;
    const wasMissed = publisher.missed.has(subscriber.session.id) || subscriber.missed.has(publisher.session.id);
    if (toldBy.length !== told && !publisher.hasLeft && !subscriber.hasLeft && !wasMissed)
      throw new Error(`${pair}: ${toldBy.length} of ${told} were told`);

    // Complete from the first on, or counted as a gap.
    const atMeeting = publisher.met.get(subscriber.session.id);
    if (publisher.hasLeft || subscriber.hasLeft || publisher === subscriber || atMeeting === undefined) return;
    const mayLose =
      this.#setting.overflow !== 'block' ||
      // What was sent before they met may not be in it any more.
      this.#setting.history < 100 ||
      this.#setting.size < 1_000 ||
      publisher.missed.has(subscriber.session.id) ||
      subscriber.missed.has(publisher.session.id);
    for (const event of subscriber.wanted) {
      const total = publisher.counts.get(event) ?? 0;
      const delivered = heard.delivered.filter((one) => one.event === event);
      const gap = heard.gaps.get(event) ?? 0;
      const before = total - delivered.length - gap;
      const summary = `${pair}: of ${total} ${event}, ${delivered.length} delivered, ${gap} reported as lost`;
      if (gap > 0 && !mayLose) throw new Error(`${summary}, and nothing may be lost`);
      if (before > (atMeeting.get(event) ?? 0))
        throw new Error(`${summary}; ${atMeeting.get(event) ?? 0} before they met`);
      const atReady = subscriber.atReady.get(publisher)?.get(event) ?? 0;
      if (this.#isOrderly && this.#setting.overflow === 'block' && before > atReady)
        throw new Error(`${summary}; ${atReady} before the subscriber was ready`);
      if (before < 0 || delivered.some(({ n }) => n <= before)) throw new Error(`${summary}: more than there was`);
    }
  }
}
