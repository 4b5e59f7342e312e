/**
 * What the benchmark uses of nats.js. The client's own declarations do not compile under this project's
 * `exactOptionalPropertyTypes`, so the compiler must not see them.
 */

interface Message {
  json(): unknown;
  /** Answers a request. */
  respond(payload: string): boolean;
}

interface Connection {
  publish(subject: string, payload: string): void;
  request(subject: string, payload: string, options: { timeout: number }): Promise<Message>;
  subscribe(subject: string, options: { callback: (error: Error | null, message: Message) => void }): unknown;
  /** Fulfils when the server has dealt with everything so far. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

export interface Client {
  connect(this: void, options: { servers: string }): Promise<Connection>;
}

const PACKAGE: string = '@nats-io/transport-node';
const { connect } = (await import(PACKAGE)) as Client;

export function open(address: string): Promise<Connection> {
  return connect({ servers: address });
}

/** Calls a function with the payload of each event. */
export async function subscribe(
  connection: Connection,
  name: string,
  onPayload: (payload: string) => void,
): Promise<void> {
  connection.subscribe(name, {
    callback: (error, message) => {
      if (error !== null) throw error;
      const [payload] = message.json() as [string];
      onPayload(payload);
    },
  });
  await connection.flush();
}

export function publish(connection: Connection, name: string, payload: string): void {
  connection.publish(name, JSON.stringify([payload]));
}

export async function ask(connection: Connection, name: string, question: string): Promise<string> {
  const answer = await connection.request(name, JSON.stringify([question]), { timeout: 60_000 });
  return answer.json() as string;
}

/** Answers each question with what a function makes of it. */
export async function serve(connection: Connection, name: string, answer: (question: string) => string): Promise<void> {
  connection.subscribe(name, {
    callback: (error, message) => {
      if (error !== null) throw error;
      const [question] = message.json() as [string];
      message.respond(JSON.stringify(answer(question)));
    },
  });
  await connection.flush();
}
