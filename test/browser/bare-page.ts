import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { QUIET } from '../setup/browser.ts';
import { temporaryFolder } from '../support/addresses.ts';
import { Program } from '../support/program.ts';

/**
 * A page in a browser of its own, driven without Playwright: that keeps pages visible, and a visible page is
 * never frozen.
 */
export class BarePage {
  readonly #socket: WebSocket;
  readonly #answers = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  #session: string | undefined;
  #count = 0;
  #onEvent: ((method: string) => void) | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      const { id, method, result, error, sessionId } = JSON.parse(data as string) as {
        id?: number;
        sessionId?: string;
        method?: string;
        result?: unknown;
        error?: { message: string };
      };
      // There may be other pages.
      if (sessionId !== this.#session) return;
      if (method !== undefined) this.#onEvent?.(method);
      const answer = this.#answers.get(id ?? 0);
      if (error === undefined) answer?.resolve(result);
      else answer?.reject(new Error(error.message));
      this.#answers.delete(id ?? 0);
    });
  }

  static async open(executablePath: string, url: string): Promise<BarePage> {
    const options = ['--remote-debugging-port=0', `--user-data-dir=${temporaryFolder()}`, 'about:blank'];
    const browser = new Program(executablePath, [...QUIET, ...options]);
    const address = await new Promise<string>((resolve) => {
      browser.child.stderr?.on('data', () => {
        const [, found] = /DevTools listening on (\S+)/.exec(browser.stderr) ?? [];
        if (found !== undefined) resolve(found);
      });
    });
    const socket = new WebSocket(address);
    onTestFinished(() => socket.close());
    await once(socket, 'open');
    return BarePage.#openIn(socket, url);
  }

  /** Another page in the same browser. */
  openAnother(url: string): Promise<BarePage> {
    return BarePage.#openIn(this.#socket, url);
  }

  static async #openIn(socket: WebSocket, url: string): Promise<BarePage> {
    const page = new BarePage(socket);
    const { targetId } = (await page.send('Target.createTarget', { url: 'about:blank' })) as { targetId: string };
    const attached = await page.send('Target.attachToTarget', { targetId, flatten: true });
    page.#session = (attached as { sessionId: string }).sessionId;
    await page.send('Page.enable');
    const loaded = page.#event('Page.loadEventFired');
    await page.send('Page.navigate', { url });
    await loaded;
    return page;
  }

  #event(wanted: string): Promise<void> {
    return new Promise((resolve) => {
      this.#onEvent = (method) => {
        if (method === wanted) resolve();
      };
    });
  }

  /** What a debugger would send. */
  send(method: string, params: object = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#count += 1;
      this.#answers.set(this.#count, { resolve, reject });
      this.#socket.send(JSON.stringify({ id: this.#count, method, params, sessionId: this.#session }));
    });
  }

  /** Goes to another page, and back to this one. */
  async leaveAndReturn(url: string): Promise<void> {
    const { currentIndex, entries } = (await this.send('Page.getNavigationHistory')) as {
      currentIndex: number;
      entries: { id: number }[];
    };
    const loaded = this.#event('Page.loadEventFired');
    await this.send('Page.navigate', { url });
    await loaded;
    const back = this.#event('Page.frameNavigated');
    await this.send('Page.navigateToHistoryEntry', { entryId: entries[currentIndex]?.id });
    await back;
  }

  /** The value of an expression, or of the promise that it is. */
  async evaluate(expression: string): Promise<unknown> {
    const answer = await this.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    const { result, exceptionDetails } = answer as { result: { value: unknown }; exceptionDetails?: object };
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return result.value;
  }
}
