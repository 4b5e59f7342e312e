/** The request with which a stranger asks to come in. */
export interface JoinRequest {
  /** The path and query of the URL that it connected to. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The address that it connected from; behind a proxy, that of the proxy. */
  readonly remoteAddress: string | undefined;
}

/** What an admitted peer may do: this, and nothing else. */
export interface Grant {
  /** The events that it may subscribe to. */
  readonly subscribe?: readonly string[] | undefined;
  /** The events that it may publish. */
  readonly publish?: readonly string[] | undefined;
  /** The requests that it may make. */
  readonly request?: readonly string[] | undefined;
  /** The requests that it may serve. */
  readonly serve?: readonly string[] | undefined;
}

/** The part of `http.Server` and `https.Server` that a door needs. */
export interface UpgradeServer {
  on(event: 'upgrade', listener: (request: unknown, socket: unknown, head: unknown) => void): unknown;
  off(event: 'upgrade', listener: (request: unknown, socket: unknown, head: unknown) => void): unknown;
  listenerCount(event: 'upgrade'): number;
  address(): string | { readonly address: string; readonly port: number } | null;
}

/** How a broker serves WebSockets. */
export interface WebSocketDoorOptions {
  /** An HTTP or HTTPS server of yours to attach to. Starting and closing it remain up to you. */
  readonly server?: UpgradeServer | undefined;
  /**
   * The port of the broker's own server, which has no TLS; 0 for any free port.
   * @default 0
   */
  readonly port?: number | undefined;
  /**
   * The network address of that server.
   * @default '127.0.0.1'
   */
  readonly host?: string | undefined;
  /** The path of a Unix socket to use instead of a port: absolute, and without a colon. */
  readonly socket?: string | undefined;
  /**
   * The path of the URL at which peers connect. It begins with a slash and is written as in a URL, without a query.
   * @default '/'
   */
  readonly path?: string | undefined;
  /**
   * The origins whose pages may connect, and no others, as in `https://shop.example`; `'*'` for all. Programs other
   * than browsers send no origin and are not kept out by this.
   * @default the origin that the page connects to
   */
  readonly origins?: readonly string[] | '*' | undefined;
  /**
   * Decides whether to let a peer in. Returns `true` for a peer that may do everything, or what the peer may do. The
   * peer is not let in when this throws, takes too long, or returns anything else. If that is not `false`, the
   * process emits a warning, once.
   * @default everybody is let in
   */
  readonly authorize?:
    ((token: string | undefined, request: JoinRequest) => boolean | Grant | Promise<boolean | Grant>) | undefined;
  /**
   * How long, in milliseconds, a connection may take until the peer is let in; 2³¹ - 1 at most. Peers give up after
   * 10,000.
   * @default 5000
   */
  readonly joinWithin?: number | undefined;
  /**
   * The size, in bytes, of the largest accepted message, at least 2 Mi and less than 512 Mi. An event may have 1 Mi less.
   * @default 4 Mi
   */
  readonly maxPayload?: number | undefined;
  /**
   * How many bytes may wait for a peer that does not keep up. Frames beyond that are dropped, and repaired later.
   * A peer for which this lasts for a heartbeat is cut off; it reconnects by itself.
   * @default 16 Mi
   */
  readonly maxBuffered?: number | undefined;
  /**
   * The number of frames, and other messages, accepted from a peer per second, on average. Any more wait in the peer. A
   * frame has one event, or many of one name.
   * @default 100_000
   */
  readonly messagesPerSecond?: number | undefined;
  /**
   * The number of bytes accepted from a peer per second, on average. Any more wait in the peer.
   * @default 64 Mi
   */
  readonly bytesPerSecond?: number | undefined;
  /**
   * The time, in milliseconds, within which both sides detect a dead link; 2³¹ - 1 at most.
   * @default 10_000
   */
  readonly heartbeat?: number | undefined;
}
