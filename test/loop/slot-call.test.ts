import { EventLoop } from 'mreventloop';
import { expect, test } from 'vitest';
import { settled } from './uncaught.ts';

test('call: is a promise in all its forms', async () => {
  const loop = new EventLoop({ exitOnException: false });
  await using _ = loop.start();
  const log: string[] = [];
  expect(await loop.enqueue(() => 'a').then((value) => `${value}!`)).toBe('a!');
  expect(await loop.enqueue(() => Promise.reject('no')).catch((error: unknown) => `caught ${String(error)}`)).toBe(
    'caught no',
  );
  expect(await loop.enqueue(() => 'b').finally(() => log.push('finally'))).toBe('b');
  expect(log).toEqual(['finally']);
  expect(await Promise.all([loop.enqueue(() => 1), loop.enqueue(async () => 2)])).toEqual([1, 2]);
  expect(await Promise.race([loop.enqueue(() => 1), loop.enqueue(() => 2)])).toBe(1);
  expect(Object.prototype.toString.call(loop.enqueue(() => {}))).toBe('[object SlotCall]');
});

test('call: a promise or a thenable that a slot returns is awaited', async () => {
  const loop = new EventLoop();
  await using _ = loop.start();
  // oxlint-disable-next-line unicorn/no-thenable
  const thenable: PromiseLike<number> = { then: (resolve) => Promise.resolve(3).then(resolve) };
  expect(await loop.enqueue(() => thenable)).toBe(3);
  expect(await loop.enqueue(() => Promise.resolve(4))).toBe(4);
});

test('call: a thenable that is a function, as the queries of some libraries, is awaited before the next call', async () => {
  const loop = new EventLoop();
  await using _ = loop.start();
  const log: string[] = [];
  const then = async (resolve: (rows: number) => void): Promise<void> => {
    await settled();
    log.push('answered');
    resolve(3);
  };
  // oxlint-disable-next-line unicorn/no-thenable
  const query = Object.assign(() => {}, { then });
  const call = loop.enqueue(() => query as unknown as PromiseLike<number>);
  const next = loop.enqueue(() => log.push('next'));
  expect(await call).toBe(3);
  await next;
  expect(log).toEqual(['answered', 'next']);
});

test.each([undefined, null, 0, '', false])('call: %j is a result like any other', async (value) => {
  const loop = new EventLoop();
  await using _ = loop.start();
  expect(await loop.enqueue(() => value)).toBe(value);
});

test('call: can be awaited before, while and after it runs, by several', async () => {
  const loop = new EventLoop();
  const call = loop.enqueue(async () => {
    await settled();
    return 'done';
  });
  const before = Promise.all([call, call]);
  await using _ = loop.start();
  await settled();
  const meanwhile = call.then((value) => value);
  expect(await before).toEqual(['done', 'done']);
  expect(await meanwhile).toBe('done');
  expect(await call).toBe('done');
});

test('call: enqueue hands arguments on', async () => {
  const loop = new EventLoop();
  await using _ = loop.start();
  expect(await loop.enqueue((a: number, b: string) => `${a}${b}`, 1, 'x')).toBe('1x');
});
