import { ConnectError, EventLoop, getEventLoop, hasEventLoop, setEventLoop, slot } from 'mreventloop';
import { expect, test } from 'vitest';

@hasEventLoop('eventLoop')
class Consumer {
  declare eventLoop: EventLoop;
}

@hasEventLoop('loop')
class OtherName {
  declare loop: EventLoop;
  readonly done: string[] = [];
  @slot onWork(): void {
    this.done.push('work');
  }
}

test('hasEventLoop: every instance has a loop of its own, always the same', () => {
  const [one, other] = [new Consumer(), new Consumer()];
  expect(one.eventLoop).toBeInstanceOf(EventLoop);
  expect(one.eventLoop).toBe(one.eventLoop);
  expect(one.eventLoop).not.toBe(other.eventLoop);
});

test('hasEventLoop: a constructor may use the loop, or set another', () => {
  const shared = new EventLoop();
  @hasEventLoop('eventLoop')
  class Sharing {
    declare eventLoop: EventLoop;
    constructor(loop?: EventLoop) {
      if (loop !== undefined) this.eventLoop = loop;
      else void this.eventLoop.enqueue(() => {});
    }
  }
  expect(new Sharing(shared).eventLoop).toBe(shared);
  expect(new Sharing().eventLoop.size).toBe(1);
});

test('hasEventLoop: the loop may have any name', async () => {
  const owner = new OtherName();
  owner.onWork();
  expect(getEventLoop(owner)).toBe(owner.loop);
  await owner.loop.start().stop();
  expect(owner.done).toEqual(['work']);
});

test('hasEventLoop: a field that hides the loop is told, instead of that slots run at once', () => {
  @hasEventLoop('eventLoop')
  class Hiding {
    eventLoop!: EventLoop;
    readonly done: string[] = [];
    @slot onWork(): void {
      this.done.push('work');
    }
  }
  const owner = new Hiding();
  expect(() => owner.onWork()).toThrow(
    new ConnectError("Hiding has no event loop: write 'declare eventLoop', as a field hides it"),
  );
  expect(owner.done).toEqual([]);
});

test('hasEventLoop: a subclass inherits the loop', () => {
  class Special extends OtherName {}
  const special = new Special();
  expect(getEventLoop(special)).toBe(special.loop);
});

test('hasEventLoop: who reads the prototype makes no loop that all instances would have', () => {
  @hasEventLoop('eventLoop')
  class Looked {
    declare eventLoop: EventLoop;
  }
  class Inheriting extends Looked {}
  expect([Looked.prototype.eventLoop, getEventLoop(Inheriting.prototype)]).toEqual([undefined, undefined]);
  expect(new Looked().eventLoop).not.toBe(new Looked().eventLoop);
  expect(new Inheriting().eventLoop).not.toBe(new Inheriting().eventLoop);
});

test('getEventLoop: finds the loop in a field, or nothing', () => {
  const eventLoop = new EventLoop();
  expect(getEventLoop({ eventLoop })).toBe(eventLoop);
  expect(getEventLoop({})).toBeUndefined();
  expect(getEventLoop({ eventLoop: 'none' })).toBeUndefined();
});

test('setEventLoop: gives an object another loop, under whatever name', () => {
  const loop = new EventLoop();
  const [consumer, otherName, plain] = [new Consumer(), new OtherName(), { eventLoop: new EventLoop() }];
  for (const owner of [consumer, otherName, plain]) setEventLoop(owner, loop);
  expect([consumer.eventLoop, otherName.loop, plain.eventLoop]).toEqual([loop, loop, loop]);
  expect(consumer.eventLoop).toBe(loop);
});

test('setEventLoop: calls that are queued stay where they are', async () => {
  const owner = new OtherName();
  owner.onWork();
  const before = owner.loop;
  setEventLoop(owner, new EventLoop());
  expect([before.size, owner.loop.size]).toEqual([1, 0]);
  await before.start().stop();
  expect(owner.done).toEqual(['work']);
});

test('setEventLoop: an object without a place for a loop is refused', () => {
  class Bare {}
  expect(() => setEventLoop(new Bare(), new EventLoop())).toThrow(
    new ConnectError("Bare has no 'eventLoop': give it a field or put it under @hasEventLoop"),
  );
});

test('setEventLoop: something that is no loop is refused', () => {
  const consumer = new Consumer();
  expect(() => setEventLoop(consumer, undefined as unknown as EventLoop)).toThrow(
    new ConnectError('expected an event loop, not undefined'),
  );
  expect(consumer.eventLoop).toBeInstanceOf(EventLoop);
});
