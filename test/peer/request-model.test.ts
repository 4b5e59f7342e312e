import * as fc from 'fast-check';
import { describe, onTestFinished, test } from 'vitest';
import { PEERS, Program, type Step } from './request-model.ts';

// Random programs of peers that ask and serve, and faults, on a stepped clock. What is checked stands in
// request-model.ts. The number of runs can be set: MODEL_RUNS=2000 vitest run test/peer/request-model.test.ts

const RUNS = Number(process.env['MODEL_RUNS'] ?? 60);
const SEED = process.env['MODEL_SEED'] === undefined ? Date.now() % 2 ** 31 : Number(process.env['MODEL_SEED']);

const peer = fc.nat({ max: PEERS - 1 });

const options = {
  peer: fc.nat({ max: 1 }),
  timeout: fc.oneof(fc.constant(Infinity), fc.nat({ max: 3_000 })),
  key: fc.constantFrom(undefined, undefined, 'a', 'b'),
  abortAfter: fc.option(fc.nat({ max: 2_000 }), { nil: undefined, freq: 4 }),
};

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('ask' as const), times: fc.integer({ min: 1, max: 4 }), ...options }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('list' as const),
      length: fc.nat({ max: 200 }),
      reads: fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 200 })),
      pause: fc.constantFrom(0, 0, 1, 40),
      ...options,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('crash' as const, 'restart' as const) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom(
        ...(['break', 'partition', 'mend', 'mend', 'mend', 'mute', 'start', 'start', 'stop'] as const),
      ),
      peer,
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      // After ten times the silence, peers forget each other.
      ms: fc.constantFrom(1, 5, 30, 60, 300, 3_000, 15_000),
    }),
  },
);

const share = fc.constantFrom(0, 0, 0.1, 0.3);

const setting = fc.record({
  seed: fc.integer(),
  packs: fc.boolean(),
  window: fc.constantFrom(1, 4, 16_384),
  loss: share,
  duplication: share,
  jitter: fc.constantFrom(0, 0, 20),
});

describe('requests: model', () => {
  test.each([
    ['schemas that answer at once', false],
    ['schemas that have to be awaited', true],
  ])(`%s: ${RUNS} random programs, seed ${SEED}`, { timeout: 3_600_000 }, async (_, isAsync) => {
    // Programs replace this.
    onTestFinished(() => void Reflect.deleteProperty(crypto, 'getRandomValues'));
    await fc.assert(
      fc.asyncProperty(setting, fc.array(step, { maxLength: 60, size: 'max' }), async (options, steps) => {
        const program = new Program({ ...options, isAsync });
        await program.start();
        for (const one of steps) await program.run(one);
        await program.finish();
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });
});
