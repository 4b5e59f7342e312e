import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { command, type CommandError, npm } from './command.ts';
import { madeOnce } from './made-once.ts';
import { Missing } from './missing.ts';

/** The npm packages that JavaScript runtimes come from; Node 20 in the oldest release that `engines` admits. */
const PACKAGES = {
  'node-20': { name: 'node', version: '20.19.0' },
  'node-24': { name: 'node', version: '24.21.0' },
  'node-26': { name: 'node', version: '26.10.0' },
  bun: { name: 'bun', version: '1.4.5' },
  deno: { name: 'deno', version: '2.9.6' },
} as const;

export type Runtime = keyof typeof PACKAGES;

/** The path of a runtime's program, installed when it is not there yet. */
export async function prepareRuntime(runtime: Runtime): Promise<string> {
  const { name, version } = PACKAGES[runtime];
  if (name === 'node' && process.versions.node === version) return process.execPath;
  const program = (folder: string): string => join(folder, 'node_modules', '.bin', name);
  const folder = await madeOnce(`runtimes/${name}-${version}`, {
    async make(unfinished) {
      const project = { private: true, allowScripts: { [name]: true } };
      await writeFile(join(unfinished, 'package.json'), JSON.stringify(project));
      const calm = [
        '--no-audit',
        '--no-fund',
        '--loglevel=error',
        '--fetch-retries=1',
        '--fetch-retry-mintimeout=1000',
      ];
      try {
        await npm(unfinished, 'install', '--save-exact', ...calm, `${name}@${version}`);
      } catch (error) {
        throw new Missing(`npm could not install ${name}@${version} (${(error as CommandError).lines[0]})`);
      }
      // Their programs come by way of install scripts: what is there may be another version, or none.
      const says = await command(program(unfinished), ['--version']).catch((error: unknown) => String(error));
      if (!says.includes(version)) throw new Missing(`the npm package ${name}@${version} gave: ${says.trim()}`);
    },
  });
  return program(folder);
}
