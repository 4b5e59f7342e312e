import { tell } from '../loop/runtime.ts';
import type { Bus, Endpoints } from '../bus/bus.ts';
import { NoBrokerError, StateError, TimeoutError } from '../errors.ts';
import type { Agreement } from './agreement.ts';
import type { Durability } from './durability.ts';
import type { FlushOptions, StartOptions } from './options.ts';
import type { Outlets } from './outlets.ts';
import { Participant } from './participant.ts';
import { sayLast, sayNothing } from './last-words.ts';
import { Readiness } from './readiness.ts';
import { noStore, PORT, type Setup } from './setup.ts';
import { type Clock, systemClock } from '../stream/clock.ts';
import { within } from './within.ts';

const DEFAULT_TIMEOUT = 5_000;
const DEFAULT_STOP_TIMEOUT = 2_000;

/**
 * A peer's time on a bus, from start to stop: opens the bus, finds the broker, finds it again when the link broke, and
 * stops in stages. A run exists before the start, too, because events may be published early. A start after a stop
 * belongs to a new run.
 */
export class Run {
  readonly participant: Participant;
  /** Whether the run was told to stop. Once it has stopped, the peer has a new run. */
  hasToStop = false;
  readonly #setup: Setup;
  readonly #outlets: Outlets;
  readonly #onOver: () => void;
  readonly #readiness: Readiness;
  readonly #ending = new AbortController();
  /** Aborts when the link breaks. Each link has a new one. */
  #link = new AbortController();
  #state: 'new' | 'starting' | 'ready' | 'cut off' | 'over' = 'new';
  /** Whether nothing more is taken from the bus, because the run is about to stop. */
  #isDeaf = false;
  #bus: Bus | undefined;
  /** What is kept for this peer and by it, if the bus has a store. */
  #durability: Durability | undefined;

