/**
 * What the benchmark uses of MQTT.js. The client's own declarations need those of the DOM, so the compiler must not
 * see them.
 */

interface Connection {
  publish(topic: string, payload: string, options: { qos: 0 }, done?: () => void): unknown;
  subscribeAsync(topics: readonly string[], options: { qos: 0 }): Promise<unknown>;
  on(event: 'message', listener: (topic: string, payload: Buffer) => void): unknown;
  endAsync(force: boolean): Promise<void>;
}

export interface Client {
  connectAsync(this: void, address: string): Promise<Connection>;
}

const PACKAGE: string = 'mqtt';

export function load(): Promise<Client> {
  return import(PACKAGE) as Promise<Client>;
}

export async function open(address: string): Promise<Connection> {
  const { connectAsync } = await load();
  return connectAsync(address);
}

/** Calls a function with the payload of each event. */
export async function subscribe(
  connection: Connection,
  names: readonly string[],
  onPayload: (payload: string) => void,
): Promise<void> {
  connection.on('message', (_name, json) => onPayload((JSON.parse(json.toString()) as [string])[0]));
  await connection.subscribeAsync(names, { qos: 0 });
}

export function publish(connection: Connection, name: string, payload: string, done?: () => void): void {
  connection.publish(name, JSON.stringify([payload]), { qos: 0 }, done);
}
