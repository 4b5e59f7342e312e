import type { Frame, Gate } from '../bus/bus.ts';
import type { Grant } from '../bus/websocket-options.ts';
import { readControl } from '../wire/control.ts';
import { type Call, decode, requestPrefixes } from '../wire/json-rpc.ts';
import { CONTROL_PREFIX, methodTo, TO_ALL } from '../wire/names.ts';
import { type Pack, packedEvent, readPack } from '../wire/pack.ts';
import { readStreamId } from '../wire/stream-id.ts';

/**
 * Judges what a peer says that may subscribe to some events and publish some, and no others. It is one
 * peer: the id that it subscribes to first is its own, and it speaks for no other. All that it sends is read
 * for that, which the frames of others are not.
 */
export function makeGate({ subscribe, publish }: Grant): Gate {
  const maySubscribe = (event: string): boolean => subscribe?.includes(event) ?? true;
  const mayPublish = (event: string): boolean => publish?.includes(event) ?? true;
  const open = new Set([...(subscribe ?? []), TO_ALL].flatMap((name) => requestPrefixes(name)));
  let id: string | undefined;

  const mayPack = ({ event, publisher }: Pack): boolean => mayPublish(event) && publisher === id;
  const mayRequest = (call: Call): boolean => {
    const position = readStreamId(call.id);
    // Events without a number are delivered as they come.
    return mayPublish(call.method) && (position === undefined || position.publisher === id);
  };
  const isAllowed = (call: Call): boolean => {
    if (!call.method.startsWith(CONTROL_PREFIX)) return mayRequest(call);
    const event = packedEvent(call);
    if (event !== undefined) {
      const pack = readPack(event, call.args);
      return pack !== undefined && mayPack(pack);
    }
    const received = readControl(call.args);
    if (received === undefined || received.sender !== id) return false;
    const { control } = received;
    if (control.kind === 'hello') return control.subscribes.every(maySubscribe) && control.publishes.every(mayPublish);
    return control.kind !== 'replay' || control.packs.every(mayPack);
  };

  return {
    maySubscribe(prefix) {
      const own = readOwnId(prefix);
      if (own !== undefined) return (id ??= own) === own;
      return subscribe === undefined || open.has(prefix);
    },
    maySend(frame) {
      const { calls, invalid } = decode(text(frame));
      return invalid.length === 0 && calls.every(isAllowed);
    },
    mayReceive(frame) {
      // What others replay for it, or for the one that it pretends to be.
      if (subscribe === undefined || !isToOne(frame)) return true;
      const { calls } = decode(text(frame));
      return calls.every((call) => {
        const control = call.method.startsWith(CONTROL_PREFIX) ? readControl(call.args)?.control : undefined;
        return control?.kind !== 'replay' || control.packs.every(({ event }) => maySubscribe(event));
      });
    },
  };
}

const DECODER = new TextDecoder();
/** The heads of messages to one peer, up to its id. */
const TO_ONE = requestPrefixes(methodTo('')).map((prefix) => prefix.slice(0, -1));
const LONGEST = Math.max(...TO_ONE.map((prefix) => prefix.length));

/** The peer whose messages have this prefix, whole. */
function readOwnId(prefix: string): string | undefined {
  const start = TO_ONE.find((one) => prefix.startsWith(one));
  const [, id] = /^([\w-]+)"$/.exec(prefix.slice(start?.length)) ?? [];
  return start === undefined ? undefined : id;
}

/** Whether it is a message to one peer. */
function isToOne(frame: Frame): boolean {
  const start = typeof frame === 'string' ? frame : DECODER.decode(frame.subarray(0, LONGEST));
  return TO_ONE.some((one) => start.startsWith(one));
}

function text(frame: Frame): string {
  return typeof frame === 'string' ? frame : DECODER.decode(frame);
}
