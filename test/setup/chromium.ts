import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { Missing } from './missing.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** The path of the browser's program. */
export async function findChromium(): Promise<string> {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  for (const path of NAMES.flatMap((name) => folders.map((folder) => join(folder, name)))) {
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  throw new Missing(`no ${NAMES.join(', ')} on the PATH`);
}
