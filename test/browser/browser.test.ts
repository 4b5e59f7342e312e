import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { connect, type Event, type MrEventLoopError, Peer } from 'mreventloop';
import { type Browser, launchBrowser, type Page } from '../setup/browser.ts';
import { describeWith } from '../setup/describe-with.ts';
import { temporaryFolder } from '../support/addresses.ts';
import { NatsWebSocketServer } from '../support/nats-websocket-server.ts';
import { node, type Program } from '../support/program.ts';
import { BarePage } from './bare-page.ts';
import { bundle } from '../runtime/smoke.ts';
import type { Diary, Tab } from './children/page.ts';

const TIMEOUT = 90_000;
const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Where the page's module is put; `tab` is what it leaves there. */
declare const tab: Tab;

type Start = 'start' | 'startInHub' | 'startOnChannel' | 'startWithFrame' | 'startAtNats';

function diary(page: Page): Promise<Diary> {
  return page.evaluate(() => tab.diary);
}

/** The numbers that came from one publisher. */
function from(received: readonly (readonly [unknown, unknown])[], id: string): unknown[] {
  return received.filter(([publisher]) => publisher === id).map(([, n]) => n);
}

async function publishTo(count: number, { page }: { page: Page }): Promise<void> {
  await page.evaluate((others) => tab.waitForSubscribers('said', others), count);
  await page.evaluate(() => tab.publish('said', 0, 2_000).then(() => tab.flush()));
}

/** A peer in this process, and what it gets. */
async function peerAt<const S extends string, const P extends string>(
  inAddress: string,
  outAddress: string,
  subscribe: readonly S[],
  publish: readonly P[],
  token?: string,
) {
  const peer = new Peer(inAddress, outAddress, subscribe, publish, { token });
  onTestFinished(() => peer.stop());
  const received: [unknown, unknown][] = [];
  for (const name of subscribe) {
    connect(peer.events[name] as unknown as Event<unknown[]>, (from, n) => received.push([from, n]));
  }
  await peer.start();
  return { peer, received };
}

/** Publishes 3,000 numbers, of which the subscriber cannot take most before it goes on. */
async function publishWhile(
  peer: Peer<{}, { down: unknown[] }>,
  { stop, go }: { stop: () => Promise<unknown>; go: () => Promise<unknown> },
): Promise<void> {
  await peer.publish.down(peer.id, 0);
  await peer.flush({ timeout: 5_000 });
  await stop();
  for (const n of numbers(3_000).slice(1)) void peer.publish.down(peer.id, n);
  await expect(peer.flush({ timeout: 1_000 })).rejects.toThrow(/lacks/);
  await go();
  await peer.flush({ timeout: 20_000 });
}

