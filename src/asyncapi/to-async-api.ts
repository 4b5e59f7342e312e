import { codecOf, type Contract, type EventsIn, type RequestNameIn, schemasOf } from '../contract/contract.ts';
import { isRequest, type RequestEntry } from '../contract/request.ts';
import type { StandardSchema } from '../contract/standard-schema.ts';
import { ConnectError } from '../errors.ts';
import type {
  AsyncApiChannel,
  AsyncApiDocument,
  AsyncApiInfo,
  AsyncApiMessage,
  AsyncApiOperation,
  JsonSchema,
  Reference,
} from './document.ts';
import { type Convert, describe } from './json-schema.ts';
import { Keys } from './keys.ts';

/** What to describe of a contract, and how. */
export interface AsyncApiOptions<C extends Contract = Contract> extends AsyncApiInfo {
  /**
   * If any of these four is given, the document describes what one peer takes part in, as in the options of the peer.
   * Otherwise it describes everything, from both sides.
   */
  readonly publish?: readonly (keyof EventsIn<C> & string)[] | undefined;
  readonly subscribe?: readonly (keyof EventsIn<C> & string)[] | undefined;
  readonly request?: readonly RequestNameIn<C>[] | undefined;
  readonly serve?: readonly RequestNameIn<C>[] | undefined;
  /**
   * Makes JSON Schemas (draft-07), for libraries that do not do it by themselves: for valibot, `toJsonSchema` of
   * `@valibot/to-json-schema`. If it throws or returns undefined, the library's own way is used.
   */
  readonly jsonSchema?: ((schema: StandardSchema) => unknown) | undefined;
}

/**
 * Describes a contract as an AsyncAPI 3.0 document, ready for `JSON.stringify`: each name is a channel, and its
 * payload is the list of arguments.
 *
 * ```ts
 * const document = toAsyncApi(shop, { title: 'Shop', version: '1.0.0' });
 * ```
 *
 * Schemas are described by what they take, in the words of their libraries: by Standard JSON Schema, which zod and
 * arktype have, or by `options.jsonSchema`. If there is neither, the JSON Schema is empty and says so. To find out
 * which arguments may be left out, this function checks whether the schemas take `undefined`.
 *
 * Python: no counterpart; a Python program can read the document.
 *
 * @throws ConnectError for a name that the contract does not have
 */
export function toAsyncApi<const C extends Contract>(contract: C, options: AsyncApiOptions<C>): AsyncApiDocument {
  const { publish, subscribe, request, serve, jsonSchema, description, ...info } = options;
  const parts = new Parts(contract, jsonSchema);
  const wanted = [publish, subscribe, request, serve].every((names) => names === undefined)
    ? namesIn(contract)
    : { publish, subscribe, request, serve };
  for (const name of wanted.publish ?? []) parts.add(name, 'event', 'send');
  for (const name of wanted.subscribe ?? []) parts.add(name, 'event', 'receive');
  for (const name of wanted.request ?? []) parts.add(name, 'request', 'send');
  for (const name of wanted.serve ?? []) parts.add(name, 'request', 'receive');
  return {
    asyncapi: '3.0.0',
    info: { ...info, description: description ?? describeWire(contract) },
    defaultContentType: 'application/json',
    ...parts.toDocument(),
  };
}

function namesIn(contract: Contract): Record<'publish' | 'subscribe' | 'request' | 'serve', readonly string[]> {
  const names = Object.keys(contract);
  const requests = names.filter((name) => isRequest(contract[name]));
  const events = names.filter((name) => !isRequest(contract[name]));
  return { publish: events, subscribe: events, request: requests, serve: requests };
}

function describeWire(contract: Contract): string {
  const codec = codecOf(contract);
  const values = codec === undefined ? '' : ` Values that JSON does not have are written by the codec '${codec.name}'.`;
  return `Payloads are lists of arguments: the \`params\` of JSON-RPC 2.0 requests whose \`method\` is the channel's address.${values}`;
}

