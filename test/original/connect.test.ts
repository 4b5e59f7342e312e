// The counterparts of the original's test_connect.py, in its decorator form.
import { connect, disconnect, emits, type Events, forwards, slot } from 'mreventloop';
import { expect, test } from 'vitest';

@forwards(['onResult'])
@emits('events', ['result'])
class Producer {
  declare readonly events: Events<{ result: [product: string] }>;
  declare readonly onResult: (product: string) => void;
  constructor(readonly product: string) {}

  @slot onRequest(): void {
    this.events.result(this.product);
  }
}

@forwards(['onRequest'])
@emits('events', ['request'])
class Consumer {
  declare readonly events: Events<{ request: [] }>;
  declare readonly onRequest: () => void;
  readonly results: string[] = [];

  @slot onResult(product: string): void {
    this.results.push(product);
  }
}

@forwards(['onRequest'])
@emits('events', ['result', 'request'])
class ForwardingProducer {
  declare readonly events: Events<{ result: [product: string]; request: [] }>;
  constructor(readonly product: string) {}

  @slot onRequest(): void {
    this.events.result(this.product);
  }
}

class RequestCounter {
  requests = 0;

  @slot onRequest(): void {
    this.requests += 1;
  }
}

@emits('events', ['request'])
class Integrated {
  declare readonly events: Events<{ request: [] }>;
  readonly results: string[] = [];

  constructor(producer: Producer) {
    connect(this, producer);
    connect(producer, this);
  }

  run(): void {
    this.events.request();
  }

  @slot onResult(product: string): void {
    this.results.push(product);
  }
}

@emits('events', ['request'])
class Sender {
  declare readonly events: Events<{ request: [what: string] }>;

  @slot sendRequest(what: string): void {
    this.events.request(what);
  }
}

class Receiver {
  readonly content: string[] = [];

  @slot onRequest(what: string): void {
    this.content.push(what);
  }
}

function requestTwice(consumer: Consumer): void {
  consumer.events.request();
  consumer.events.request();
}

test('test_simple_consumer_producer_loop_single_connect: one event to one slot, both named', () => {
  const consumer = new Consumer();
  const producer = new Producer('tea');
  connect(consumer, 'request', producer, 'onRequest');
  connect(producer, 'result', consumer, 'onResult');
  requestTwice(consumer);
  expect(consumer.results).toEqual(['tea', 'tea']);
});

test('test_simple_consumer_producer_loop_blind_connect: all events to the slots by their names', () => {
  const consumer = new Consumer();
  const producer = new Producer('tea');
  connect(consumer, producer);
  connect(producer, consumer);
  requestTwice(consumer);
  expect(consumer.results).toEqual(['tea', 'tea']);
});

test('test_simple_consumer_producer_loop_list_connect: a list of events to a list of slots', () => {
  const consumer = new Consumer();
  const producer = new Producer('tea');
  connect(consumer, ['request'], producer, ['onRequest']);
  connect(producer, ['result'], consumer, ['onResult']);
  requestTwice(consumer);
  expect(consumer.results).toEqual(['tea', 'tea']);
});

/** Two consumers and two producers in a ring: the inner two only forward. */
function ring() {
  return {
    consumer: new Consumer(),
    passingConsumer: new Consumer(),
    producer: new Producer('tea'),
    passingProducer: new Producer('coffee'),
  };
}

function expectForwarded({ consumer, passingConsumer }: ReturnType<typeof ring>): void {
  requestTwice(consumer);
  expect(consumer.results).toEqual(['tea', 'tea']);
  expect(passingConsumer.results).toEqual([]);
}

test('test_simple_consumer_producer_loop_with_forwarder_single_connect: named slots may be forwarding ones', () => {
  const parts = ring();
  const { consumer, passingConsumer, producer, passingProducer } = parts;
  connect(consumer, 'request', passingConsumer, 'onRequest');
  connect(passingConsumer, 'request', producer, 'onRequest');
  connect(producer, 'result', passingProducer, 'onResult');
  connect(passingProducer, 'result', consumer, 'onResult');
  expectForwarded(parts);
});

test('test_simple_consumer_producer_loop_with_forwarder_lambda_connect: functions may call forwarding slots', () => {
  const parts = ring();
  const { consumer, passingConsumer, producer, passingProducer } = parts;
  connect(consumer, 'request', () => passingConsumer.onRequest());
  connect(passingConsumer, 'request', () => producer.onRequest());
  connect(producer, 'result', (product) => passingProducer.onResult(product));
  connect(passingProducer, 'result', (product) => consumer.onResult(product));
  expectForwarded(parts);
});

test('test_simple_consumer_producer_loop_with_forwarder_list_connect: lists of slots may hold forwarding ones', () => {
  const parts = ring();
  const { consumer, passingConsumer, producer, passingProducer } = parts;
  connect(consumer, ['request'], passingConsumer, ['onRequest']);
  connect(passingConsumer, ['request'], producer, ['onRequest']);
  connect(producer, ['result'], passingProducer, ['onResult']);
  connect(passingProducer, ['result'], consumer, ['onResult']);
  expectForwarded(parts);
});

test('test_simple_consumer_producer_loop_with_forwarder_blind_connect: slots by name may be forwarding ones', () => {
  const parts = ring();
  const { consumer, passingConsumer, producer, passingProducer } = parts;
  connect(consumer, passingConsumer);
  connect(passingConsumer, producer);
  connect(producer, passingProducer);
  connect(passingProducer, consumer);
  expectForwarded(parts);
});

test('test_connection_to_self_in_constructor: a constructor can already connect this', () => {
  const integrated = new Integrated(new Producer('tea'));
  integrated.run();
  integrated.run();
  expect(integrated.results).toEqual(['tea', 'tea']);
});

test('test_forwarding_does_not_override_impl: a method that exists is not replaced by forwarding', () => {
  const producer = new ForwardingProducer('tea');
  const counter = new RequestCounter();
  const consumer = new Consumer();
  connect(producer, 'request', counter, 'onRequest');
  connect(producer, 'result', consumer, 'onResult');
  producer.onRequest();
  expect(counter.requests).toBe(0);
  expect(consumer.results).toEqual(['tea']);
});

test('test_disconnect: a disconnected slot is not called any more', () => {
  const sender = new Sender();
  const receiver = new Receiver();
  connect(sender, 'request', receiver, 'onRequest');
  sender.sendRequest('tea');
  expect(receiver.content).toEqual(['tea']);
  expect(disconnect(sender, 'request', receiver, 'onRequest')).toBe(1);
  sender.sendRequest('coffee');
  expect(receiver.content).toEqual(['tea']);
});
