import type { Bus, BusListener, Topic } from '../bus.ts';
import type { NatsLink } from './nats-link.ts';

/** How large an event may be, in bytes. Servers cut off clients with 64 MiB waiting. */
const LARGEST = 8 * 1024 * 1024;

/** Uses one subject for each topic. There is no broker: the server does what a broker does. */
export class NatsBus implements Bus {
  readonly largest: number = LARGEST;
  readonly takesPacks = true;
  trouble: Error | undefined;
  readonly #link: NatsLink;

  constructor(link: NatsLink) {
    this.#link = link;
  }

  get isSpread(): boolean {
    return this.#link.connection?.info?.cluster !== undefined;
  }

  open(listener: BusListener): Promise<void> {
    return this.#link.open({
      up() {},
      failed: (error) => {
        this.trouble = error;
      },
      frame: (text) => listener.frame(text),
      unreadable: () => listener.unreadable(),
      down: (reason) => listener.down(reason),
      refused: (error) => listener.refused(error),
    });
  }

  subscribe({ name }: Topic): void {
    const subject = this.#link.subjectOf(name);
    if (subject !== undefined) this.#link.subscribe(subject);
  }

  send(topic: string, frame: string): void {
    const subject = this.#link.subjectOf(topic);
    if (subject !== undefined) this.#link.send(subject, frame);
  }

  close(): Promise<void> {
    return this.#link.close();
  }
}
