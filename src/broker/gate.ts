import type { Frame, Gate } from '../bus/bus.ts';
import type { Grant } from '../bus/websocket/websocket-options.ts';
import { readControl } from '../wire/control.ts';
import { type Call, decode, requestPrefixes } from '../wire/json-rpc.ts';
import { readDirect } from '../wire/direct.ts';
import { CONTROL_PREFIX, methodTo, readChannelName, TO_ALL } from '../wire/names.ts';
import { type Pack, packedEvent, readPack } from '../wire/pack.ts';
import { readStreamId } from '../wire/stream-id.ts';
import { textOf } from './relay.ts';

/**
 * Makes the gate for a peer that may subscribe to and publish certain events only. The peer has one id: the first that
 * it subscribes to, unless that is the id of another peer. It may not speak for any other peer. To enforce this,
 * everything that it sends is parsed, unlike the frames of other peers.
 * @param isHere - whether a peer with this id is here
 */
export function makeGate(
  { subscribe = [], publish = [], request = [], serve = [] }: Grant,
  isHere: (id: string) => boolean,
): Gate {
  const maySubscribe = (event: string): boolean => subscribe.includes(event);
  const mayPublish = (event: string): boolean => publish.includes(event);
  const mayAsk = (name: string): boolean => request.includes(name);
  const mayServe = (name: string): boolean => serve.includes(name);
  const open = new Set([...subscribe, TO_ALL].flatMap((name) => requestPrefixes(name)));
  let id: string | undefined;

  /** Whether the peer speaks for itself, in a message to all peers or to one. */
  const isOwn = (name: string): boolean => (readChannelName(name)?.peer ?? name) === id;
  const maySay = (args: unknown): boolean => {
    const message = Array.isArray(args) ? readDirect(args) : undefined;
    return message !== undefined && (!('request' in message) || mayAsk(message.request));
  };
  const mayPack = ({ event, publisher, events, invalid }: Pack): boolean =>
    isOwn(publisher) && (isToPeer(event) ? invalid === undefined && events.every(maySay) : mayPublish(event));
  const mayRequest = (call: Call): boolean => {
    const position = readStreamId(call.id);
    // Unnumbered events are delivered as they come.
    return mayPublish(call.method) && (position === undefined || position.publisher === id);
  };
  const isAllowed = (call: Call): boolean => {
    if (!call.method.startsWith(CONTROL_PREFIX)) return mayRequest(call);
    const event = packedEvent(call);
    if (event !== undefined) {
      const pack = readPack(event, call.args);
      return pack !== undefined && mayPack(pack);
    }
    const position = readStreamId(call.id);
    if (position !== undefined) return isOwn(position.publisher) && maySay(call.args);
    const received = readControl(call.args);
    if (received === undefined || !isOwn(received.sender)) return false;
    const { control } = received;
    if (control.kind === 'hello') {
      const { subscribes, publishes, serves = [], durable } = control;
      // Publishers would store events for a durable subscription; no peer behind a door has a store.
      if (durable !== undefined) return false;
      return subscribes.every(maySubscribe) && publishes.every(mayPublish) && serves.every(mayServe);
    }
    return control.kind !== 'replay' || control.packs.every(mayPack);
  };

  return {
    isTaken(prefix) {
      const own = readOwnId(prefix);
      return id === undefined && own !== undefined && isHere(own);
    },
    maySubscribe(prefix) {
      const own = readOwnId(prefix);
      if (own !== undefined) return (id ??= own) === own;
      return open.has(prefix);
    },
    maySend(frame) {
      const { calls, invalid } = decode(textOf(frame));
      return invalid.length === 0 && calls.every(isAllowed);
    },
    mayReceive(frame) {
      // Only replays need a check: those for this peer, or for the peer that it pretends to be.
      if (!isToOne(frame)) return true;
      const { calls } = decode(textOf(frame));
      return calls.every((call) => {
        const control = call.method.startsWith(CONTROL_PREFIX) ? readControl(call.args)?.control : undefined;
        return control?.kind !== 'replay' || control.packs.every(({ event }) => isToPeer(event) || maySubscribe(event));
      });
    },
  };
}

/** How messages to one peer begin, up to its id. */
const TO_ONE = /* @__PURE__ */ headsToOne();
const LONGEST = /* @__PURE__ */ longest(TO_ONE);

function headsToOne(): readonly string[] {
  return requestPrefixes(methodTo('')).map((prefix) => prefix.slice(0, -1));
}

function longest(texts: readonly string[]): number {
  return Math.max(...texts.map(({ length }) => length));
}

/** Returns the id of the peer whose messages have exactly this prefix. */
function readOwnId(prefix: string): string | undefined {
  const start = TO_ONE.find((one) => prefix.startsWith(one));
  const [, id] = /^([\w-]+)"$/.exec(prefix.slice(start?.length)) ?? [];
  return start === undefined ? undefined : id;
}

/** Whether a method is one of messages to a single peer. */
function isToPeer(method: string): boolean {
  return method.startsWith(methodTo(''));
}

/** Whether a frame is a message to a single peer. */
function isToOne(frame: Frame): boolean {
  const start = typeof frame === 'string' ? frame : textOf(frame.subarray(0, LONGEST));
  return TO_ONE.some((one) => start.startsWith(one));
}
