import { findProgram } from './on-path.ts';
import { preparePython, type Python } from './python.ts';
import { prepareRuntime, type Runtime } from './runtimes.ts';

/** What tests may require of the machine, and what they get when it is there. */
export interface Tools extends Record<Runtime, string> {
  /** For each release of the published Python package, an interpreter that can import it. */
  python: Python;
  /** The path of the browser's program. */
  chromium: string;
  /** The path of the server for NATS. */
  nats: string;
  /** The path of the server for Redis. */
  redis: string;
}

export type ToolName = keyof Tools;

export interface Requirement<Tool> {
  /** What it is, for people. */
  readonly what: string;
  /** How to install it. */
  readonly hint: string;
  /**
   * Finds or installs it.
   * @throws Missing when that is impossible here
   */
  readonly prepare: () => Promise<Tool>;
}

const FROM_NPM = 'it is installed from the npm registry by itself, once: connect to the network and run again';

function fromNpm(what: string, name: Runtime): Requirement<string> {
  return { what, hint: FROM_NPM, prepare: () => prepareRuntime(name) };
}

export const REQUIREMENTS: { readonly [Name in ToolName]: Requirement<Tools[Name]> } = {
  python: {
    what: 'Python 3.9 or later with venv, and the package mreventloop from PyPI',
    hint:
      'Debian: apt-get install python3-venv; elsewhere: Python from your package manager or python.org, ' +
      'on the PATH as python3 or named by the variable PYTHON',
    prepare: preparePython,
  },
  chromium: {
    what: 'Chromium',
    hint: 'Debian: apt-get install chromium; elsewhere: Chromium or Chrome, on the PATH',
    prepare: () => findProgram('chromium', 'chromium-browser', 'google-chrome'),
  },
  nats: {
    what: 'nats-server',
    hint: 'Debian: apt-get install nats-server; elsewhere: from nats.io, on the PATH',
    prepare: () => findProgram('nats-server'),
  },
  redis: {
    what: 'redis-server',
    hint: 'Debian: apt-get install redis-server; elsewhere: from redis.io, on the PATH',
    prepare: () => findProgram('redis-server', 'valkey-server'),
  },
  'node-20': fromNpm('Node 20', 'node-20'),
  'node-24': fromNpm('Node 24', 'node-24'),
  'node-26': fromNpm('Node 26', 'node-26'),
  bun: fromNpm('Bun', 'bun'),
  deno: fromNpm('Deno', 'deno'),
};

/** A tool, or the reason why it is missing. */
export type Found<Tool> = { readonly tool: Tool } | { readonly missing: string };

export type FoundTools = { readonly [Name in ToolName]: Found<Tools[Name]> };
