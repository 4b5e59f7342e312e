/**
 * What the benchmark uses of Moleculer. Its own declarations do not compile under this project's options, so the
 * compiler must not see them.
 */
import { settings } from '../role.ts';

interface Context {
  readonly params: { readonly question: string };
}

export interface ServiceBroker {
  start(): Promise<void>;
  stop(): Promise<void>;
  createService(service: { name: string; actions: Record<string, (context: Context) => string> }): unknown;
  waitForServices(name: string): Promise<unknown>;
  call(action: string, params: Context['params']): Promise<unknown>;
}

export interface Library {
  readonly ServiceBroker: new (options: object) => ServiceBroker;
}

const PACKAGE: string = 'moleculer';

export async function load(): Promise<Library> {
  return ((await import(PACKAGE)) as { default: Library }).default;
}

/** A node: over NATS where the address is that of a server, else over TCP from one to the other. */
export function makeNode({ ServiceBroker }: Library, nodeID: 'server' | 'caller'): ServiceBroker {
  const [server, caller] = settings.addresses;
  if (server.startsWith('nats://')) return new ServiceBroker({ nodeID, logger: false, transporter: server });
  const [, port] = (nodeID === 'server' ? server : caller).split(':');
  const urls = [`${server}/server`, `${caller}/caller`];
  const transporter = { type: 'TCP', options: { udpDiscovery: false, port: Number(port), urls } };
  return new ServiceBroker({ nodeID, logger: false, transporter });
}
