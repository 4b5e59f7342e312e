// As in what imitates pages for tests (jsdom in Jest): no text decoder, no messages, no setImmediate.
for (const name of ['TextDecoder', 'TextEncoder', 'MessageChannel', 'setImmediate'])
  Reflect.deleteProperty(globalThis, name);
const { connect, event, EventLoop, events, slot } = await import('mreventloop');

class Consumer {
  eventLoop = new EventLoop();
  count = 0;
  onProduced = slot(this, () => {
    const end = performance.now() + 1;
    while (performance.now() < end);
    this.count += 1;
  });
}
const producer = { events: events({ produced: event() }) };
const consumer = new Consumer();
connect(producer, consumer);
for (let i = 0; i < 50; i += 1) producer.events.produced();
await consumer.eventLoop.start().stop();
console.log(consumer.count);
