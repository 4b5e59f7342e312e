import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { launchBrowser } from '../setup/browser.ts';
import { describeWith } from '../setup/describe-with.ts';
import { installPackage } from '../setup/installed-package.ts';
import { compileForBrowser, EXPECTED } from './smoke.ts';

/** A page that loads a module. */
async function serve(module: string): Promise<{ url: string } & AsyncDisposable> {
  const server = createServer((request, response) => {
    const [type, body] =
      request.url === '/module.js'
        ? ['text/javascript', module]
        : ['text/html', '<script type=module src=/module.js></script>'];
    response.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

describeWith('chromium', 'Chromium', (chromium) => {
  test.each([
    ['smoke.ts', 'smoke: the core behaves as everywhere', EXPECTED],
    [
      'sockets-in-browser.ts',
      'sockets: refused with an error that says why',
      [
        { code: 'ADDRESS', message: "'tcp://127.0.0.1:5000' cannot be used: browsers have ws:// and nats+ws://" },
        {
          code: 'ADDRESS',
          message: "'nats://127.0.0.1/shop' cannot be used: browsers have ws:// and nats+ws://",
        },
        {
          code: 'MISSING_LIBRARY',
          message:
            'in a page, nats+ws:// and nats+wss:// addresses need the option nats of the peer: ' +
            "{ nats: () => import('@nats-io/nats-core') }",
        },
      ],
    ],
  ])('%s: %s', { timeout: 60_000 }, async (program, _, expected) => {
    await using installed = await installPackage();
    await using server = await serve(await compileForBrowser(program, installed.project));
    await using browser = await launchBrowser(chromium);
    const page = await browser.newPage();
    const printed = new Promise<string>((resolve, reject) => {
      page.on('console', (message) => resolve(message.text()));
      page.on('pageerror', reject);
    });
    await page.goto(server.url);
    expect(JSON.parse(await printed)).toEqual(expected);
  });
});
