// The counterparts of the original's test_event_loop.py, in its decorator form.
import { connect, emits, EventLoop, type Events, forwards, hasEventLoop, setEventLoop, slot } from 'mreventloop';
import { expect, test } from 'vitest';

type Result = [product: string, number: number];

@hasEventLoop('eventLoop')
@emits('events', ['result'])
class Producer {
  declare readonly eventLoop: EventLoop;
  declare readonly events: Events<{ result: Result }>;
  counter = 0;

  @slot async produce(): Promise<void> {
    this.events.result('product', this.counter);
    this.counter += 1;
  }
}

type Processed = { processed_result: [text: string]; result: Result };

@hasEventLoop('eventLoop')
@forwards(['onProcessedResult'])
@emits('events', ['processed_result', 'result'])
class EvenProcessor {
  declare readonly eventLoop: EventLoop;
  declare readonly events: Events<Processed>;
  declare readonly onProcessedResult: (text: string) => void;

  @slot async onResult(product: string, number: number): Promise<void> {
    if (number % 2 === 0) this.events.processed_result(`${product} even ${number}`);
    else this.events.result(product, number);
  }
}

@hasEventLoop('eventLoop')
@forwards(['onProcessedResult'])
@emits('events', ['processed_result', 'result'])
class OddProcessor {
  declare readonly eventLoop: EventLoop;
  declare readonly events: Events<Processed>;
  declare readonly onProcessedResult: (text: string) => void;

  @slot onResult(product: string, number: number): void {
    if (number % 2 === 1) this.events.processed_result(`${product} odd ${number}`);
    else this.events.result(product, number);
  }
}

@hasEventLoop('eventLoop')
class Consumer {
  declare readonly eventLoop: EventLoop;
  readonly content: string[] = [];

  @slot async onProcessedResult(text: string): Promise<void> {
    this.content.push(text);
  }
}

class FailingConsumer extends Consumer {
  @slot override async onProcessedResult(_text: string): Promise<void> {
    throw new Error('no taste');
  }
}

@hasEventLoop('eventLoop')
class ExceptionReceiver {
  declare readonly eventLoop: EventLoop;
  readonly content: unknown[] = [];

  @slot async onException(error: unknown): Promise<void> {
    this.content.push(error);
  }
}

const TEN = Array.from({ length: 10 }, (_, number) => number);
const PROCESSED = TEN.map((number) => `product ${number % 2 === 0 ? 'even' : 'odd'} ${number}`);

function pipeline(consumer: Consumer) {
  const producer = new Producer();
  const even = new EvenProcessor();
  const odd = new OddProcessor();
  connect(producer, even);
  connect(even, odd);
  connect(odd, consumer);
  return { producer, even, odd, consumer };
}

function produceTen(producer: Producer): void {
  for (const _ of TEN) void producer.produce();
}

// The original compares without order. All of it is queued in one line, so that the order is certain.
test('test_pipeline_one_loop_async_unordered: four objects share one loop', async () => {
  const { producer, even, odd, consumer } = pipeline(new Consumer());
  {
    await using loop = new EventLoop().start();
    for (const owner of [producer, even, odd, consumer]) setEventLoop(owner, loop);
    produceTen(producer);
  }
  expect(consumer.content.toSorted()).toEqual(PROCESSED.toSorted());
});

test('test_pipeline_multiple_loops_async: the same pipeline on three loops', async () => {
  const { producer, even, odd, consumer } = pipeline(new Consumer());
  {
    await using loop3 = new EventLoop().start();
    await using loop2 = new EventLoop().start();
    await using loop1 = new EventLoop().start();
    setEventLoop(producer, loop1);
    setEventLoop(even, loop1);
    setEventLoop(odd, loop2);
    setEventLoop(consumer, loop3);
    produceTen(producer);
  }
  expect(consumer.content.toSorted()).toEqual(PROCESSED.toSorted());
});

test('test_pipeline_multiple_loops_async_exception: every exception of a slot is emitted by its loop', async () => {
  const { producer, even, odd, consumer } = pipeline(new FailingConsumer());
  setEventLoop(consumer, new EventLoop({ exitOnException: false }));
  const receiver = new ExceptionReceiver();
  connect(consumer.eventLoop, 'exception', receiver, 'onException');
  {
    await using _receiver = receiver.eventLoop.start();
    await using _consumer = consumer.eventLoop.start();
    await using _odd = odd.eventLoop.start();
    await using _even = even.eventLoop.start();
    await using _producer = producer.eventLoop.start();
    produceTen(producer);
  }
  expect(receiver.content).toEqual(TEN.map(() => new Error('no taste')));
});

test('test_pipeline_multiple_loops_async_defaults: every object has a loop of its own', async () => {
  const { producer, even, odd, consumer } = pipeline(new Consumer());
  {
    await using _consumer = consumer.eventLoop.start();
    await using _odd = odd.eventLoop.start();
    await using _even = even.eventLoop.start();
    await using _producer = producer.eventLoop.start();
    produceTen(producer);
  }
  expect(consumer.content.toSorted()).toEqual(PROCESSED.toSorted());
});

// A decorated method cannot change its type from string to something to await: the function form can.
class Caller {
  readonly eventLoop = new EventLoop();
  readonly call = slot(this, () => 'tea');
}

@hasEventLoop('eventLoop')
class AsyncCaller {
  declare readonly eventLoop: EventLoop;

  @slot async call(): Promise<string> {
    await new Promise((resolve) => setImmediate(resolve));
    return 'tea';
  }
}

test('test_slot_return: awaiting a slot gives what it returned', async () => {
  const caller = new Caller();
  await using _loop = caller.eventLoop.start();
  const result = caller.call();
  expect(result).not.toBe('tea');
  expect(await result).toBe('tea');
});

test('test_slot_return_async: awaiting an async slot gives what it resolved to', async () => {
  const caller = new AsyncCaller();
  await using _loop = caller.eventLoop.start();
  const result = caller.call();
  expect(result).not.toBe('tea');
  expect(await result).toBe('tea');
});

test('test_event_loop_started_stopped: a loop emits started and stopped', async () => {
  const { producer, even, odd, consumer } = pipeline(new Consumer());
  connect(producer.eventLoop, 'started', () => produceTen(producer));
  connect(producer.eventLoop, 'stopped', () => void consumer.content.push('final'));
  {
    await using _consumer = consumer.eventLoop.start();
    await using _odd = odd.eventLoop.start();
    await using _even = even.eventLoop.start();
    await using _producer = producer.eventLoop.start();
  }
  expect(consumer.content.toSorted()).toEqual([...PROCESSED, 'final'].toSorted());
});
