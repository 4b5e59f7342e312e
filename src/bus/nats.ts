import type { Bus, BusListener, Topic, Token, Uplink } from './bus.ts';
import { NatsLink } from './nats-link.ts';
import { NatsStore } from './nats-store.ts';
import { NatsUplink, type TopicOf } from './nats-uplink.ts';

/** A peer's end of NATS. */
export function makeNatsBus(address: string, token: Token): Promise<Bus> {
  return Promise.resolve(new NatsBus(new NatsLink({ address, token, echo: true }), address));
}

/** A broker's way to NATS. */
export function makeNatsUplink(address: string, token: Token, topicOf: TopicOf): Promise<Uplink> {
  // What its own peers say, they have heard from the broker.
  return Promise.resolve(new NatsUplink(new NatsLink({ address, token, echo: false }), address, topicOf));
}

/** How large an event may be, in bytes: servers cut off who has 64 MiB waiting. */
const LARGEST = 8 * 1024 * 1024;

/** One subject a topic. There is no broker: the server does what one does. */
class NatsBus implements Bus {
  readonly largest = LARGEST;
  readonly takesPacks = true;
  readonly store: NatsStore;
  readonly #link: NatsLink;

  constructor(link: NatsLink, address: string) {
    this.#link = link;
    this.store = new NatsStore(link, address);
  }

  open(listener: BusListener): Promise<void> {
    return this.#link.open({
      up() {},
      failed() {},
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
