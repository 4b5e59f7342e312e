import { expect, inject } from 'vitest';
import { type Endpoints, Peer } from 'mreventloop';
import { Program } from '../support/program.ts';

const SCRIPT = new URL('../interop/python/echo.py', import.meta.url).pathname;

/** A peer of the published Python package, which gets all that crosses a bus and answers what it is asked. */
export class PythonPeer {
  readonly #endpoints: Endpoints;
  readonly #program: Program;

  private constructor(endpoints: Endpoints, interpreter: string) {
    this.#endpoints = endpoints;
    this.#program = new Program(interpreter, [SCRIPT, endpoints.in, endpoints.out]);
  }

  /** Where Python is missing nobody joins; the suite that requires it says so. */
  static async join(endpoints: Endpoints): Promise<PythonPeer | undefined> {
    const { python } = inject('tools');
    if (!('tool' in python)) return undefined;
    const peer = new PythonPeer(endpoints, python.tool['0.6.1']);
    expect(await peer.#program.line()).toBe('ready');
    return peer;
  }

  /** It has understood all that it got, and answers. */
  async check(): Promise<void> {
    const peer = new Peer<{ response: [n: number] }, { request: [n: number] }>(
      this.#endpoints.in,
      this.#endpoints.out,
      ['response'],
      ['request'],
    );
    await using _peer = await peer.start({ timeout: 20_000 });
    const answer = peer.events.response.next();
    let isAnswered = false;
    void answer.then(() => (isAnswered = true));
    // It may have lost its connection a moment ago, and what it is sent until it is back: it is asked until it answers.
    for (let n = 1; !isAnswered; n += 1) {
      await peer.publish.request(n);
      await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 100))]);
    }
    expect(this.#program.child.exitCode).toBeNull();
    expect(this.#program.stderr).toBe('');
  }
}
