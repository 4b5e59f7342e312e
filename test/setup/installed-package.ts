import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { npm } from './command.ts';

const ROOT = join(import.meta.dirname, '../..');

/** The package as its users get it. */
export interface InstalledPackage extends AsyncDisposable {
  /** The path of the packed file. */
  readonly tarball: string;
  /** The files in it. */
  readonly files: readonly string[];
  /** A project that has it installed, with the libraries that come with it, OpenTelemetry's interface, and nothing else. */
  readonly project: string;
}

/**
 * Packs the package, with all that publishing it does, and installs it. Both happen in a folder of their own, so that
 * nothing left over in `dist/` gets in, and nothing that reads `dist/` meanwhile is disturbed.
 */
export async function installPackage(): Promise<InstalledPackage> {
  const folder = await mkdtemp(join(tmpdir(), 'mreventloop-package-'));
  const source = join(folder, 'source');
  const project = join(folder, 'project');
  await Promise.all([mkdir(source), mkdir(project)]);
  // No dist/: packing has to build it.
  const papers = ['CHANGELOG.md', 'LICENSE', 'README.md', 'docs'];
  const taken = ['package.json', 'tsconfig.json', 'tsconfig.build.json', 'scripts', 'src', ...papers];
  await Promise.all(taken.map((name) => cp(join(ROOT, name), join(source, name), { recursive: true })));
  await symlink(join(ROOT, 'node_modules'), join(source, 'node_modules'));

  const packed = await npm(source, 'pack', '--json', '--silent', '--pack-destination', folder);
  const [{ filename, files }] = JSON.parse(packed) as [{ filename: string; files: { path: string }[] }];
  const tarball = join(folder, filename);

  // What it may depend on is there already: so this needs no network.
  const overrides = Object.fromEntries(
    ['ws', 'zeromq'].map((name) => [name, `file:${join(ROOT, 'node_modules', name)}`]),
  );
  // A part of the package is for those who have this one.
  const dependencies = { '@opentelemetry/api': `file:${join(ROOT, 'node_modules/@opentelemetry/api')}` };
  await writeFile(
    join(project, 'package.json'),
    JSON.stringify({ private: true, type: 'module', dependencies, overrides }),
  );
  await npm(project, 'install', '--silent', '--no-audit', '--no-fund', tarball);
  return {
    tarball,
    files: files.map((file) => file.path),
    project,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
