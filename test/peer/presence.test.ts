import { describe, expect, test } from 'vitest';
import { Presence } from '../../src/peer/presence.ts';
import { StepClock } from 'mreventloop/testing';

/** Short, so that 20 peers are all that can say three times within it that they are there. */
const SILENCE = 600;

/** Peers that hear each other's signs of life, and nothing else. */
class Crowd {
  readonly clock = new StepClock();
  readonly #members = new Map<string, Presence>();
  #joined = 0;
  /** How many signs were heard, by all of them together. */
  heard = 0;
  readonly left: string[] = [];
  readonly forgotten: string[] = [];

  readonly #silences = new Map<string, number>();

  join(count: number, silence = SILENCE): void {
    for (let i = 0; i < count; i += 1) {
      const id = `peer ${(this.#joined += 1)}`;
      this.#silences.set(id, silence);
      const presence = new Presence(silence, this.clock, {
        alive: () => this.#sign(id),
        left: (peer, reason) => this.left.push(`${peer.id} ${reason}`),
        gone: () => {},
        forget: (peer) => this.forgotten.push(peer),
      });
      this.#members.set(id, presence);
      presence.start();
    }
    for (const member of this.#members.values()) {
      for (const id of this.#members.keys()) {
        if (!member.has(id)) member.add({ id, subscribes: [], publishes: [], serves: [] }, this.#silences.get(id));
      }
    }
  }

  /** One dies without a word. */
  die(id: string): void {
    this.#members.get(id)?.close();
    this.#members.delete(id);
  }

  /** Those who came last say good-bye. */
  leave(count: number): void {
    for (const id of [...this.#members.keys()].slice(-count)) {
      this.die(id);
      for (const other of this.#members.values()) other.bye(id);
    }
    this.left.length = 0;
  }

  #sign(id: string): void {
    for (const other of this.#members.values()) {
      this.heard += 1;
      other.heard(id);
    }
  }
}

test('few peers: each says three times within the silence that it is there, and who does not counts as gone', () => {
  const crowd = new Crowd();
  crowd.join(20);
  crowd.clock.advance(10 * SILENCE);
  expect(crowd.left).toEqual([]);
  expect(crowd.heard).toBe(20 * 20 * 30);
  crowd.die('peer 7');
  crowd.clock.advance(SILENCE + SILENCE / 3);
  expect(crowd.left).toEqual(Array.from({ length: 19 }, () => 'peer 7 silent'));
  expect(crowd.forgotten).toEqual([]);
  crowd.clock.advance(10 * SILENCE);
  expect(crowd.forgotten).toEqual(Array.from({ length: 19 }, () => 'peer 7'));
});

test('peers with different silences: none is taken for gone before its own is over, nor before that of the other', () => {
  const crowd = new Crowd();
  crowd.join(1, SILENCE / 3);
  crowd.join(1, 3 * SILENCE);
  crowd.join(1);
  crowd.clock.advance(100 * SILENCE);
  expect(crowd.left).toEqual([]);
  crowd.die('peer 1');
  crowd.clock.advance(2 * SILENCE);
  // Peer 2 waits as long as for anybody.
  expect(crowd.left).toEqual(['peer 1 silent']);
  crowd.die('peer 2');
  crowd.clock.advance(3 * SILENCE - 1);
  expect(crowd.left).toEqual(['peer 1 silent']);
  crowd.clock.advance(SILENCE);
  expect(crowd.left).toEqual(['peer 1 silent', 'peer 2 silent']);
});

test('a peer speaks as often as others need that wait for much less than its own silence', () => {
  const crowd = new Crowd();
  crowd.join(2);
  crowd.join(1, 100 * SILENCE);
  crowd.clock.advance(1_000 * SILENCE);
  expect(crowd.left).toEqual([]);
  crowd.die('peer 3');
  crowd.clock.advance(11 * SILENCE);
  expect(crowd.left).toEqual(['peer 3 silent', 'peer 3 silent']);
});

test('however little others wait for, a peer speaks ten times a second at most, and as before when they are gone', () => {
  const crowd = new Crowd();
  crowd.join(1);
  crowd.join(1, 1);
  crowd.clock.advance(10_000);
  crowd.die('peer 2');
  // It hears itself as well.
  const heardIn = (ms: number): number => {
    const before = crowd.heard;
    crowd.clock.advance(ms);
    return crowd.heard - before;
  };
  expect(heardIn(SILENCE - 100)).toBe(5);
  crowd.clock.advance(SILENCE);
  // Who waits for a hundredth of a second has missed the other meanwhile.
  expect(crowd.left).toEqual(['peer 1 silent', 'peer 2 silent']);
  expect(heardIn(10 * SILENCE)).toBe(30);
});

test('a silence of years counts as ten times the other one', () => {
  const crowd = new Crowd();
  crowd.join(1);
  crowd.join(1, 1e12);
  crowd.die('peer 2');
  crowd.clock.advance(10 * SILENCE - 1);
  expect(crowd.left).toEqual([]);
  crowd.clock.advance(SILENCE);
  expect(crowd.left).toEqual(['peer 2 silent']);
});

test.each([60, 200])('%i peers: each hears 100 signs of life a second, and nobody is taken for gone', (count) => {
  const crowd = new Crowd();
  crowd.join(count);
  crowd.clock.advance(20_000);
  const heard = crowd.heard;
  crowd.clock.advance(10_000);
  expect(crowd.left).toEqual([]);
  expect(Math.abs(crowd.heard - heard - count * 100 * 10)).toBeLessThanOrEqual(count * count);
});

test('many peers: who dies counts as gone after as many times the silence as the others speak less often', () => {
  const crowd = new Crowd();
  crowd.join(60);
  crowd.clock.advance(10 * SILENCE);
  crowd.die('peer 7');
  crowd.clock.advance(2 * SILENCE - 1);
  expect(crowd.left).toEqual([]);
  crowd.clock.advance(SILENCE + SILENCE / 3);
  expect(crowd.left).toEqual(Array.from({ length: 59 }, () => 'peer 7 silent'));
  expect(crowd.forgotten).toEqual([]);
  crowd.clock.advance(30 * SILENCE);
  expect(crowd.forgotten).toEqual(Array.from({ length: 59 }, () => 'peer 7'));
});

test('peers that come and go: nobody is taken for gone while the others change how often they speak', () => {
  const crowd = new Crowd();
  crowd.join(3);
  crowd.clock.advance(500);
  for (const wait of [100, 300, 500, 700]) {
    crowd.join(57);
    crowd.clock.advance(5 * SILENCE + wait);
    expect(crowd.left).toEqual([]);
    crowd.leave(57);
    crowd.clock.advance(5 * SILENCE);
    expect(crowd.left).toEqual([]);
  }
});

test('a timer that is held back, as in hidden pages: what arrives has it say that it is there', () => {
  const clock = new StepClock();
  const timers: (() => void)[] = [];
  let signs = 0;
  const held = { ...clockOf(clock), after: (_: number, then: () => void) => (timers.push(then), () => {}) };
  const presence = new Presence(SILENCE, held, {
    alive: () => (signs += 1),
    left: () => {},
    gone: () => {},
    forget: () => {},
  });
  presence.start();
  presence.add({ id: 'other', subscribes: [], publishes: [], serves: [] });
  for (let i = 0; i < 30; i += 1) {
    clock.advance(SILENCE / 3);
    presence.heard('other');
  }
  expect(signs).toBeGreaterThanOrEqual(14);
  presence.close();
});

test('ticks that come late, as with a busy thread: who died counts as gone all the same, however short they are', () => {
  const clock = new StepClock();
  const left: string[] = [];
  // Each tick is as late as that of a thread that is busy for a third of the silence at a time.
  const late = { ...clockOf(clock), after: (ms: number, then: () => void) => clock.after(ms + SILENCE / 3, then) };
  const presence = new Presence(SILENCE, late, {
    alive: () => {},
    left: ({ id }, reason) => left.push(`${id} ${reason}`),
    gone: () => {},
    forget: () => {},
  });
  presence.start();
  // Whose own silence is so short that ticks are the shortest.
  presence.add({ id: 'other', subscribes: [], publishes: [], serves: [] }, 1);
  clock.advance(2 * SILENCE);
  expect(left).toEqual(['other silent']);
  presence.close();
});

describe('who is gone is forgotten in the end', () => {
  test('who is met again can be told that, but not after a good-bye of somebody else', () => {
    const clock = new StepClock();
    const { presence } = met(clock);
    expect(presence.forgotBefore('dead')).toBe(0);
    presence.bye('left');
    clock.advance(9 * SILENCE);
    presence.heard('dead');
    expect(presence.forgotBefore('dead')).toBe(0);
    clock.advance(20 * SILENCE);
    presence.heard('dead');
    expect(presence.forgotBefore('dead')).toBe(1);
    presence.add({ id: 'new', subscribes: [], publishes: [], serves: [] });
    presence.add({ id: 'dead', subscribes: [], publishes: [], serves: [] });
    expect([presence.forgotBefore('dead'), presence.forgotBefore('new')]).toEqual([1, 1]);
    presence.close();
  });

  test('also where the link breaks again and again', () => {
    const clock = new StepClock();
    const { presence, forgotten } = met(clock);
    clock.advance(2 * SILENCE);
    presence.bye('left');
    // Told at once; what is remembered is that it left.
    expect(forgotten.splice(0)).toEqual(['left']);
    for (let i = 0; i < 10; i += 1) {
      clock.advance(4 * SILENCE);
      presence.pause();
      // Time without a link does not count.
      clock.advance(100 * SILENCE);
      if (i === 0) expect(presence.mayReturn('dead')).toBe(true);
      presence.start();
    }
    expect(forgotten.toSorted()).toEqual(['dead', 'left']);
    presence.close();
  });

  test('also where this peer is suspended again and again', () => {
    const clock = new StepClock();
    let suspended = 0;
    const now = (): number => clock.now() + suspended;
    const { presence, forgotten } = met({ ...clockOf(clock), now });
    clock.advance(2 * SILENCE);
    presence.bye('left');
    forgotten.length = 0;
    for (let i = 0; i < 10; i += 1) {
      suspended += 100 * SILENCE;
      clock.advance(4 * SILENCE);
      if (i === 0) expect(forgotten).toEqual([]);
    }
    expect(forgotten.toSorted()).toEqual(['dead', 'left']);
    presence.close();
  });
});

/** A presence that has met one peer that then died and one that left, and what it has forgotten. */
function met(clock: Pick<StepClock, 'now' | 'soon' | 'after'>): { presence: Presence; forgotten: string[] } {
  const forgotten: string[] = [];
  const presence = new Presence(SILENCE, clock, {
    alive: () => {},
    left: () => {},
    gone: () => {},
    forget: (id) => forgotten.push(id),
  });
  presence.start();
  for (const id of ['dead', 'left']) presence.add({ id, subscribes: [], publishes: [], serves: [] });
  return { presence, forgotten };
}

/** The same clock, of which a part can be replaced. */
function clockOf(clock: StepClock): Pick<StepClock, 'now' | 'soon' | 'after'> {
  return { now: () => clock.now(), soon: (then) => clock.soon(then), after: (ms, then) => clock.after(ms, then) };
}