  /** @param onOver - called when everything except the bus has ended: the peer may be started again */
  constructor(setup: Setup, agreement: Agreement, outlets: Outlets, onOver: () => void) {
    this.#setup = setup;
    this.#outlets = outlets;
    this.#onOver = onOver;
    this.participant = new Participant(setup, agreement, outlets, {
      send: (topic, frame) => {
        if (!this.#isOver) this.#bus?.send(topic, frame);
      },
      probed: (count) => this.#readiness.answered(count),
    });
    this.#readiness = new Readiness(setup.clock, (count) => this.participant.session.probe(count));
  }

  /** Aborts when the run is over, with the reason. */
  get ended(): AbortSignal {
    return this.#ending.signal;
  }

  /** Whether both ways through the broker are open. */
  get isReady(): boolean {
    return this.#state === 'ready';
  }

  /** Starts, and fulfils when the peer is ready. If the start fails, the run is over. */
  async start({ timeout = DEFAULT_TIMEOUT, signal }: StartOptions = {}): Promise<void> {
    if (this.#state !== 'new') throw new StateError('the peer was started already');
    this.#state = 'starting';
    const { clock } = this.#setup;
    const inTime = (by: Clock, work: Promise<void>): Promise<void> =>
      this.#inTime(
        timeout,
        within(by, work, timeout, this.#ending.signal, () => 'no bus'),
      );
    const onAbort = (): void => this.#ending.abort(signal?.reason);
    signal?.addEventListener('abort', onAbort);
    try {
      signal?.throwIfAborted();
      // Code is loaded in real time, also where the peer has a clock that is stepped.
      await inTime(systemClock(), this.participant.load());
      const deadline = clock.now() + timeout;
      const left = (): number => Math.max(0, deadline - clock.now());
      await inTime(clock, this.#open());
      await this.#findBroker(left(), timeout);
      await this.#beginKeeping(timeout, left);
      this.#ending.signal.throwIfAborted();
    } catch (error) {
      // Whoever waits for the start hears why it failed.
      this.#ending.abort(error);
      // If the peer was stopped meanwhile, it may have been started again: that is another run.
      if (this.#isOver) await this.#bus?.close();
      else await this.stop();
      throw error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
    // Others need not wait for a peer that ends with its page, or with its process.
    sayLast(this.#end);
    this.#becomeReady();
    this.#durability?.open(this.#link.signal);
    this.#lookBack();
  }

  /** Ends what is under way, as far as there is time, and reports what is left of it. */
  async stop({ timeout = DEFAULT_STOP_TIMEOUT, signal }: FlushOptions = {}): Promise<void> {
    this.hasToStop = true;
    const { clock } = this.#setup;
    const deadline = clock.now() + timeout;
    const left = (): number => Math.max(0, deadline - clock.now());
    // What cannot be done in time is reported below.
    const done = (work: Promise<void>): Promise<void> => within(clock, work, left(), signal, () => '').catch(() => {});
    const { participant } = this;
    // Requests that others have sent are still answered, and no new ones are taken.
    const drained = participant.drain();
    if (participant.serving > 0) {
      await done(drained);
      if (this.#isOver) return;
    }
    if (this.isReady) {
      // If the broker ends, too, as when all processes are told to, there is nothing to wait for.
      const delivered = participant.flush({ timeout: left(), signal });
      await within(clock, delivered, Infinity, this.#link.signal, () => '').catch(() => {});
      if (this.#isOver) return;
    }
    this.#link.abort();
    this.#durability?.pause();
    // Events and gaps that have arrived still go to the listeners, once they are checked and the listeners have time.
    this.#isDeaf = true;
    await done(participant.settled());
    if (this.#isOver) return;
    if (this.#durability !== undefined) {
      await done(this.#durability.close());
      if (this.#isOver) return;
    }
    await this.#end();
  }

  /** Says good-bye, reports what is left, and closes the bus. What was sent by then leaves at once, if the bus can. */
  readonly #end = (): Promise<void> | undefined => {
    sayNothing(this.#end);
    // First, because listeners of signals that abort now may publish: that is for the next run.
    this.#onOver();
    const undelivered = this.participant.close(this.isReady);
    const wasStarted = this.#state !== 'new';
    this.#state = 'over';
    if (undelivered !== undefined) tell(this.#outlets.status.undelivered, undelivered);
    if (wasStarted) tell(this.#outlets.status.stopped);
    this.#ending.abort(new StateError('the peer was stopped'));
    return this.#bus?.close();
  };

  get #isOver(): boolean {
    return this.#state === 'over';
  }

  async #open(): Promise<void> {
    const bus = await this.#setup.makeBus();
    // Set first, so that the bus is closed whatever happens. It may arrive when nobody waits for it any more.
    this.#bus = bus;
    if (this.#isOver) await bus.close();
    this.#ending.signal.throwIfAborted();
    this.#durability = await this.#makeDurability(bus);
    // A stop in the meantime has closed the bus.
    this.#ending.signal.throwIfAborted();
    const { session } = this.participant;
    await bus.open({
      frame: (text) => {
        if (!this.#isDeaf) session.receive(text);
      },
      unreadable: () => this.#outlets.unread({ reason: 'utf-8' }),
      down: (reason) => this.#linkBroke(reason),
      refused: (error) => {
        if (this.#state === 'starting') this.#ending.abort(error);
        else this.#refused(error);
      },
    });
    this.#ending.signal.throwIfAborted();
    for (const topic of session.topics) bus.subscribe(topic);
  }

  /** @throws AddressError if there is no store but there has to be one; the reason with which the run was ended */
  async #makeDurability({ store }: Bus): Promise<Durability | undefined> {
    const { durable, endpoints } = this.#setup;
    if (store === undefined) {
      for (const name of durable.keys()) throw noStore(name, endpoints);
      return undefined;
    }
    const { Durability } = await import('./durability.ts');
    this.#ending.signal.throwIfAborted();
    return new Durability(store, this.#setup, this.participant, (error) => this.#refused(error));
  }

  /**
   * Finds out what is to be kept, has the store keep what this peer wants, and tells the others about it. Everything
   * that they publish once this has fulfilled is kept.
   * @param left - how many milliseconds are left of the timeout
   */
  async #beginKeeping(timeout: number, left: () => number): Promise<void> {
    if (this.#durability === undefined) return;
    await this.#durability.begin(left(), timeout, this.#ending.signal);
    if (this.#setup.durable.size > 0) await this.#findBroker(left(), timeout);
  }

  /** @throws NoBrokerError after the time that is left of the timeout */
  #findBroker(left: number, timeout: number): Promise<void> {
    return this.#inTime(timeout, this.#readiness.ask(left, this.#ending.signal));
  }

  /** Turns the error of work that took too long into the one that users get. */
  async #inTime(timeout: number, work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      throw noBroker(this.#setup.endpoints, timeout, this.#bus?.trouble, error);
    }
  }

  #becomeReady(): void {
    if (this.#bus === undefined || this.#isOver) return;
    this.#state = 'ready';
    this.participant.open(this.#bus);
    tell(this.#outlets.status.connected);
  }

  #linkBroke(reason?: string): void {
    this.#readiness.forget();
    if (!this.isReady) return;
    this.#state = 'cut off';
    this.#link.abort();
    this.#link = new AbortController();
    this.participant.pause();
    this.#durability?.pause();
    // Only a stop ends the asking; that is no error.
    this.#readiness.ask(Infinity, this.#ending.signal).then(
      () => this.#comeBack(),
      () => {},
    );
    tell(this.#outlets.status.disconnected, reason);
  }

  /** There is a link again. Live events do not wait for the store, which may be back much later. */
  #comeBack(): void {
    this.#durability?.comeBack(this.#link.signal).catch(() => {});
    this.#becomeReady();
    this.#lookBack();
  }

  /** The link may have broken after the answer, while this peer was not ready yet. */
  #lookBack(): void {
    if (!this.#readiness.hasAnswer) this.#linkBroke();
  }

  #refused(error: Error): void {
    tell(this.#outlets.status.refused, error);
  }
}

function noBroker(
  { in: inAddress, out }: Endpoints,
  timeout: number,
  trouble: Error | undefined,
  error: TimeoutError,
): NoBrokerError {
  const why = trouble?.message ? ` (${trouble.message})` : '';
  const message =
    inAddress === PORT
      ? ` at a port. Has a broker attached the other end?`
      : inAddress === out
        ? ` at '${inAddress}'${why}. Is one running${inAddress.startsWith('ws') ? ', and does it admit this origin' : ''}?`
        : ` at '${inAddress}' (to receive from) and '${out}' (to send to). Is one running, with the two addresses in this order?`;
  return new NoBrokerError(`no broker answered within ${timeout} ms${message}`, { cause: trouble ?? error });
}
