/** A JSON Schema, as a library returns it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Points to another part of the document. */
export interface Reference {
  readonly $ref: string;
}

/** What is described, and by whom. */
export interface AsyncApiInfo {
  readonly title: string;
  /** The version of what is described, not of this package. */
  readonly version: string;
  /** A text in CommonMark. If it is not given, the document says here how arguments cross sockets. */
  readonly description?: string | undefined;
  readonly termsOfService?: string | undefined;
  readonly contact?: { readonly name?: string; readonly url?: string; readonly email?: string } | undefined;
  readonly license?: { readonly name: string; readonly url?: string } | undefined;
}

/** What crosses sockets under one name. */
export interface AsyncApiChannel {
  /** The name of the event or request; null for answers, which reach only the peer that asked, and for names that no address can have. */
  readonly address: string | null;
  readonly description?: string;
  readonly messages: Readonly<Record<string, Reference>>;
}

/** What is sent through a channel: the arguments of an event or request, or an answer. */
export interface AsyncApiMessage {
  /** The name of the event or request; for an answer, `… reply`. */
  readonly name: string;
  /** The schema of the list of arguments, or of the answer. */
  readonly payload: JsonSchema;
}

/** What a peer does with a channel. */
export interface AsyncApiOperation {
  readonly action: 'send' | 'receive';
  readonly channel: Reference;
  readonly messages: readonly Reference[];
  readonly reply?: { readonly channel: Reference; readonly messages: readonly Reference[] };
}

/** An AsyncAPI 3 document, ready for `JSON.stringify`. */
export interface AsyncApiDocument {
  readonly asyncapi: '3.0.0';
  readonly info: AsyncApiInfo;
  readonly defaultContentType: 'application/json';
  readonly channels: Readonly<Record<string, AsyncApiChannel>>;
  readonly operations: Readonly<Record<string, AsyncApiOperation>>;
  readonly components: {
    readonly messages: Readonly<Record<string, AsyncApiMessage>>;
    readonly schemas: Readonly<Record<string, JsonSchema>>;
  };
}
