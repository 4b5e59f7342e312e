import { Worker } from 'mreventloop';

class Poller extends Worker {
  steps = 0;

  protected override async run(): Promise<void> {
    this.steps += 1;
    console.log(`step ${this.steps}`);
    await new Promise((resolve) => setImmediate(resolve));
    if (this.steps === 2) throw new RangeError('too hot');
  }
}

await new Poller().start().done;
setImmediate(() => console.log('next turn'));
