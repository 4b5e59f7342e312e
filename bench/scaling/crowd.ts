// Peers that share a process, as they are in the figures because 1,000 processes would measure the machine's memory.
import { setImmediate, setTimeout } from 'node:timers/promises';
import { connect, Peer } from 'mreventloop';
import { answer } from './child.ts';

/** Who is to start: peer `i` says `pair_i` and hears its neighbour's; all hear `all`, and the first one says it. */
export interface Crowd {
  readonly place: readonly [string, string];
  readonly ids: readonly number[];
  readonly total: number;
}

/** How many start at a time. */
const AT_A_TIME = 25;
/** How long, in milliseconds, anything may take. */
const PATIENCE = 300_000;
const PAYLOAD = '.'.repeat(64);

type Ticks = Record<string, [payload: string]>;
type Members = Peer<Ticks, Ticks>;
const peers = new Map<number, Members>();
let total = 0;
let heard = 0;
let left = 0;

function makePeer(id: number, { place }: Crowd): Members {
  const neighbour = id % 2 === 0 ? (id + 1) % total : id - 1;
  const subscribes = [`pair_${neighbour}`, ...(id === 0 ? [] : ['all'])];
  const publishes = [`pair_${id}`, ...(id === 0 ? ['all'] : [])];
  const peer: Members = new Peer<Ticks, Ticks>(...place, subscribes, publishes);
  for (const name of Object.keys(peer.events)) connect(peer, name, () => (heard += 1));
  connect(peer.status, 'peerLeft', () => (left += 1));
  peers.set(id, peer);
  return peer;
}

interface Said {
  readonly count: number;
  readonly milliseconds: number;
}

/** Some peers publish for a while, each when it may go on; fulfils when all was delivered. */
async function say(
  ids: readonly number[],
  name: (id: number) => string,
  milliseconds: number,
  mayGoOn: (count: number) => Promise<unknown> | undefined,
): Promise<Said> {
  const began = performance.now();
  const counts = await Promise.all(
    ids.map(async (id) => {
      const peer = peers.get(id) as Members;
      const publish = peer.publish[name(id)] as (payload: string) => Promise<void>;
      let count = 0;
      for (; performance.now() - began < milliseconds; count += 1) {
        await publish(PAYLOAD);
        await mayGoOn(count);
      }
      await peer.flush({ timeout: PATIENCE });
      return count;
    }),
  );
  return { count: counts.reduce((sum, count) => sum + count, 0), milliseconds: performance.now() - began };
}

/** As fast as others take it. Those that share the process take turns. */
function atFullSpeed(count: number): Promise<unknown> | undefined {
  return count % 16 === 0 ? setImmediate() : undefined;
}

answer({
  async start(crowd: Crowd) {
    ({ total } = crowd);
    const times: number[] = [];
    for (let i = 0; i < crowd.ids.length; i += AT_A_TIME) {
      const starting = crowd.ids.slice(i, i + AT_A_TIME).map(async (id) => {
        const began = performance.now();
        await makePeer(id, crowd).start({ timeout: PATIENCE });
        times.push(performance.now() - began);
      });
      await Promise.all(starting);
    }
    return Math.max(...times);
  },
  async met() {
    for (const peer of peers.values()) {
      while (peer.peers.length < total - 1) await peer.status.peerJoined.next({ timeout: PATIENCE });
    }
  },
  all: (milliseconds: number) => say([0], () => 'all', milliseconds, atFullSpeed),
  pairs: (milliseconds: number) => say([...peers.keys()], (id) => `pair_${id}`, milliseconds, atFullSpeed),
  singly: (milliseconds: number) => {
    // So that some 50,000 arrive in a second: what is measured is the work, not its limit.
    const pause = Math.max(1, total / 50);
    return say(
      [0],
      () => 'all',
      milliseconds,
      () => setTimeout(pause),
    );
  },
  /** How many events arrived in all, and how many peers were taken for gone. */
  counts: () => ({ heard, left }),
});
