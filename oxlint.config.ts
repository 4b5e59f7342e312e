import { defineConfig, type OxlintOverride } from 'oxlint';

/** Which folders (or files) of `src/` each folder may import from. `errors.ts`, `size.ts` and `timers.ts` are open to all of them. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  queue: [],
  events: ['queue'],
  trace: [],
  opentelemetry: ['trace'],
  diagnostics: ['trace'],
  loop: ['events', 'queue', 'trace'],
  wire: [],
  stream: ['queue', 'wire'],
  contract: [],
  codec: ['wire'],
  asyncapi: ['contract'],
  bus: [],
  peer: ['queue', 'events', 'loop', 'contract', 'wire', 'stream', 'bus', 'trace'],
  broker: ['events', 'loop', 'bus', 'wire'],
  // Programs use what every user has.
  cli: ['index.ts'],
  testing: ['events', 'stream', 'bus', 'wire', 'peer'],
};
/** From which others it may import types, which leave nothing at run time. */
const MAY_IMPORT_TYPES: Record<string, readonly string[]> = { contract: ['events'], codec: ['contract'] };
const FOLDERS = Object.keys(MAY_IMPORT);
/** Folders whose code runs in a browser too, */
const PORTABLE = new Set([
  'queue',
  'events',
  'loop',
  'wire',
  'stream',
  'contract',
  'codec',
  'asyncapi',
  'bus',
  'broker',
  'peer',
  'trace',
  'opentelemetry',
  'testing',
]);
/** but for these files, which bundles for browsers leave out (see `browser` in package.json). */
const OF_NODE = [
  'ipc/*',
  'nats/nats-tcp',
  'redis',
  'served',
  'websocket-library',
  'websocket/house-rules',
  'websocket/websocket-door',
  'websocket/websocket-guest',
  'websocket/websocket-upgrades',
  'zeromq',
].map((name) => `src/bus/${name}.ts`);
/** The buses that have a folder. They may not import from each other. */
const BUSES = ['ipc', 'nats', 'port', 'websocket'];

/** What a folder must not import: everything in others, but for these. Its own folder is not among them. */
function othersThan(folder: string, allowed: readonly string[]): string {
  // Written out, because the linter passes over expressions that look ahead.
  const others = [...FOLDERS, 'index.ts'].filter((other) => other !== folder && !allowed.includes(other));
  return `^(?:\\.\\./)+(?:${others.join('|').replaceAll('.', '\\.')})(?:$|/)`;
}

/** What may be imported in a folder. */
function importsIn(folder: string, isPortable: boolean): NonNullable<OxlintOverride['rules']> {
  return {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            regex: othersThan(folder, [...(MAY_IMPORT[folder] ?? []), ...(MAY_IMPORT_TYPES[folder] ?? [])]),
            message: `src/${folder} may import only from: ${['errors.ts', 'size.ts', 'timers.ts', ...(MAY_IMPORT[folder] ?? [])].join(', ')}.`,
            allowTypeImports: false,
          },
          ...(MAY_IMPORT_TYPES[folder] ?? []).map((other) => ({
            regex: `^(?:\\.\\./)+${other}/`,
            message: `src/${folder} may import only types from ${other}.`,
            allowTypeImports: true,
          })),
          ...(folder === 'bus'
            ? [{ regex: `^\\.\\./(?:${BUSES.join('|')})/`, message: 'No bus may import from another.' }]
            : []),
          ...(isPortable ? [{ regex: '^node:', message: 'This runs in browsers too.', allowTypeImports: true }] : []),
        ],
      },
    ],
  };
}

export default defineConfig({
  plugins: ['typescript', 'unicorn', 'oxc', 'import', 'promise', 'node'],
  categories: { correctness: 'error', suspicious: 'error', perf: 'error' },
  options: { typeAware: true },
  ignorePatterns: ['dist', 'coverage', '.cache', 'test/types/errors'],
  rules: {
    'import/no-cycle': ['error', { ignoreTypes: true }],
    'import/no-unassigned-import': 'off',
    'typescript/consistent-type-imports': 'error',
    'typescript/no-explicit-any': 'error',
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/no-non-null-assertion': 'error',
    'typescript/no-import-type-side-effects': 'error',
    'typescript/prefer-readonly': 'error',
    'typescript/switch-exhaustiveness-check': 'error',
    'no-console': 'error',
    // `using _peer` is there for its end only.
    'no-underscore-dangle': 'off',
    // The compiler sees this better.
    'typescript/consistent-return': 'off',
    'no-unmodified-loop-condition': 'off',
    // One thing after the other is what an event loop is for.
    'no-await-in-loop': 'off',
    // Casts at the edges of the types (events whose arguments are not known) are deliberate.
    'typescript/no-unsafe-type-assertion': 'off',
    'typescript/no-unnecessary-type-arguments': 'off',
    // A type and its constructor share a name.
    'no-shadow': 'off',
    'typescript/no-extraneous-class': 'off',
  },
  overrides: [
    ...FOLDERS.map((folder): OxlintOverride => ({
      files: [`src/${folder}/**`],
      rules: importsIn(folder, PORTABLE.has(folder)),
    })),
    { files: OF_NODE, rules: importsIn('bus', false) },
    { files: ['src/cli/**', 'examples/**', 'bench/**', 'scripts/**', 'test/**'], rules: { 'no-console': 'off' } },
  ],
});
