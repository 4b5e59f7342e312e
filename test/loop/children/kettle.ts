import { EventLoop, slot } from 'mreventloop';

/** What the programs beside this one let fail. */
export class Kettle {
  readonly eventLoop: EventLoop;
  readonly onBoil = slot(this, () => {
    throw new RangeError('too hot');
  });
  readonly onBoilLater = slot(this, async () => {
    await Promise.resolve();
    throw new RangeError('too hot');
  });
  readonly onSay = slot(this, (text: string) => console.log(text));

  constructor(loop: EventLoop = new EventLoop()) {
    this.eventLoop = loop;
  }
}
