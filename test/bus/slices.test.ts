import { describe, expect, test } from 'vitest';
import { freeEndpoints } from '../support/addresses.ts';
import { cli } from '../support/program.ts';
import { mostBetweenTurns } from './busy-listener.ts';

// A frame has up to 1,024 events, or 50 of a peer in Python.
const FEW = { TypeScript: 400, Python: 200 };

describe.each(['ipc', 'tcp', 'ws', 'ws+unix'] as const)('%s', (scheme) => {
  test.each(['TypeScript', 'Python'] as const)(
    'while events of a peer in %s flow, a listener that takes its time leaves timers their turn',
    { timeout: 30_000 },
    async (language) => {
      const free = freeEndpoints(scheme);
      // In a process of its own, so that there is always something to read.
      const broker = cli('broker', ...(scheme === 'tcp' ? [free.in, free.out] : new Set([free.in, free.out])));
      const addresses = (await broker.line()).match(/\b\w[\w+]*:\/\/\S+/g) as string[];
      expect(await mostBetweenTurns(language, addresses.at(0) as string, addresses.at(-1))).toBeLessThan(FEW[language]);
    },
  );
});
