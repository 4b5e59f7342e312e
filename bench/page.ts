/** Subscribers in Chromium: the page counts, and a program beside it talks to the benchmark. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { launchBrowser } from '../test/setup/browser.ts';
import { bundle } from '../test/runtime/smoke.ts';
import { leave, nextOrder, now, settings, type Settings, tell } from './role.ts';

/** What a page leaves as `bench`. */
export interface Page {
  /** Subscribes. */
  start(settings: Settings): Promise<void>;
  /** Fulfils when so many events have arrived. */
  expect(count: number): Promise<void>;
}

declare const bench: Page;

/** A subscriber whose page is the module at this path, relative to this folder. */
export async function countInPage(path: string): Promise<void> {
  const module = await bundle(new URL(path, import.meta.url).pathname, {
    platform: 'browser',
    absWorkingDir: new URL('..', import.meta.url).pathname,
    minify: true,
  });
  const server = createServer(({ url }, response) => {
    const [type, body] =
      url === '/page.js' ? ['text/javascript', module] : ['text/html', '<script type=module src=/page.js></script>'];
    response.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  await using browser = await launchBrowser(settings.tool);
  const page = await browser.newPage();
  page.on('pageerror', (error) => {
    console.error(error);
    process.exit(1);
  });
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await page.evaluate((all) => bench.start(all), settings);
  tell({ ready: '' });
  for (;;) {
    const order = await nextOrder();
    if ('stop' in order) break;
    if (!('expect' in order)) throw new Error(`a subscriber cannot ${JSON.stringify(order)}`);
    const arrived = page.evaluate((count) => bench.expect(count), order.expect);
    tell({ expecting: true });
    await arrived;
    tell({ arrived: now() });
  }
  server.close();
  leave();
}
