// Peers that share a process, as they are in the figures because 1,000 processes would measure the machine's memory.
import { setImmediate } from 'node:timers/promises';
import { connect, Peer } from 'mreventloop';
import { makePayload } from '../role.ts';
import { answer } from './child.ts';

/** Who is to start: peer `i` says `pair_i` and hears its neighbour's; all hear `all`, and the first one says it. */
export interface Crowd {
  readonly place: readonly [string, string];
  readonly ids: readonly number[];
  readonly total: number;
}

/** How many start at a time. */
const AT_A_TIME = 25;

type Members = Peer<Record<string, [payload: string]>, Record<string, [payload: string]>>;
const peers = new Map<number, Members>();
let heard = 0;
let left = 0;

function makePeer(id: number, { place, total }: Crowd): Members {
  const neighbour = id % 2 === 0 ? (id + 1) % total : id - 1;
  const subscribes = ['all', `pair_${neighbour}`];
  const peer: Members = new Peer(...place, id === 0 ? subscribes.slice(1) : subscribes, [
    `pair_${id}`,
    ...(id === 0 ? ['all'] : []),
  ]);
  for (const name of Object.keys(peer.events)) connect(peer.events[name] as never, () => (heard += 1));
  connect(peer.status, 'peerLeft', () => (left += 1));
  peers.set(id, peer);
  return peer;
}

/** Publishes for some milliseconds, as fast as others take it; gives how many were published and delivered, and the time. */
async function say(ids: readonly number[], name: (id: number) => string, milliseconds: number) {
  const began = performance.now();
  const counts = await Promise.all(
    ids.map(async (id) => {
      const peer = peers.get(id) as Members;
      const publish = peer.publish[name(id)] as (payload: string) => Promise<void>;
      let count = 0;
      for (; performance.now() - began < milliseconds; count += 1) {
        await publish(makePayload(count));
        // Those that share the process are to take turns.
        if (count % 16 === 0) await setImmediate();
      }
      await peer.flush({ timeout: 60_000 });
      return count;
    }),
  );
  return { count: counts.reduce((sum, count) => sum + count, 0), milliseconds: performance.now() - began };
}

answer({
  async start(crowd: Crowd) {
    const times: number[] = [];
    for (let i = 0; i < crowd.ids.length; i += AT_A_TIME) {
      const starting = crowd.ids.slice(i, i + AT_A_TIME).map(async (id) => {
        const began = performance.now();
        await makePeer(id, crowd).start({ timeout: 60_000 });
        times.push(performance.now() - began);
      });
      await Promise.all(starting);
    }
    return Math.max(...times);
  },
  async met(total: number) {
    const lacks = (peer: Members): boolean => peer.peers.length < total - 1;
    for (const peer of peers.values()) while (lacks(peer)) await peer.status.peerJoined.next({ timeout: 60_000 });
  },
  all: (milliseconds: number) => say([0], () => 'all', milliseconds),
  pairs: (milliseconds: number) => say([...peers.keys()], (id) => `pair_${id}`, milliseconds),
  /** How many events arrived in all, and how many peers were taken for gone. */
  counts: () => ({ heard, left }),
});
