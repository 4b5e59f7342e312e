/**
 * As much of Playwright as tests use. Its own types need those of the DOM, and with them in scope nothing would
 * keep the sources from using the DOM.
 */
export interface Browser extends AsyncDisposable {
  /** Each page with storage and workers of its own. */
  newPage(): Promise<Page>;
  /** Pages that share storage and workers, like the tabs of a browser. */
  newContext(): Promise<{ newPage(): Promise<Page>; close(): Promise<void> }>;
}

export interface Page {
  goto(url: string): Promise<unknown>;
  /** Answers what the page asks for at these addresses. */
  route(
    url: string,
    answer: (route: { fulfill(response: { contentType: string; body: string }): Promise<void> }) => unknown,
  ): Promise<unknown>;
  on(event: 'console', listener: (message: { text(): string }) => void): unknown;
  on(event: 'pageerror', listener: (error: Error) => void): unknown;
  /** Runs a function in the page, which sees nothing but its argument. */
  evaluate<Argument, Result>(
    run: (argument: Argument) => Result | Promise<Result>,
    argument: Argument,
  ): Promise<Result>;
  evaluate<Result>(run: () => Result | Promise<Result>): Promise<Result>;
  context(): {
    newCDPSession(page: Page): Promise<{ send(command: string): Promise<unknown> }>;
    setOffline(offline: boolean): Promise<void>;
  };
  close(): Promise<void>;
}

interface Playwright {
  readonly chromium: {
    launch(options: { executablePath: string; args: readonly string[]; headless: true }): Promise<Browser>;
  };
}

const PLAYWRIGHT: string = 'playwright-core';
export const QUIET: readonly string[] = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts the browser whose program is at a path, with a profile that is gone afterwards. */
export async function launchBrowser(executablePath: string): Promise<Browser> {
  const { chromium } = (await import(PLAYWRIGHT)) as Playwright;
  return chromium.launch({ executablePath, args: QUIET, headless: true });
}
