import type { Batcher } from '../stream/batcher.ts';
import type { Inbox } from '../stream/inbox.ts';
import type { Outbox } from '../stream/outbox.ts';
import { type Control, readControl } from '../wire/control.ts';
import { areUnsafe } from '../wire/direct.ts';
import { type Call, decode, type InvalidCall } from '../wire/json-rpc.ts';
import { CONTROL_PREFIX, methodTo, readChannelName } from '../wire/names.ts';
import { type Pack, packedEvent, readAfter, readPack, readTrace } from '../wire/pack.ts';
import { readStreamId } from '../wire/stream-id.ts';
import type { Channels } from './channels.ts';
import type { Inboxes } from './inboxes.ts';
import type { Presence } from './presence.ts';

/** What a receiver needs to know about its peer. */
export interface ReceiverOptions {
  readonly id: string;
  /** The events it subscribes to, as keys. */
  readonly subscribes: ReadonlyMap<string, unknown>;
  /** Whether there is such an event, as far as this peer knows. */
  readonly knows: (event: string) => boolean;
}

/** The parts of a session for which something may arrive. */
export interface SessionParts {
  readonly batcher: Batcher;
  readonly outbox: Outbox;
  readonly inboxes: Inboxes;
  readonly channels: Channels;
  readonly presence: Presence;
  /** A peer says who it is. */
  readonly meet: (id: string, hello: Control & { kind: 'hello' }) => void;
  /** Says who this peer is to a peer that does not know it, or that has not said who it is itself. */
  readonly greet: (id: string) => void;
}

/** What a receiver reports to. */
export interface ReceiverPort {
  /** An event of a peer in Python. */
  deliver(event: string, args: readonly unknown[], publisher: undefined, trace: string | undefined): void;
  /** A probe of this peer came back. */
  probed(count: number): void;
  invalid(part: InvalidCall): void;
}

/** Reads the frames that arrive, and passes their contents to the parts of the session that these are for. */
export class Receiver {
  readonly #options: ReceiverOptions;
  readonly #parts: SessionParts;
  readonly #port: ReceiverPort;

  constructor(options: ReceiverOptions, parts: SessionParts, port: ReceiverPort) {
    this.#options = options;
    this.#parts = parts;
    this.#port = port;
  }

