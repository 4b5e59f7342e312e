import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import type { Broker } from 'mreventloop';

// What is started for the five parts. Each gives what ends it, and a promise that rejects when it ends too early.

/** Something that runs until it is disposed. */
export interface Running extends AsyncDisposable {
  /** Rejects when it ends by itself with an error. */
  readonly failed: Promise<never>;
}

const here = (name: string): string => new URL(name, import.meta.url).pathname;

/** A part in a process of its own, at the address of a broker or of NATS. */
export function startProcess(name: string, address: string): Running {
  return run(name, spawnApart(process.execPath, [here('process.ts'), name, address]));
}

/** A part in Python. */
export function startPython(interpreter: string, { in: inAddress, out }: Broker['endpoints']): Running {
  return run('python', spawnApart(interpreter, [here('part.py'), inAddress, out]));
}

/** A part in a thread of this process. */
export function startWorker(broker: Broker): Running {
  const worker = new Worker(here('worker.ts'));
  broker.attach(worker);
  return {
    failed: once(worker, 'error').then(([error]) => {
      throw new Error('the part worker failed', { cause: error });
    }),
    [Symbol.asyncDispose]: async () => void (await worker.terminate()),
  };
}

/** A server with the page, and the part in it bundled as for any page. A broker can be attached to it. */
export async function servePage(): Promise<Server> {
  const { outputFiles } = await build({
    entryPoints: [here('tab.ts')],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    // Not the project's own tsconfig.json: its paths lead to the sources, and not to what is published.
    tsconfigRaw: {},
    logLevel: 'error',
    write: false,
  });
  const server = createServer(({ url }, response) => {
    const isModule = url === '/tab.js';
    response.writeHead(200, { 'content-type': isModule ? 'text/javascript' : 'text/html' });
    response.end(
      isModule ? outputFiles[0]?.contents : '<title>five parts</title><script type=module src=/tab.js></script>',
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** As much of Playwright as is used here: its own types need those of the DOM. */
interface Playwright {
  readonly chromium: {
    launch(options: { executablePath: string; handleSIGINT: false }): Promise<Browser>;
  };
}
interface Browser {
  newPage(): Promise<{
    on(event: 'pageerror', listener: (error: Error) => void): unknown;
    goto(url: string): Promise<unknown>;
  }>;
  close(): Promise<void>;
}
const PLAYWRIGHT: string = 'playwright-core';

/** A part in the tab of a browser. */
export async function startTab(executablePath: string, server: Server): Promise<Running> {
  const { chromium } = (await import(PLAYWRIGHT)) as Playwright;
  // It would end the whole program at once.
  const browser = await chromium.launch({ executablePath, handleSIGINT: false });
  const page = await browser.newPage();
  const failed = new Promise<never>((_resolve, reject) => {
    page.on('pageerror', (cause) => reject(new Error('the part tab failed', { cause })));
  });
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  return { failed, [Symbol.asyncDispose]: () => browser.close() };
}

/** A server of NATS, and its address. */
export async function startNats(program: string): Promise<Running & { readonly address: string }> {
  const child = spawnApart(program, ['-a', '127.0.0.1', '-p', '-1'], 'pipe');
  const running = run('nats-server', child, false);
  const listening = async (): Promise<string> => {
    for await (const line of createInterface({ input: child.stderr as NodeJS.ReadableStream })) {
      const [, place] = /client connections on (\S+)/.exec(line) ?? [];
      if (place !== undefined) return `nats://${place}/parts`;
    }
    throw new Error('nats-server did not listen');
  };
  const address = await Promise.race([listening(), running.failed]);
  child.stderr?.resume();
  return { ...running, address };
}

/** In a process group of its own: an interrupt from the keyboard is for this process, which ends the others. */
function spawnApart(command: string, args: readonly string[], stderr: 'inherit' | 'pipe' = 'inherit'): ChildProcess {
  return spawn(command, args, { detached: true, stdio: ['ignore', 'inherit', stderr] });
}

/** How long, in milliseconds, a part may take to leave once it was told good-bye. */
const LEAVE_WITHIN = 500;

/** @param leaves - whether it ends when it is told good-bye, and not by a signal */
function run(name: string, child: ChildProcess, leaves = true): Running {
  const ended = once(child, 'exit');
  const failed = ended.then(([code, signal]) => {
    if (code === 0) return new Promise<never>(() => {});
    throw new Error(`${name} ended early: ${code ?? signal}`);
  });
  // It may end before somebody waits for it, or when nobody does any more.
  failed.catch(() => {});
  return {
    failed,
    async [Symbol.asyncDispose]() {
      const timer = setTimeout(() => child.kill('SIGKILL'), leaves ? LEAVE_WITHIN : 0);
      await ended.catch(() => {});
      clearTimeout(timer);
    },
  };
}
