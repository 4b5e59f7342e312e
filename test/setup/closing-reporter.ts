import { relative } from 'node:path';
import { styleText } from 'node:util';
import type { SerializedError } from 'vitest';
import type { Reporter, TestCase, TestModule } from 'vitest/node';
import { isContinuousIntegration } from './continuous-integration.ts';

const RULE = '─'.repeat(80);
const NO_REASON = 'No reason given';

/**
 * Has the last word of a run: what was skipped and how to get it to run, and one line with the counts.
 * In continuous integration a skipped test fails the run.
 */
export class ClosingReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string): number => tests.filter((test) => test.result().state === state).length;
    const skipped = count('skipped');
    // What fails outside of tests: a file that cannot be loaded, a hook, a rejection that nobody handled.
    const outside =
      unhandledErrors.length +
      modules.flatMap((module) => [module, ...module.children.allSuites()]).flatMap((part) => part.errors()).length;

    const reasons = byReason(tests);
    // `vitest -t` skips what it was not asked for; that needs no notice.
    if (!isContinuousIntegration()) reasons.delete(NO_REASON);
    else if (skipped > 0) process.exitCode = 1;
    if (reasons.size > 0) process.stdout.write(notice(reasons));

    const counts = [`${count('passed')} passed`, `${count('failed') + outside} failed`];
    if (skipped > 0) counts.push(`${skipped} skipped`);
    process.stdout.write(`\n${counts.join(', ')}\n`);
  }
}

/** The tests that were skipped, by why they were. */
function byReason(tests: readonly TestCase[]): Map<string, TestCase[]> {
  const groups = new Map<string, TestCase[]>();
  for (const test of tests) {
    const result = test.result();
    if (result.state !== 'skipped') continue;
    const reason = result.note ?? NO_REASON;
    const group = groups.get(reason);
    if (group === undefined) groups.set(reason, [test]);
    else group.push(test);
  }
  return groups;
}

function notice(reasons: ReadonlyMap<string, readonly TestCase[]>): string {
  const lines = ['', RULE, styleText(['bold', 'yellow'], 'NOT TESTED HERE:'), ''];
  for (const [reason, tests] of reasons) {
    lines.push(reason);
    for (const test of tests) lines.push(`    ${relative(process.cwd(), test.module.moduleId)} > ${test.fullName}`);
    lines.push('');
  }
  return [...lines, RULE, ''].join('\n');
}