  /** A frame arrived. */
  receive(text: string): void {
    const { calls, invalid } = decode(text);
    const size = text.length / calls.length;
    for (const call of calls) {
      if (call.method.startsWith(CONTROL_PREFIX)) this.#receiveOwn(call, size);
      else if (this.#options.subscribes.has(call.method)) this.#receiveEvent(call, size);
      // A batch may contain events for other peers.
      else if (!this.#options.knows(call.method)) this.#port.invalid({ reason: 'method', method: call.method });
    }
    for (const part of invalid) this.#port.invalid(part);
  }

  #receiveEvent({ method, args, id, after, traceparent }: Call, size: number): void {
    const position = readStreamId(id);
    const trace = readTrace(traceparent);
    // Peers in Python number nothing: what they send is delivered as it comes.
    if (position === undefined) {
      this.#port.deliver(method, args, undefined, trace);
      return;
    }
    const { publisher, g, n } = position;
    if (!this.#parts.presence.heard(publisher)) return;
    const inbox = this.#parts.inboxes.of(publisher, method);
    inbox?.arrived({ event: method, n, gs: [g], events: [args], after: readAfter(after), traces: [trace] });
    inbox?.weigh(size);
  }

  /** A message arrived that belongs to this protocol, not to JSON-RPC alone. */
  #receiveOwn(call: Call, size: number): void {
    const event = packedEvent(call);
    if (event === undefined) {
      if (call.id === undefined) this.#receiveControl(call);
      else this.#receiveDirect(call, size);
      return;
    }
    const pack = readPack(event, call.args);
    if (pack === undefined) {
      this.#port.invalid({ reason: 'params', method: event });
      return;
    }
    const channel = readChannelName(pack.publisher);
    const publisher = channel?.peer ?? pack.publisher;
    if (!this.#parts.presence.heard(publisher)) return;
    // An inbox asks its publisher for heads, which say nothing of events that nobody wants here.
    if (channel === undefined && !this.#options.subscribes.has(event)) return;
    const inbox =
      channel === undefined
        ? this.#parts.inboxes.of(publisher, event)
        : this.#parts.channels.from(channel.peer, channel.count);
    if (inbox === undefined) return;
    this.#receivePack(pack, inbox);
    inbox.weigh(size, pack.events.length);
  }

  /** A numbered message arrived from one peer for this peer alone. */
  #receiveDirect({ method, args, id, after, traceparent }: Call, size: number): void {
    const position = readStreamId(id);
    const channel = position === undefined ? undefined : readChannelName(position.publisher);
    if (position === undefined || channel === undefined || method !== methodTo(this.#options.id)) {
      this.#port.invalid({ reason: 'params', method });
      return;
    }
    const { peer, count } = channel;
    if (!this.#parts.presence.heard(peer)) return;
    const { g, n } = position;
    const inbox = this.#parts.channels.from(peer, count);
    if (!areUnsafe(args)) {
      const traces = [readTrace(traceparent)];
      inbox?.arrived({ event: method, n, gs: [g], events: [args], after: readAfter(after), traces });
      inbox?.weigh(size);
      return;
    }
    this.#port.invalid({ reason: 'params', method });
    inbox?.gone([[method, n, n, g]]);
  }

  #receivePack(pack: Pack, inbox: Inbox): void {
    const { event, invalid } = pack;
    if (invalid === undefined) {
      inbox.arrived(pack);
      return;
    }
    // An inbox remembers what the first one comes after. With each of them, that could take minutes.
    let { after } = pack;
    for (const [index, args] of pack.events.entries()) {
      const n = pack.n + index;
      const g = pack.gs[index] as number;
      const problem = invalid.get(index);
      if (problem === undefined) {
        inbox.arrived({ event, n, gs: [g], events: [args], after, traces: [pack.traces?.[index]] });
        after = undefined;
      } else {
        this.#port.invalid(problem);
        inbox.gone([[event, n, n, g]]);
      }
    }
  }

  #receiveControl({ method, args }: Call): void {
    const received = readControl(args);
    if (received === undefined) {
      this.#port.invalid({ reason: 'params', method });
      return;
    }
    const { sender, control } = received;
    const { batcher, outbox, inboxes, presence, meet, greet } = this.#parts;
    if (control.kind === 'broker') {
      batcher.mayPack = true;
      return;
    }
    const channel = readChannelName(sender);
    if (channel !== undefined) {
      this.#receiveChannelControl(channel.peer, channel.count, control);
      return;
    }
    if (!presence.heard(sender)) return;
    switch (control.kind) {
      case 'probe':
        if (sender === this.#options.id) this.#port.probed(control.count);
        break;
      case 'mark':
        if (sender === this.#options.id) outbox.echoed(control.g);
        break;
      case 'hello':
        meet(sender, control);
        break;
      case 'alive':
        if (!presence.has(sender)) greet(sender);
        break;
      case 'bye':
        inboxes.gone(sender, control.heads);
        presence.bye(sender);
        break;
      case 'head':
        // Nothing is delivered before a publisher has said who it is, and thereby what its events mean.
        if (presence.has(sender)) inboxes.heads(sender, control);
        else greet(sender);
        break;
      case 'ack':
        if (outbox.knows(sender)) outbox.acknowledge(sender, control.g);
        else greet(sender);
        break;
      case 'nak':
        if (outbox.knows(sender)) outbox.repeat(sender, control.ranges);
        else greet(sender);
        break;
      case 'replay':
        this.#receiveReplay(sender, control);
        break;
    }
  }

  #receiveChannelControl(peer: string, count: number, control: Control): void {
    const { channels, greet, presence } = this.#parts;
    if (!presence.heard(peer)) return;
    if (control.kind !== 'replay') {
      // Nothing is done for a peer that has not said who it is: it would not be missed when it left.
      if (presence.has(peer)) channels.control(peer, count, control);
      else greet(peer);
      return;
    }
    const inbox = channels.from(peer, count);
    if (inbox === undefined) return;
    for (const pack of control.packs) this.#receivePack(pack, inbox);
    inbox.gone(control.gone);
  }

  #receiveReplay(sender: string, { packs, gone }: Control & { kind: 'replay' }): void {
    const inbox = this.#parts.inboxes.known(sender);
    if (inbox === undefined) return;
    for (const pack of packs) if (pack.publisher === sender) this.#receivePack(pack, inbox);
    inbox.gone(gone);
  }
}
