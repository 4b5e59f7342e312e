import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { npm } from './command.ts';
import { Missing } from './missing.ts';
import { type Found, type FoundTools, type Requirement, REQUIREMENTS } from './requirements.ts';

declare module 'vitest' {
  interface ProvidedContext {
    tools: FoundTools;
  }
}

const ROOT = join(import.meta.dirname, '../..');

/** Looks once a run for what tests require, and builds what they start. */
export default async function setUp(project: TestProject): Promise<void> {
  const [tools] = await Promise.all([findTools(), buildWhenOutdated()]);
  project.provide('tools', tools);
}

async function findTools(): Promise<FoundTools> {
  const found = await Promise.all(
    Object.entries(REQUIREMENTS).map(async ([name, requirement]) => [name, await find(requirement)] as const),
  );
  return Object.fromEntries(found) as unknown as FoundTools;
}

async function find(requirement: Requirement<unknown>): Promise<Found<unknown>> {
  try {
    return { tool: await requirement.prepare() };
  } catch (error) {
    if (error instanceof Missing) return { missing: error.message };
    throw error;
  }
}

/** How long, in milliseconds, a build may take: a source saved meanwhile is not in what was built. */
const A_BUILD = 5_000;

/** `npm test` builds before it gets here; `vitest run` does not. */
async function buildWhenOutdated(): Promise<void> {
  const [sources, built] = await Promise.all([newest(join(ROOT, 'src')), newest(join(ROOT, 'dist'))]);
  if (sources > built - A_BUILD) await npm(ROOT, 'run', '--silent', 'build');
}

/** When the youngest file in a folder was written. */
async function newest(folder: string): Promise<number> {
  if (!existsSync(folder)) return 0;
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const times = await Promise.all(files.map(async (file) => (await stat(join(file.parentPath, file.name))).mtimeMs));
  return Math.max(0, ...times);
}