/** The parts of a document, which point to each other by keys. */
class Parts {
  readonly #contract: Contract;
  readonly #convert: Convert | undefined;
  readonly #keys = new Keys();
  // Maps, because a name may be `constructor`.
  readonly #channels = new Map<string, AsyncApiChannel>();
  readonly #operations = new Map<string, AsyncApiOperation>();
  readonly #messages = new Map<string, AsyncApiMessage>();
  readonly #schemas = new Map<string, JsonSchema>();

  constructor(contract: Contract, convert: Convert | undefined) {
    this.#contract = contract;
    this.#convert = convert;
  }

  /** Adds what a peer does with an event or a request. */
  add(name: string, kind: 'event' | 'request', action: 'send' | 'receive'): void {
    const entry = Object.hasOwn(this.#contract, name) ? this.#contract[name] : undefined;
    if (entry === undefined || isRequest(entry) !== (kind === 'request')) {
      throw new ConnectError(`the contract has no ${kind} '${name}'`);
    }
    const key = this.#keys.of(name);
    if (!this.#channels.has(key)) {
      this.#addChannel(key, name, isRequest(entry) ? entry.args : schemasOf(entry));
      if (isRequest(entry)) this.#addAnswer(key, name, entry);
    }
    this.#operations.set(`${action}.${key}`, {
      action,
      ...pointers(key),
      ...(isRequest(entry) && { reply: pointers(this.#keys.of(name, 'reply')) }),
    });
  }

  #addChannel(key: string, name: string, schemas: readonly StandardSchema[] | undefined): void {
    // Braces would make a parameter of the text between them. The other characters are not allowed in an address.
    const address = /[{}?#]/.test(name) ? null : name;
    this.#channels.set(key, {
      address,
      ...(address === null && { description: `Its address is '${name}', which AsyncAPI cannot say.` }),
      messages: { [key]: pointer('components', 'messages', key) },
    });
    this.#messages.set(key, { name, payload: this.#list(key, schemas) });
  }

  #addAnswer(requestKey: string, name: string, { result, stream }: RequestEntry): void {
    const key = this.#keys.of(name, 'reply');
    this.#channels.set(key, {
      address: null,
      description: `${stream ? 'Any number of answers' : 'The answer'} to '${name}', only to the peer that asked.`,
      messages: { [key]: pointer('components', 'messages', key) },
    });
    this.#messages.set(key, { name: `${name} reply`, payload: this.#schema(`${requestKey}.result`, result) });
  }

  /** The JSON Schema of the arguments, as one list. */
  #list(key: string, schemas: readonly StandardSchema[] | undefined): JsonSchema {
    if (schemas === undefined) {
      return { type: 'array', description: 'The contract has only types for these arguments: nothing is checked.' };
    }
    const items = schemas.map((schema, i) => this.#schema(`${key}.${i + 1}`, schema));
    const needed = schemas.findLastIndex((schema) => !takesUndefined(schema)) + 1;
    // An empty list of items would not be valid.
    return { type: 'array', ...(items.length > 0 && { items }), minItems: needed, maxItems: items.length };
  }

  #schema(key: string, schema: StandardSchema): JsonSchema {
    this.#schemas.set(key, describe(schema, key, this.#convert));
    return { ...pointer('components', 'schemas', key) };
  }

  toDocument(): Pick<AsyncApiDocument, 'channels' | 'operations' | 'components'> {
    return {
      channels: Object.fromEntries(this.#channels),
      operations: Object.fromEntries(this.#operations),
      components: { messages: Object.fromEntries(this.#messages), schemas: Object.fromEntries(this.#schemas) },
    };
  }
}

/** A channel and its only message, which has the same key. */
function pointers(key: string): { channel: Reference; messages: readonly Reference[] } {
  return { channel: pointer('channels', key), messages: [pointer('channels', key, 'messages', key)] };
}

/** @param path - keys that need no escaping */
function pointer(...path: string[]): Reference {
  return { $ref: `#/${path.join('/')}` };
}

function takesUndefined(schema: StandardSchema): boolean {
  try {
    const result = schema['~standard'].validate(undefined);
    if (!('then' in result)) return result.issues === undefined;
    // A later result is of no use here. If it fails, that is nobody's fault.
    void result.then(undefined, () => {});
    return false;
  } catch {
    return false;
  }
}
