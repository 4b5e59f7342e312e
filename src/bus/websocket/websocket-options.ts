/** What a stranger showed when it asked to come in. */
export interface JoinRequest {
  /** The path and query that it connected to. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Where it connected from; behind a proxy, the proxy. */
  readonly remoteAddress: string | undefined;
}

/** What a peer may do that was let in: this, and nothing else. */
export interface Grant {
  /** The events that it may subscribe to. */
  readonly subscribe?: readonly string[] | undefined;
  /** The events that it may publish. */
  readonly publish?: readonly string[] | undefined;
  /** The requests that it may ask. */
  readonly request?: readonly string[] | undefined;
  /** The requests that it may serve. */
  readonly serve?: readonly string[] | undefined;
}

/** As much of `http.Server` and `https.Server` as a door needs. */
export interface UpgradeServer {
  on(event: 'upgrade', listener: (request: unknown, socket: unknown, head: unknown) => void): unknown;
  off(event: 'upgrade', listener: (request: unknown, socket: unknown, head: unknown) => void): unknown;
  listenerCount(event: 'upgrade'): number;
  address(): string | { readonly address: string; readonly port: number } | null;
}

/** How a broker serves WebSockets. */
export interface WebSocketDoorOptions {
  /** An HTTP or HTTPS server of yours, to be attached to; it stays yours to start and to close. */
  readonly server?: UpgradeServer | undefined;
  /**
   * The port of a server of the broker's own, without TLS; 0 for any that is free.
   * @default 0
   */
  readonly port?: number | undefined;
  /**
   * The network address of that server.
   * @default '127.0.0.1'
   */
  readonly host?: string | undefined;
  /** The path of a Unix socket instead of a port: absolute, and without a colon. */
  readonly socket?: string | undefined;
  /**
   * The path of the URL at which peers connect: it begins with a slash and is written as in a URL, without a query.
   * @default '/'
   */
  readonly path?: string | undefined;
  /**
   * Pages of which origins may connect, as in `https://shop.example`, and no others; `'*'` for all. Programs that are no
   * browsers name no origin and are not kept out by this.
   * @default the origin that the page connects to
   */
  readonly origins?: readonly string[] | '*' | undefined;
  /**
   * Whether to let a peer in: `true` for one that may do everything, or what it may do. It is not let in when this
   * throws or takes too long, nor when it gives anything else, which is told once by a warning of the process.
   * @default everybody is let in
   */
  readonly authorize?:
    ((token: string | undefined, request: JoinRequest) => boolean | Grant | Promise<boolean | Grant>) | undefined;
  /**
   * How long, in milliseconds, a connection may take until the peer is let in; 2³¹ - 1 at most. Peers give up after 10,000.
   * @default 5000
   */
  readonly joinWithin?: number | undefined;
  /**
   * Bytes in the largest message that is taken, at least 2 Mi and less than 2 Gi. An event may have 1 Mi less.
   * @default 4 Mi
   */
  readonly maxPayload?: number | undefined;
  /**
   * How many bytes may wait for a peer that does not keep up. Frames beyond that are dropped, and repaired later.
   * When that lasts for a heartbeat, it is cut off; it comes back by itself.
   * @default 16 Mi
   */
  readonly maxBuffered?: number | undefined;
  /**
   * Frames that are taken of a peer in a second, on the average, and other messages; what is more waits in the peer. A frame
   * has one event, or many of one name.
   * @default 100_000
   */
  readonly messagesPerSecond?: number | undefined;
  /**
   * Bytes that are taken of a peer in a second, on the average; what is more waits in the peer.
   * @default 64 Mi
   */
  readonly bytesPerSecond?: number | undefined;
  /**
   * Milliseconds within which a link that is dead is found to be so, on both sides; 2³¹ - 1 at most.
   * @default 10_000
   */
  readonly heartbeat?: number | undefined;
}
