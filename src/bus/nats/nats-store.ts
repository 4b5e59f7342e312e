import { RefusedError } from '../../errors.ts';
import type { Note, Store } from '../bus.ts';
import type { NatsLink } from './nats-link.ts';
import { subjectIn } from './nats-subject.ts';
import {
  type JetStream,
  type JetStreamApiError,
  type JetStreamConfig,
  type JetStreamInfo,
  type JetStreamManager,
  type JetStreamMessages,
  type JetStreamPublishOptions,
  loadJetStream,
  type NatsConnection,
} from './nats-library.ts';

/** How large, in bytes, a message may be. Several are in flight at a time, and a server has limits. */
const LARGEST_MESSAGE = 1024 * 1024;
/** How much a message has, in bytes, around its largest event. */
const AROUND = 8 * 1024;
/** How many messages may be in flight from the server. */
const MOST_UNDER_WAY = 32;
/** How long, in milliseconds, a request for messages lives. A server that does not answer is noticed in that time. */
const REQUEST_LIVES = 4_000;
/** How long, in milliseconds, the server may take to answer. */
const ANSWER_WITHIN = 2_000;
/** The same for one without JetStream, which passes the question on in a cluster and does not say if nobody answers. */
const PASSED_ON_WITHIN = 250;

/** How much is kept, unless the stream was created otherwise before: seven days in nanoseconds, and 1 GiB. */
const MAX_AGE = 7 * 24 * 3_600 * 1e9;
const MAX_BYTES = 1024 ** 3;
/** The number of servers that keep it, if there are that many. */
const MOST_REPLICAS = 3;
/** How often, in milliseconds, to try to have it kept on that many. */
const SPREAD_EVERY = 10_000;
/** The description of a stream that was created here, and not by somebody who wants it as it is. */
const DESCRIPTION = 'made by mreventloop';

/** The codes and statuses with which JetStream answers when something is not as the caller expects. */
const OTHER_CONFIGURATION = 10_058;
const OTHER_REVISION = 10_071;
const UNAVAILABLE = 503;
/** The same message is being stored at this moment. */
const CONFLICT = 409;
const NO_RESOURCES = 10_023;
const STREAM_IS_FULL = 10_077;
const NO_STREAM = 10_059;
const NOT_FOR_ACCOUNT = 10_039;
const NOT_ENABLED = 10_076;
/** Answers that mean that there is no room, although their status says that the problem is temporary. */
const FULL: ReadonlySet<number | undefined> = new Set([NO_RESOURCES, STREAM_IS_FULL]);
/** Answers that mean that nobody has asked for anything to be kept. */
const NOBODY_WANTS: ReadonlySet<number> = new Set([NO_STREAM, NOT_FOR_ACCOUNT, NOT_ENABLED]);

/** A connection, with what was made for it. */
interface Use {
  readonly connection: NatsConnection;
  readonly js: JetStream;
  readonly manager: JetStreamManager;
}

/**
 * A store in JetStream. A namespace has two streams, one for the kept frames and one for notes. The stream for notes
 * has a subject for each event that is to be kept, and one for each durable subscription. It keeps the last message of
 * each.
 */
export class NatsStore implements Store {
  readonly #link: NatsLink;
  readonly #address: string;
  readonly #frames: { readonly stream: string; readonly subject: string };
  readonly #notesStream: string;
  readonly #wantedSpace: string;
  readonly #noteSpace: string;
  #use: Use | undefined;
  /** Whether there is a server that keeps something. */
  #hasAnswered = false;
  /** When to try again, by `performance.now()`, to have more servers keep what too few of them keep. */
  #spreadAt = Infinity;

  constructor(link: NatsLink, address: string) {
    this.#link = link;
    this.#address = address;
    // Names of streams cannot contain dots. Namespaces contain no plus signs.
    const suffix = link.namespace.replaceAll('.', '+');
    this.#frames = { stream: `mreventloop-kept+${suffix}`, subject: `${link.namespace}.%kept.frames` };
    this.#notesStream = `mreventloop-notes+${suffix}`;
    // These subjects have more tokens than those of events, so that brokers with an uplink do not get them.
    this.#wantedSpace = `${link.namespace}.%wanted`;
    this.#noteSpace = `${link.namespace}.%durable`;
  }

