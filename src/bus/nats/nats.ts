import type { Bus, Token, Uplink } from '../bus.ts';
import { NatsBus } from './nats-bus.ts';
import { NatsLink } from './nats-link.ts';
import { NatsStore } from './nats-store.ts';
import { loadTcpDialer } from './nats-tcp.ts';
import { NatsUplink, type TopicOf } from './nats-uplink.ts';

/** A peer's end of NATS. */
export function makeNatsBus(address: string, token: Token): Promise<Bus> {
  const link = new NatsLink({ address, token, echo: true, loadDialer: loadTcpDialer });
  return Promise.resolve(Object.assign(new NatsBus(link), { store: new NatsStore(link, address) }));
}

/** A broker's uplink to NATS. */
export function makeNatsUplink(address: string, token: Token, topicOf: TopicOf): Promise<Uplink> {
  // The broker's own peers already have one another's frames from the broker.
  const link = new NatsLink({ address, token, echo: false, loadDialer: loadTcpDialer });
  return Promise.resolve(new NatsUplink(link, address, topicOf));
}
