/** The capabilities of a kind of address, beyond those that all kinds have. */
export interface BusCapabilities {
  /** How its addresses begin; `port` for a port to another thread or a channel, `other` for a custom bus. */
  readonly scheme: string;
  /** Whether subscriptions can be `durable`: events are kept for absent subscribers. */
  readonly durable: boolean;
  /** Whether bytes in events are sent unchanged. So far, a codec encodes them as text everywhere. */
  readonly binary: boolean;
  /** Whether peers in Python can take part. */
  readonly python: boolean;
  /** Whether pages can use it. */
  readonly browser: boolean;
}

/** The same as a type, built from the capabilities that the kind has. */
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

/** The capabilities by scheme. */
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

/** The capabilities of a port to another thread. */
export type PortCapabilities = Can<'port', 'browser'>;

/** The capabilities as words: by scheme, for ports, and for a custom bus, which shows only later if it has a store. */
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

/** Returns the capabilities of a kind of address. */
export function capabilitiesOf(scheme: keyof typeof ABILITIES): BusCapabilities {
  const can = (what: string): boolean => ABILITIES[scheme].includes(what);
  return { scheme, durable: can('durable'), binary: can('binary'), python: can('python'), browser: can('browser') };
}

/** The capabilities of a place, as far as the compiler knows it: one address, both addresses, or a port. */
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