  get largest(): number {
    return Math.min(this.#link.mostBytes, LARGEST_MESSAGE) - AROUND;
  }

  get isSpread(): boolean {
    const { cluster, jetstream } = this.#link.connection?.info ?? {};
    // The events may be kept somewhere else altogether, for example where this server is a leaf.
    return this.#hasAnswered && (cluster !== undefined || jetstream !== true);
  }

  async wanted(events: readonly string[]): Promise<readonly string[]> {
    const subjects = await this.#wantedSubjects();
    const wanted = events.filter((event) => subjects.has(this.#wantedSubject(event)));
    if (wanted.length > 0) await loadJetStream();
    return wanted;
  }

  async want(events: readonly string[]): Promise<number> {
    return this.#do(async (use) => {
      const frames = await this.#makeStreams(use.manager);
      for (const event of events) await this.#publish(use, this.#wantedSubject(event), '', {});
      return before(frames) + frames.state.last_seq;
    });
  }

  async keep(id: string, frame: string): Promise<void> {
    await this.#do(async (use) => {
      const { seq } = await this.#publish(use, this.#frames.subject, frame, { msgID: id });
      // Servers before 2.10.20 may fail to store a frame for want of other servers. When it comes again, they take it
      // for one that they have.
      if (seq === 0) await this.#publish(use, this.#frames.subject, frame, {});
    });
  }

  async read(
    after: number,
    take: (frame: string, number: number) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#do(async ({ js, manager, connection }) => {
      const start = before(await manager.streams.info(this.#frames.stream));
      const options = { deliver_policy: 'by_start_sequence', opt_start_seq: Math.max(0, after - start) + 1 };
      const consumer = await js.consumers.get(this.#frames.stream, options);
      const messages = await consumer.consume({
        max_messages: MOST_UNDER_WAY,
        expires: REQUEST_LIVES,
        abort_on_missing_resource: true,
      });
      const stop = (): void => messages.stop();
      signal.addEventListener('abort', stop);
      try {
        if (signal.aborted) stop();
        void stopWhenSilent(messages);
        for await (const message of messages) {
          if (signal.aborted) break;
          await take(message.string(), start + message.seq);
        }
      } finally {
        signal.removeEventListener('abort', stop);
        // Otherwise the consumer ends by itself, in time.
        if (!connection.isClosed()) consumer.delete().catch(() => {});
      }
    });
  }

  recall(name: string): Promise<Note | undefined> {
    return this.#do(async ({ manager }) => {
      const message = await manager.streams.getMessage(this.#notesStream, { last_by_subj: this.#noteSubject(name) });
      return message === null ? undefined : { text: message.string(), revision: message.seq };
    });
  }

  note(name: string, text: string, revision: number): Promise<number | undefined> {
    return this.#do(async (use) => {
      if (performance.now() > this.#spreadAt) await this.#makeStreams(use.manager);
      try {
        const options = { expect: { lastSubjectSequence: revision } };
        return (await this.#publish(use, this.#noteSubject(name), text, options)).seq;
      } catch (error) {
        if ((error as Partial<JetStreamApiError>).code === OTHER_REVISION) return undefined;
        throw error;
      }
    });
  }

  /** Returns the subjects of all wanted events. Asks without the library, which is not needed where there are none. */
  async #wantedSubjects(): Promise<ReadonlySet<string>> {
    const body = JSON.stringify({ subjects_filter: `${this.#wantedSpace}.*` });
    const connection = this.#connection();
    const hasJetStream = connection.info?.jetstream === true;
    let answer: StreamAnswer;
    try {
      const subject = `$JS.API.STREAM.INFO.${this.#notesStream}`;
      const timeout = hasJetStream ? ANSWER_WITHIN : PASSED_ON_WITHIN;
      const { data } = await connection.request(subject, body, { timeout });
      this.#hasAnswered = true;
      answer = JSON.parse(new TextDecoder().decode(data)) as StreamAnswer;
    } catch (error) {
      if (isForbidden(error)) {
        const message = `the server at '${this.#address}' does not let this peer ask which events are to be kept: none are`;
        throw new RefusedError(message, { cause: error });
      }
      // A server that keeps nothing cannot have promised anything to anybody.
      const isNobodyThere = isNotThere(error) || !hasJetStream;
      if (isNobodyThere && !connection.isClosed()) return new Set();
      throw error;
    }
    const { error, state, cluster } = answer;
    // A server that has lost the others goes on answering with what it knew.
    if (cluster !== undefined && cluster.leader === undefined) throw new Error('the stream has no leader');
    if (error !== undefined && !NOBODY_WANTS.has(error.err_code)) throw new Error(error.description);
    return new Set(Object.keys(state?.subjects ?? {}));
  }

  async #publish({ js, manager }: Use, subject: string, text: string, options: JetStreamPublishOptions) {
    if (Buffer.byteLength(text) > this.#link.mostBytes) {
      throw new RefusedError(`the server at '${this.#address}' takes no message of that size: see its max_payload`);
    }
    try {
      return await js.publish(subject, text, options);
    } catch (error) {
      if (!isNotThere(error)) throw error;
      // Somebody may have removed the stream.
      await this.#makeStreams(manager);
    }
    try {
      return await js.publish(subject, text, options);
    } catch (cause) {
      // The stream is there. In a cluster, the other servers learn a little later which subjects belong to it.
      throw isNotThere(cause) ? new Error(`nobody takes '${subject}' yet`, { cause }) : cause;
    }
  }

  /** Creates the streams that do not exist yet. @returns the state of the stream of frames */
  async #makeStreams(manager: JetStreamManager) {
    const notes = await makeStream(manager, {
      name: this.#notesStream,
      subjects: [`${this.#wantedSpace}.*`, `${this.#noteSpace}.*`],
      max_msgs_per_subject: 1,
    });
    const frames = await makeStream(manager, {
      name: this.#frames.stream,
      subjects: [this.#frames.subject],
      max_age: MAX_AGE,
      max_bytes: MAX_BYTES,
    });
    this.#spreadAt = isOnTooFew(notes) || isOnTooFew(frames) ? performance.now() + SPREAD_EVERY : Infinity;
    return frames;
  }

  #wantedSubject(event: string): string {
    return subjectIn(this.#wantedSpace, event);
  }
  #noteSubject(name: string): string {
    return subjectIn(this.#noteSpace, name);
  }

  #connection(): NatsConnection {
    const { connection } = this.#link;
    if (connection === undefined) throw new Error(`there is no link to '${this.#address}'`);
    return connection;
  }

  /** @throws RefusedError, MissingLibraryError, and what the library throws */
  async #do<T>(work: (use: Use) => Promise<T>): Promise<T> {
    const { jetstream, jetstreamManager } = await loadJetStream();
    const connection = this.#connection();
    if (this.#use?.connection !== connection) {
      const options = { checkAPI: false, timeout: ANSWER_WITHIN };
      const manager = await jetstreamManager(connection, options);
      this.#use = { connection, js: jetstream(connection, options), manager };
    }
    try {
      return await work(this.#use);
    } catch (cause) {
      throw this.#explain(cause);
    }
  }

  #explain(cause: unknown): unknown {
    if (isNotThere(cause)) {
      const message = `the server at '${this.#address}' keeps nothing: JetStream is not enabled (nats-server -js)`;
      return new RefusedError(message, { cause });
    }
    if (isForbidden(cause)) {
      return new RefusedError(`the server at '${this.#address}' does not allow to use JetStream`, { cause });
    }
    const { code, status, message } = cause as Partial<JetStreamApiError>;
    if (status === undefined || status === CONFLICT || (status === UNAVAILABLE && !FULL.has(code))) return cause;
    return new RefusedError(`the server at '${this.#address}' does not keep events: ${message}`, { cause });
  }
}

