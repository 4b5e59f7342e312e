import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { Missing } from './missing.ts';

/** The path of a program, under the first of its names that is there. */
export async function findProgram(...names: readonly string[]): Promise<string> {
  // Servers may be where only root looks by itself.
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin'];
  for (const path of names.flatMap((name) => folders.map((folder) => join(folder, name)))) {
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  throw new Missing(`no ${names.join(', ')} on the PATH`);
}
