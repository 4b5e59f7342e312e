import * as fc from 'fast-check';
import { describe, test } from 'vitest';
import { Program, type Step } from './model.ts';

// Random programs of publishers, subscribers and faults, on a stepped clock. What is checked stands in
// model.ts. The number of runs can be set: MODEL_RUNS=100000 vitest run test/stream/model.test.ts

const RUNS = Number(process.env['MODEL_RUNS'] ?? 1_000);
const SEED = process.env['MODEL_SEED'] === undefined ? Date.now() % 2 ** 31 : Number(process.env['MODEL_SEED']);

const peer = fc.nat({ max: 4 });
const event = fc.nat({ max: 2 });
const share = fc.constantFrom(0, 0, 0.05, 0.3);

const breaks = fc.record({ do: fc.constantFrom('break' as const, 'mend' as const), peer });

const orderly = [
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('publish' as const), peer, event, count: fc.integer({ min: 1, max: 12 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('tell' as const), peer, to: peer, count: fc.integer({ min: 1, max: 12 }) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(0, 1, 10, 50, 300, 2_500) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('crash' as const, 'restart' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('join' as const), peer }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), peer }) },
];

const anyStep = fc.oneof(
  ...orderly,
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('faults' as const),
      loss: share,
      duplication: share,
      delay: fc.constantFrom(0, 5),
      jitter: fc.constantFrom(0, 0, 20),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('break' as const, 'partition' as const, 'mend' as const, 'mend' as const),
      peer,
    }),
  },
);

/** Nothing is lost but what is under way when a link breaks, and nothing overtakes: as on real sockets. */
const orderlyStep = fc.oneof(
  ...orderly,
  { weight: 2, arbitrary: breaks },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('faults' as const),
      loss: fc.constant(0),
      duplication: share,
      delay: fc.constantFrom(0, 5, 50),
      jitter: fc.constant(0),
    }),
  },
);

const setting = fc.record({
  seed: fc.integer(),
  packs: fc.boolean(),
  window: fc.constantFrom(1, 3, 16, 4_096),
  limit: fc.constantFrom(5, 30, 100_000),
  history: fc.constantFrom(3, 100, 1_000),
  size: fc.constantFrom(1_000_000, 1_000_000, 200),
  overflow: fc.constantFrom(
    'block' as const,
    'block' as const,
    'drop-oldest' as const,
    'drop-newest' as const,
    'latest' as const,
  ),
});

describe('streams: model', () => {
  test.each([
    ['any faults', anyStep],
    ['links that break', orderlyStep],
  ] as const)(`%s: ${RUNS} random programs, seed ${SEED}`, { timeout: 3_600_000 }, (_, step) => {
    fc.assert(
      fc.property(setting, fc.array<Step>(step, { maxLength: 60, size: 'max' }), (options, steps) => {
        const program = new Program(options);
        for (const one of steps) program.run(one);
        program.finish();
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });
});