/** The server's answer about a stream. */
interface StreamAnswer {
  readonly error?: { readonly err_code: number; readonly description: string };
  readonly state?: { readonly subjects?: Readonly<Record<string, number>> };
  readonly cluster?: { readonly leader?: string };
}

/**
 * Returns the number before the first frame of a stream. It is higher for a stream that was created later. A subscriber
 * that has read an earlier stream therefore does not take the frames of this one for frames that it has had.
 */
function before({ created }: JetStreamInfo): number {
  return Date.parse(created) * 1_000;
}

/** Whether a stream was created here while other servers of the cluster were away. */
function isOnTooFew({ config, cluster }: JetStreamInfo): boolean {
  return config.description === DESCRIPTION && config.num_replicas < MOST_REPLICAS && cluster !== undefined;
}

/** @returns the state of a stream, which is created if it does not exist */
async function makeStream(
  { streams }: JetStreamManager,
  options: Omit<JetStreamConfig, 'description' | 'storage' | 'discard' | 'num_replicas'>,
): Promise<JetStreamInfo> {
  try {
    const info = await streams.info(options.name);
    if (!isOnTooFew(info)) return info;
    return await streams.update(options.name, { num_replicas: MOST_REPLICAS }).catch(() => info);
  } catch (error) {
    if ((error as Partial<JetStreamApiError>).code !== NO_STREAM) throw error;
  }
  let failure: unknown;
  for (const replicas of [MOST_REPLICAS, 1]) {
    const more = { description: DESCRIPTION, storage: 'file', discard: 'old', num_replicas: replicas } as const;
    try {
      return await streams.add({ ...options, ...more });
    } catch (error) {
      const { code, status } = error as Partial<JetStreamApiError>;
      // Another peer was faster, or somebody who wants the stream otherwise.
      if (code === OTHER_CONFIGURATION) return streams.info(options.name);
      if (status === undefined) throw error;
      failure = error;
    }
  }
  throw failure;
}

/**
 * Stops reading messages when the server that had to send them is gone while the connection, to another one, still
 * lives. The library would wait for that server to come back.
 */
async function stopWhenSilent(messages: JetStreamMessages): Promise<void> {
  for await (const { type } of messages.status()) if (type === 'heartbeats_missed') messages.stop();
}

/** Whether nobody answers for JetStream, or for a stream. */
function isNotThere(error: unknown): boolean {
  const { name, isNoResponders } = error as Partial<Error> & { isNoResponders?: () => boolean };
  return name === 'JetStreamNotEnabled' || isNoResponders?.call(error) === true;
}

function isForbidden(error: unknown): boolean {
  return [error, (error as Error).cause].some((one) => (one as Partial<Error> | undefined)?.name === FORBIDDEN);
}

const FORBIDDEN = 'PermissionViolationError';