describeWith('chromium', 'Chromium', (chromium) => {
  let folder = '';
  let browser: Browser;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mreventloop-browser-'));
    for (const name of ['page', 'hub', 'frame']) {
      // The files that are published, as a bundler of a user takes them.
      const module = await bundle(join(import.meta.dirname, 'children', `${name}.ts`), {
        platform: 'browser',
        absWorkingDir: join(import.meta.dirname, '../..'),
        minify: true,
      });
      await writeFile(join(folder, `${name}.js`), module);
    }
    browser = await launchBrowser(chromium);
  }, TIMEOUT);
  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  /** A broker in a process of its own, which serves the page as well. */
  async function openShop() {
    const zmq = `ipc://${temporaryFolder()}/shop`;
    let program: Program = node(import.meta.url, 'children/shop.ts', '0', zmq, folder);
    const port = await program.line();
    const url = `http://127.0.0.1:${port}/`;
    const tabs = await browser.newContext();
    onTestFinished(() => tabs.close());
    return {
      url,
      async kill() {
        program.kill('SIGKILL');
        await program.exit;
      },
      async open() {
        program = node(import.meta.url, 'children/shop.ts', port, zmq, folder);
        await program.line();
      },
      /** A tab with a peer. */
      async tab(subscribe: readonly string[], publish: readonly string[], start: Start = 'start', address = '') {
        const page = await tabs.newPage();
        const errors: unknown[] = [];
        page.on('pageerror', (error) => errors.push(error));
        await page.goto(url);
        const options = [start, subscribe, publish, address] as const;
        const id = await page.evaluate(([how, s, p, at]) => tab[how](s, p, at), options);
        return { page, id, errors };
      },
      /** A peer in this process, over ZeroMQ. */
      peer: <const S extends string, const P extends string>(subscribe: readonly S[], publish: readonly P[]) =>
        peerAt(`${zmq}.in`, `${zmq}.out`, subscribe, publish),
    };
  }

  /** Two tabs on a channel, in a browser of their own: one subscribes to what the other one publishes, whose id is given. */
  async function openPair() {
    const shop = await openShop();
    const page = await BarePage.open(chromium, shop.url);
    const other = await page.openAnother(shop.url);
    const id = await other.evaluate("tab.startOnChannel([], ['said'])");
    await page.evaluate("tab.startOnChannel(['said'], [])");
    await other.evaluate("tab.waitForSubscribers('said', 1)");
    return { shop, page, other, id };
  }

  test('10,000 events each way: all arrive, in order', { timeout: TIMEOUT }, async () => {
    const shop = await openShop();
    const { peer, received } = await shop.peer(['up'], ['down']);
    const { page, id, errors } = await shop.tab(['down'], ['up']);
    await peer.waitFor({ subscribers: 'down', timeout: 5_000 });
    await page.evaluate(() => tab.waitForSubscribers('up', 1));
    const upwards = page.evaluate(() => tab.publish('up', 0, 10_000).then(() => tab.flush()));
    const began = performance.now();
    for (const n of numbers(10_000)) await peer.publish.down(peer.id, n);
    await peer.flush({ timeout: 30_000 });
    console.log(`to Chromium: ${Math.round(10_000_000 / (performance.now() - began))} events/s, both ways at once`);
    await upwards;
    expect(from(received, id)).toEqual(numbers(10_000));
    const { received: inPage, ...rest } = await diary(page);
    expect(from(inPage, peer.id)).toEqual(numbers(10_000));
    expect(rest).toEqual({ gaps: [], invalid: [], disconnected: 0 });
    expect(errors).toEqual([]);
  });

  test('the broker is killed and started again, twice: nothing lost, order kept', { timeout: TIMEOUT }, async () => {
    const shop = await openShop();
    const { peer, received } = await shop.peer(['up'], ['down']);
    const { page, id } = await shop.tab(['down'], ['up']);
    await peer.waitFor({ subscribers: 'down', timeout: 5_000 });
    await page.evaluate(() => tab.waitForSubscribers('up', 1));
    for (let round = 0; round < 2; round += 1) {
      const [first, last] = [round * 10_000, (round + 1) * 10_000];
      const upwards = page.evaluate(([a, b]) => tab.publish('up', a, b), [first, last] as const);
      for (const n of numbers(10_000)) {
        // In the middle of what flows both ways.
        if (n === 5_000) await shop.kill();
        if (n === 6_000) await shop.open();
        if (n < 5_000 || n >= 6_000) await peer.publish.down(peer.id, first + n);
        else void peer.publish.down(peer.id, first + n);
      }
      await upwards;
      await peer.flush({ timeout: 30_000 });
      await page.evaluate(() => tab.flush());
    }
    expect(from(received, id)).toEqual(numbers(20_000));
    const { received: inPage, disconnected, ...rest } = await diary(page);
    expect(from(inPage, peer.id)).toEqual(numbers(20_000));
    expect(rest).toEqual({ gaps: [], invalid: [] });
    expect(disconnected).toBeGreaterThanOrEqual(2);
  });

  test('the page is paused by a debugger and goes on: nothing lost, order kept', { timeout: TIMEOUT }, async () => {
    const shop = await openShop();
    const { peer } = await shop.peer([], ['down']);
    const { page } = await shop.tab(['down'], []);
    const tools = await page.context().newCDPSession(page);
    await tools.send('Debugger.enable');
    await peer.waitFor({ subscribers: 'down', timeout: 5_000 });
    await publishWhile(peer, {
      stop: () => tools.send('Debugger.pause'),
      go: () => tools.send('Debugger.resume'),
    });
    const { received, gaps } = await diary(page);
    expect(from(received, peer.id)).toEqual(numbers(3_000));
    expect(gaps).toEqual([]);
  });

  test('the page is frozen and resumed: nothing lost, order kept', { timeout: TIMEOUT }, async () => {
    const shop = await openShop();
    const { peer } = await shop.peer([], ['down']);
    const page = await BarePage.open(chromium, shop.url);
    await page.evaluate("tab.start(['down'], [])");
    await peer.waitFor({ subscribers: 'down', timeout: 5_000 });
    await publishWhile(peer, {
      stop: () => page.send('Page.setWebLifecycleState', { state: 'frozen' }),
      go: () => page.send('Page.setWebLifecycleState', { state: 'active' }),
    });
    const { received, gaps } = (await page.evaluate('tab.diary')) as Diary;
    expect(from(received, peer.id)).toEqual(numbers(3_000));
    expect(gaps).toEqual([]);
  });

  test(
    'a hidden page goes on at once: nothing waits for timers, which are held back there',
    { timeout: TIMEOUT },
    async () => {
      const shop = await openShop();
      const { received } = await shop.peer(['up'], []);
      const page = await BarePage.open(chromium, shop.url);
      const id = await page.evaluate("tab.start([], ['up'])");
      await page.evaluate("tab.waitForSubscribers('up', 1)");
      const other = await page.openAnother(shop.url);
      await other.send('Page.bringToFront');
      expect(await page.evaluate('document.visibilityState')).toBe('hidden');
      // They have twenty turns of the runtime. The first timers of a chain are due at once, also in a hidden page.
      const events = "tab.publish('up', 0, 40_000).then(() => 'events')";
      expect(await page.evaluate(`Promise.race([${events}, tab.timers(10).then(() => 'timers')])`)).toBe('events');
      await page.evaluate('tab.flush()');
      expect(from(received, id as string)).toEqual(numbers(40_000));
    },
  );

  test(
    'two tabs: each hears the other, a process hears both, and who closes is gone',
    { timeout: TIMEOUT },
    async () => {
      const shop = await openShop();
      const { peer, received } = await shop.peer(['said'], []);
      const [first, second] = [await shop.tab(['said'], ['said']), await shop.tab(['said'], ['said'])];
      await Promise.all([publishTo(2, first), publishTo(2, second)]);
      const diaries = await Promise.all([diary(first.page), diary(second.page)]);
      for (const heard of [received, ...diaries.map((one) => one.received)]) {
        for (const { id } of [first, second]) expect(from(heard, id)).toEqual(numbers(2_000));
      }
      const left = peer.status.peerLeft.next({ timeout: 20_000 });
      await second.page.close();
      expect(await left).toMatchObject([{ id: second.id }, 'bye']);
    },
  );

  test.each(['start', 'startInHub', 'startOnChannel'] as const)(
    'a tab that is left for another page: its peer says good-bye (%s)',
    { timeout: TIMEOUT },
    async (how) => {
      const shop = await openShop();
      const [first, second] = [await shop.tab(['said'], [], how), await shop.tab([], ['said'], how)];
      await second.page.evaluate(() => tab.waitForSubscribers('said', 1));
      const left = first.page.evaluate(() => tab.nextLeft());
      await second.page.goto('about:blank');
      expect(await left).toBe(`${second.id} bye`);
    },
  );

  test('two tabs with a broker in a shared worker: each hears the other', { timeout: TIMEOUT }, async () => {
    const shop = await openShop();
    const open = () => shop.tab(['said'], ['said'], 'startInHub');
    const [first, second] = [await open(), await open()];
    await Promise.all([publishTo(1, first), publishTo(1, second)]);
    for (const { page, errors } of [first, second]) {
      const { received, ...rest } = await diary(page);
      for (const { id } of [first, second]) expect(from(received, id)).toEqual(numbers(2_000));
      expect(rest).toEqual({ gaps: [], invalid: [], disconnected: 0 });
      expect(errors).toEqual([]);
    }
  });

  test(
    'two tabs on a channel, without a broker: each hears the other, who closes is gone',
    { timeout: TIMEOUT },
    async () => {
      const shop = await openShop();
      const open = () => shop.tab(['said'], ['said'], 'startOnChannel');
      const [first, second] = [await open(), await open()];
      await Promise.all([publishTo(1, first), publishTo(1, second)]);
      for (const { page, errors } of [first, second]) {
        const { received, ...rest } = await diary(page);
        for (const { id } of [first, second]) expect(from(received, id)).toEqual(numbers(2_000));
        expect(rest).toEqual({ gaps: [], invalid: [], disconnected: 0 });
        expect(errors).toEqual([]);
      }
      await second.page.close();
      await first.page.evaluate(() => tab.waitUntilAlone());
    },
  );

  test(
    'the network of a page is switched off and on: nothing lost either way, order kept',
    { timeout: TIMEOUT },
    async () => {
      const shop = await openShop();
      const { peer, received } = await shop.peer(['up'], ['down']);
      const { page, id, errors } = await shop.tab(['down'], ['up']);
      await peer.waitFor({ subscribers: 'down', timeout: 5_000 });
      await page.evaluate(() => tab.waitForSubscribers('up', 1));
      await publishWhile(peer, {
        async stop() {
          await page.context().setOffline(true);
          void page.evaluate(() => tab.publish('up', 0, 2_000));
        },
        go: () => page.context().setOffline(false),
      });
      await page.evaluate(() => tab.flush());
      const { received: inPage, gaps } = await diary(page);
      expect(from(inPage, peer.id)).toEqual(numbers(3_000));
      expect(from(received, id)).toEqual(numbers(2_000));
      expect([gaps, errors]).toEqual([[], []]);
    },
  );

  test(
    'a page is hidden behind another: it goes on, nothing lost either way, order kept',
    { timeout: TIMEOUT },
    async () => {
      const shop = await openShop();
      const { peer, received } = await shop.peer(['up'], ['down']);
      const page = await BarePage.open(chromium, shop.url);
      const id = await page.evaluate("tab.start(['down'], ['up'])");
      await peer.waitFor({ subscribers: 'down', timeout: 5_000 });
      await page.evaluate("tab.waitForSubscribers('up', 1)");
      const other = await page.openAnother(shop.url);
      await other.send('Page.bringToFront', {});
      await expect.poll(() => page.evaluate('document.visibilityState'), { timeout: 5_000 }).toBe('hidden');
      const upwards = page.evaluate("tab.publish('up', 0, 2000).then(() => tab.flush())");
      for (const n of numbers(3_000)) await peer.publish.down(peer.id, n);
      await peer.flush({ timeout: 20_000 });
      await upwards;
      const { received: inPage, gaps } = (await page.evaluate('tab.diary')) as Diary;
      expect(from(inPage, peer.id)).toEqual(numbers(3_000));
      expect(from(received, id as string)).toEqual(numbers(2_000));
      expect(gaps).toEqual([]);
    },
  );

  test(
    'a tab on a channel is left and kept by the browser until the user is back: its peer goes on, nothing lost',
    { timeout: TIMEOUT },
    async () => {
      const { shop, page, other, id } = await openPair();
      void other.evaluate('tab.nextLeft().then((left) => (tab.left = left))').catch(() => {});
      await page.evaluate("addEventListener('pageshow', ({ persisted }) => (tab.persisted = persisted))");
      await page.leaveAndReturn(`${shop.url}frame`);
      expect(await page.evaluate('tab.persisted')).toBe(true);
      await other.evaluate("tab.publish('said', 0, 2000).then(() => tab.flush())");
      const { received, gaps } = (await page.evaluate('tab.diary')) as Diary;
      expect(from(received, id as string)).toEqual(numbers(2_000));
      expect(gaps).toEqual([]);
      expect(await other.evaluate('tab.left ?? null')).toBe(null);
    },
  );

  test('a tab on a channel is frozen and resumed: nothing lost, order kept', { timeout: TIMEOUT }, async () => {
    const { page, other, id } = await openPair();
    await other.evaluate("tab.publish('said', 0, 1).then(() => tab.flush())");
    await page.send('Page.setWebLifecycleState', { state: 'frozen' });
    // Its timers stand still; whether it hears what is posted is up to the browser.
    await other.evaluate("tab.publish('said', 1, 3000)");
    await page.send('Page.setWebLifecycleState', { state: 'active' });
    await other.evaluate('tab.flush()');
    const { received, gaps } = (await page.evaluate('tab.diary')) as Diary;
    expect(from(received, id as string)).toEqual(numbers(3_000));
    expect(gaps).toEqual([]);
  });

  test(
    'a frame of a page, over a port that the page handed it: it hears, and answers',
    { timeout: TIMEOUT },
    async () => {
      const shop = await openShop();
      const { page, errors } = await shop.tab(['answered'], ['said'], 'startWithFrame');
      await publishTo(1, { page });
      const answers = async (): Promise<unknown[]> => from((await diary(page)).received, 'frame');
      await expect.poll(async () => (await answers()).length, { timeout: 20_000 }).toBe(2_000);
      expect(await answers()).toEqual(numbers(2_000));
      expect(errors).toEqual([]);
    },
  );

  test('NATS from a secure page: an address without TLS cannot be used, which the start says', async () => {
    const page = await browser.newPage();
    onTestFinished(() => page.close());
    const module = await readFile(join(folder, 'page.js'), 'utf8');
    const answers = { 'text/html': '<script type=module src=/page.js></script>', 'text/javascript': module };
    for (const [contentType, body] of Object.entries(answers)) {
      const path = contentType === 'text/html' ? '' : 'page.js';
      await page.route(`https://shop.example/${path}`, (route) => route.fulfill({ contentType, body }));
    }
    await page.goto('https://shop.example/');
    const said = page.evaluate(() =>
      tab
        .startAtNats([], [], 'nats+ws://nats.example')
        .catch(({ code, message }: MrEventLoopError) => `${code}: ${message}`),
    );
    expect(await said).toMatch(/^ADDRESS: 'nats\+ws:\/\/nats.example' cannot be used: .*insecure/);
  });

  describeWith('nats', 'and NATS', (natsServer) => {
    test(
      '2,000 events each way with a process at nats://, the server killed and started again meanwhile',
      { timeout: TIMEOUT },
      async () => {
        const server = await NatsWebSocketServer.start(natsServer, '--auth', 'secret');
        const shop = await openShop();
        const { peer, received } = await peerAt(server.tcp.address, server.tcp.address, ['up'], ['down'], 'secret');
        const { page, id, errors } = await shop.tab(['down'], ['up'], 'startAtNats', server.address);
        await peer.waitFor({ subscribers: 'down', timeout: 5_000 });
        await page.evaluate(() => tab.waitForSubscribers('up', 1));
        const upwards = page.evaluate(() => tab.publish('up', 0, 1_000));
        for (const n of numbers(1_000)) void peer.publish.down(peer.id, n);
        // In the middle of what flows both ways.
        await expect.poll(() => received.length, { timeout: 5_000, interval: 1 }).toBeGreaterThan(0);
        const down = peer.status.disconnected.next({ timeout: 10_000 });
        await server.kill();
        await down;
        const later = page.evaluate(() => tab.publish('up', 1_000, 2_000));
        for (const n of numbers(1_000)) void peer.publish.down(peer.id, 1_000 + n);
        await server.start();
        await Promise.all([upwards, later]);
        await peer.flush({ timeout: 30_000 });
        await page.evaluate(() => tab.flush());
        expect(from(received, id)).toEqual(numbers(2_000));
        const { received: inPage, disconnected, ...rest } = await diary(page);
        expect(from(inPage, peer.id)).toEqual(numbers(2_000));
        expect(rest).toEqual({ gaps: [], invalid: [] });
        expect(disconnected).toBeGreaterThanOrEqual(1);
        expect(errors).toEqual([]);
      },
    );
  });
});
