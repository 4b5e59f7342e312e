import type { Endpoints, Frame, Uplink, UplinkListener } from '../bus.ts';
import type { NatsLink } from './nats-link.ts';

/** The topic of a frame, as peers send it; undefined for what peers of this package do not write. */
export type TopicOf = (frame: Frame) => string | undefined;

/**
 * How many bytes may wait for a server that does not keep up; a character counts as one. Any more are dropped: peers
 * wait for subscribers but not for an uplink, so the buffer would grow and grow.
 */
const MOST_UNANSWERED = 16 * 1024 * 1024;
/** After how many bytes the server is asked whether it has received them. */
const ASK_AFTER = 1024 * 1024;
/**
 * How long, in milliseconds, the first attempt may keep the doors of the broker shut. A healthy server has answered by
 * then. Peers need not wait for their broker for as long as an unhealthy one may take.
 */
const FIRST_ATTEMPT = 500;

/**
 * A broker's uplink to NATS, where other brokers are, and peers without a broker. It receives only what others sent:
 * the server sends nothing back to its sender.
 */
export class NatsUplink implements Uplink {
  readonly hasPlainListeners = false;
  readonly #link: NatsLink;
  readonly #address: string;
  readonly #topicOf: TopicOf;
  #up = false;
  #breaks = 0;
  #dropped = 0;
  /** How many bytes were sent that the server has not confirmed yet, and how many since it was last asked. */
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
      // Each attempt reports the same again.
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
          // The server may have reported by then what it does not let through.
          if (!this.#up) set(true);
        });
      },
      down: () => {
        this.#breaks += 1;
        set(false);
      },
      failed: (error) => set(false, error),
      // Also called while connected: for what the server does not let through, and for a name that is too long.
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
   * Calls back when the server has received the subscription: peers that come in after that miss nothing that others
   * publish. Does not call back if the connection was closed, or broke, meanwhile.
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

  /** The peers behind the server, and their subscriptions, are not known here. */
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

  /** The library accepts everything. The server has received it once it answers a question that was sent after it. */
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
