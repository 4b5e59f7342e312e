/** What peers can do at a kind of address, beyond what they can do everywhere. */
export interface BusCapabilities {
  /** How its addresses begin; `port` for a port to another thread or a channel, `other` for a bus of one's own. */
  readonly scheme: string;
  /** Whether subscriptions can be `durable`: events are kept for subscribers that are away. */
  readonly durable: boolean;
  /** Whether bytes in events cross as they are. So far, a codec makes text of them everywhere. */
  readonly binary: boolean;
  /** Whether peers in Python can take part. */
  readonly python: boolean;
  /** Whether pages can use it. */
  readonly browser: boolean;
}

/** The same, for the compiler: by what it can do. */
export interface Can<
  Scheme extends string,
  Does extends Exclude<keyof BusCapabilities, 'scheme'>,
> extends BusCapabilities {
  readonly scheme: Scheme;
  readonly durable: 'durable' extends Does ? true : false;
  readonly binary: 'binary' extends Does ? true : false;
  readonly python: 'python' extends Does ? true : false;
  readonly browser: 'browser' extends Does ? true : false;
}

/** By how an address begins. */
export interface Capabilities {
  readonly inproc: Can<'inproc', 'browser'>;
  readonly ipc: Can<'ipc', 'python'>;
  readonly tcp: Can<'tcp', 'python'>;
  readonly ws: Can<'ws', 'browser'>;
  readonly wss: Can<'wss', 'browser'>;
  readonly 'ws+unix': Can<'ws+unix', never>;
  readonly nats: Can<'nats', 'durable'>;
  readonly 'nats+ws': Can<'nats+ws', 'browser'>;
  readonly 'nats+wss': Can<'nats+wss', 'browser'>;
  readonly redis: Can<'redis', never>;
  readonly rediss: Can<'rediss', never>;
}

/** Those of a port to another thread. */
export type PortCapabilities = Can<'port', 'browser'>;

/** What they can do, in words: by how an address begins, for ports, and for a bus of one's own, whose store shows when it is there. */
const ABILITIES: Readonly<Record<keyof Capabilities | 'port' | 'other', string>> = {
  inproc: 'browser',
  ipc: 'python',
  tcp: 'python',
  ws: 'browser',
  wss: 'browser',
  'ws+unix': '',
  nats: 'durable',
  'nats+ws': 'browser',
  'nats+wss': 'browser',
  redis: '',
  rediss: '',
  port: 'browser',
  other: 'durable browser',
};

/** What peers can do at addresses of a kind. */
export function capabilitiesOf(scheme: keyof typeof ABILITIES): BusCapabilities {
  const can = (what: string): boolean => ABILITIES[scheme].includes(what);
  return { scheme, durable: can('durable'), binary: can('binary'), python: can('python'), browser: can('browser') };
}

/** What peers can do at an address, as far as the compiler knows it: the address, both, or a port. */
export type BusAt<A> = A extends string
  ? AtAddress<A>
  : A extends { readonly in: infer Address extends string }
    ? AtAddress<Address>
    : A extends { postMessage: unknown }
      ? PortCapabilities
      : BusCapabilities;

type AtAddress<A extends string> = A extends `${infer Scheme extends keyof Capabilities}://${string}`
  ? Capabilities[Scheme]
  : BusCapabilities;
