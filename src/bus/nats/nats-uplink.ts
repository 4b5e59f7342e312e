import type { DoorListener, Endpoints, Frame, Uplink } from '../bus.ts';
import type { NatsLink } from './nats-link.ts';

/** The topic of a frame, as peers send it; undefined for what peers of this package do not write. */
export type TopicOf = (frame: Frame) => string | undefined;

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
  #error: Error | undefined;

  constructor(link: NatsLink, address: string, topicOf: TopicOf) {
    this.#link = link;
    this.#address = address;
    this.#topicOf = topicOf;
  }

  get status(): Uplink['status'] {
    return { up: this.#up, breaks: this.#breaks, dropped: this.#dropped, error: this.#error };
  }

  async open(listener: DoorListener): Promise<Endpoints> {
    this.#link.subscribe(this.#link.everySubject);
    await new Promise<void>((resolve, reject) => {
      const down = (error: Error | undefined): void => {
        this.#up = false;
        this.#error = error;
        resolve();
      };
      const opened = this.#link.open({
        up: () => {
          this.#up = true;
          this.#error = undefined;
          resolve();
        },
        down: () => {
          this.#breaks += 1;
          down(undefined);
        },
        failed: down,
        refused: down,
        frame: (text) => listener.frame(text),
        unreadable: () => listener.unreadable(),
      });
      opened.catch(reject);
    });
    return { in: this.#address, out: this.#address };
  }

  /** Who is behind the server, and what they subscribed to, is not known here. */
  hears(): boolean {
    return false;
  }

  send(frame: Frame): void {
    const topic = this.#topicOf(frame);
    const subject = topic === undefined ? this.#link.otherSubject : this.#link.subjectOf(topic);
    if (subject === undefined || !this.#link.send(subject, frame)) this.#dropped += 1;
  }

  close(): Promise<void> {
    this.#up = false;
    return this.#link.close();
  }
}
