import { transform } from 'esbuild';
import { defineConfig, type Plugin } from 'vitest/config';
import { ClosingReporter } from './test/setup/closing-reporter.ts';

/** Vitest leaves decorators as they are, and no Node runs them yet: lower them in the tests that use them. */
const lowerDecorators: Plugin = {
  name: 'lower-decorators',
  enforce: 'pre',
  async transform(code, id) {
    if (!id.endsWith('.ts') || id.includes('/node_modules/') || !/^\s*@\w/m.test(code)) return undefined;
    const { code: lowered, map } = await transform(code, {
      loader: 'ts',
      target: 'es2022',
      sourcemap: true,
      sourcefile: id,
    });
    return { code: lowered, map };
  },
};

export default defineConfig({
  plugins: [lowerDecorators],
  resolve: {
    alias: [
      { find: /^mreventloop$/, replacement: new URL('src/index.ts', import.meta.url).pathname },
      { find: /^mreventloop\/(\w+)$/, replacement: new URL('src/$1/index.ts', import.meta.url).pathname },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/setup/global-setup.ts'],
    reporters: ['default', new ClosingReporter()],
    coverage: { include: ['src/**'], exclude: ['src/cli/**'], reporter: ['text', 'json-summary'] },
  },
});
