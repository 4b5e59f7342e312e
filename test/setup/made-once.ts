import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const CACHE = join(import.meta.dirname, '../../.cache');

export interface Recipe {
  /** Fills an empty folder. */
  readonly make: (folder: string) => Promise<void>;
  /** Whether a folder that an earlier run made still serves. */
  readonly works?: (folder: string) => Promise<boolean>;
}

/**
 * A folder under `.cache/` that is made by the first run that needs it and kept for later ones. It is made under
 * another name and then renamed: what stands under its own name is complete, also when runs overlap.
 */
export async function madeOnce(name: string, { make, works = async () => true }: Recipe): Promise<string> {
  const folder = join(CACHE, name);
  if (existsSync(folder)) {
    if (await works(folder)) return folder;
    await rm(folder, { recursive: true, force: true });
  }
  await mkdir(dirname(folder), { recursive: true });
  const unfinished = await mkdtemp(`${folder}.unfinished-`);
  try {
    await make(unfinished);
    await rename(unfinished, folder);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    // Another run was faster.
    if (!isTaken(error)) throw error;
  }
  return folder;
}

function isTaken(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === 'ENOTEMPTY' || code === 'EEXIST';
}
