import type { Endpoints, Frame, Uplink, UplinkListener } from '../bus.ts';
import type { NatsLink } from './nats-link.ts';

/** The topic of a frame, as peers send it; undefined for what peers of this package do not write. */
export type TopicOf = (frame: Frame) => string | undefined;

/**
 * How many bytes may wait for a server that does not keep up; a character counts as one. What is more is dropped: peers
 * wait for those who subscribed, and not for an uplink, so that it would become more and more.
 */
const MOST_UNANSWERED = 16 * 1024 * 1024;
/** After how many bytes the server is asked whether it has them. */
const ASK_AFTER = 1024 * 1024;
/**
 * How long, in milliseconds, the first attempt may keep the doors of the broker shut: a server that is well has answered by
 * then, and peers do not wait for their broker for as long as one may take that is not.
 */
const FIRST_ATTEMPT = 500;

/**
 * A broker's way to NATS, where other brokers are, and peers without one. What comes from there is what others
 * sent: the server does not send anything back to who it came from.
 */
export class NatsUplink implements Uplink {
  readonly hasPlainListeners = false;
  readonly #link: NatsLink;
  readonly #address: string;
  readonly #topicOf: TopicOf;
  #up = false;
  #breaks = 0;
  #dropped = 0;
  /** How many bytes went into the link of which it is not known that the server has them, and since it was asked last. */
  #unanswered = 0;
  #unasked = 0;
  #error: Error | undefined;
  #endFirstAttempt: (() => void) | undefined;

  constructor(link: NatsLink, address: string, topicOf: TopicOf) {
    this.#link = link;
    this.#address = address;
    this.#topicOf = topicOf;
  }

  get status(): Uplink['status'] {
    return { up: this.#up, breaks: this.#breaks, dropped: this.#dropped, error: this.#error };
  }

  async open(listener: UplinkListener): Promise<Endpoints> {
    this.#link.subscribe(this.#link.everySubject);
    const attempted = new Promise<void>((resolve) => {
      this.#endFirstAttempt = resolve;
    });
    const set = (up: boolean, error?: Error): void => {
      // Each attempt says the same again.
      const isNews = up !== this.#up || error?.message !== this.#error?.message;
      this.#up = up;
      this.#error = error;
      if (isNews) listener.uplink(this.status);
      this.#endFirstAttempt?.();
    };
    await this.#link.open({
      up: () => {
        this.#unanswered = 0;
        this.#unasked = 0;
        void this.#whenHeard(() => {
          // What the server does not let through may have been told by then.
          if (!this.#up) set(true);
        });
      },
      down: () => {
        this.#breaks += 1;
        set(false);
      },
      failed: (error) => set(false, error),
      // Also while it is connected: of what the server, or a name that is too long, does not let through.
      refused: (error) => set(this.#link.connection !== undefined, error),
      frame: (text) => listener.frame(text),
      unreadable: () => listener.unreadable(),
    });
    const late = setTimeout(() => this.#endFirstAttempt?.(), FIRST_ATTEMPT);
    await attempted;
    clearTimeout(late);
    return { in: this.#address, out: this.#address };
  }

  /**
   * Calls back when the server has heard what is wanted: who comes in then misses nothing of what others publish. Not where
   * the connection was closed, or broke, meanwhile.
   */
  async #whenHeard(then: () => void): Promise<void> {
    const { connection } = this.#link;
    try {
      await connection?.flush();
    } catch {
      return;
    }
    if (connection !== undefined && connection === this.#link.connection) then();
  }

  /** Who is behind the server, and what they subscribed to, is not known here. */
  hears(): boolean {
    return false;
  }

  send(frame: Frame): void {
    const topic = this.#topicOf(frame);
    const subject = topic === undefined ? this.#link.otherSubject : this.#link.subjectOf(topic);
    const isSent = subject !== undefined && this.#unanswered < MOST_UNANSWERED && this.#link.send(subject, frame);
    if (isSent) this.#count(frame.length);
    else this.#dropped += 1;
  }

  #count(bytes: number): void {
    this.#unasked += bytes;
    if (this.#unasked >= ASK_AFTER) void this.#ask();
  }

  /** The library takes whatever it is given: what the server has is known when it answers what was asked behind it. */
  async #ask(): Promise<void> {
    const [asked, breaks] = [this.#unasked, this.#breaks];
    this.#unasked = 0;
    this.#unanswered += asked;
    await this.#link.connection?.flush().catch(() => {});
    if (breaks === this.#breaks) this.#unanswered -= asked;
  }

  close(): Promise<void> {
    this.#up = false;
    this.#endFirstAttempt?.();
    return this.#link.close();
  }
}
