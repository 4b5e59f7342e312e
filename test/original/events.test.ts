// The counterparts of the original's test_events.py.
import { addEvent, Events } from 'mreventloop';
import { expect, test } from 'vitest';

function listener() {
  const received: unknown[] = [];
  return { received, slot: (item: unknown) => void received.push(item) };
}

test('test_dispatches_correctly_with_one_listener: the listener gets each emit', () => {
  const first = listener();
  const events = new Events(['event1', 'event2']);
  events.event1.addListener(first.slot);
  events.event1('tea');
  events.event1('coffee');
  events.event2('cocoa');
  expect(first.received).toEqual(['tea', 'coffee']);
});

test('test_dispatches_correctly_with_multiple_listeners_on_one_event: each listener gets each emit', () => {
  const [first, second] = [listener(), listener()];
  const events = new Events(['event1', 'event2']);
  events.event1.addListener(first.slot);
  events.event1.addListener(second.slot);
  events.event1('tea');
  events.event1('coffee');
  expect(first.received).toEqual(['tea', 'coffee']);
  expect(second.received).toEqual(['tea', 'coffee']);
});

/** Two listeners on each event, connected in turn. */
function fourListeners(events: Events<{ event1: unknown[]; event2: unknown[] }>) {
  const [one, other] = [
    [listener(), listener()],
    [listener(), listener()],
  ] as const;
  for (const i of [0, 1] as const) {
    events.event1.addListener(one[i].slot);
    events.event2.addListener(other[i].slot);
  }
  return { one, other };
}

function emitInTurn(events: Events<{ event1: unknown[]; event2: unknown[] }>): void {
  events.event1('tea');
  events.event2('bread');
  events.event1('coffee');
  events.event2('cake');
}

test('test_dispatches_correctly_with_multiple_listeners_on_multiple_events: events do not mix', () => {
  const events = new Events(['event1', 'event2']);
  const { one, other } = fourListeners(events);
  emitInTurn(events);
  for (const { received } of one) expect(received).toEqual(['tea', 'coffee']);
  for (const { received } of other) expect(received).toEqual(['bread', 'cake']);
});

test('test_dispatches_correctly_after_adding_event: an event that was added later works like the others', () => {
  const events = addEvent(new Events(['event1']), 'event2');
  const { one, other } = fourListeners(events);
  emitInTurn(events);
  for (const { received } of one) expect(received).toEqual(['tea', 'coffee']);
  for (const { received } of other) expect(received).toEqual(['bread', 'cake']);
});

test('test_dispatches_correctly_after_removing_listener: only the removed listener is not called any more', () => {
  const events = new Events(['event1', 'event2']);
  const { one, other } = fourListeners(events);
  emitInTurn(events);
  events.event1.removeListener(one[0].slot);
  events.event1('water');
  expect(one[0].received).toEqual(['tea', 'coffee']);
  expect(one[1].received).toEqual(['tea', 'coffee', 'water']);
  for (const { received } of other) expect(received).toEqual(['bread', 'cake']);
});
