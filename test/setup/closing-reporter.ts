import { relative } from 'node:path';
import { styleText } from 'node:util';
import type { SerializedError } from 'vitest';
import type { Reporter, TestCase, TestModule } from 'vitest/node';
import { isContinuousIntegration } from './continuous-integration.ts';

const RULE = '─'.repeat(80);

/**
 * Has the last word of a run: what was skipped and how to get it to run, and one line with the counts.
 * In continuous integration a skipped test fails the run.
 */
export class ClosingReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string): number => tests.filter((test) => test.result().state === state).length;
    const skipped = tests.filter((test) => test.result().state === 'skipped');
    // What fails outside of tests: a file that cannot be loaded, a hook, a rejection that nobody handled.
    const outside =
      unhandledErrors.length +
      modules.flatMap((module) => [module, ...module.children.allSuites()]).flatMap((part) => part.errors()).length;

    if (skipped.length > 0) {
      process.stdout.write(notice(skipped));
      if (isContinuousIntegration()) process.exitCode = 1;
    }
    const counts = [`${count('passed')} passed`, `${count('failed') + outside} failed`];
    if (skipped.length > 0) counts.push(`${skipped.length} skipped`);
    process.stdout.write(`\n${counts.join(', ')}\n`);
  }
}

function notice(skipped: readonly TestCase[]): string {
  const title = styleText(['bold', 'yellow'], 'NOT TESTED, because this machine lacks what these tests require:');
  const lines = ['', RULE, title, ''];
  for (const [reason, tests] of byReason(skipped)) {
    lines.push(reason);
    for (const test of tests) lines.push(`    ${relative(process.cwd(), test.module.moduleId)} > ${test.fullName}`);
    lines.push('');
  }
  return [...lines, RULE, ''].join('\n');
}

function byReason(skipped: readonly TestCase[]): Map<string, TestCase[]> {
  const groups = new Map<string, TestCase[]>();
  for (const test of skipped) {
    const result = test.result();
    const reason = (result.state === 'skipped' ? result.note : undefined) ?? 'Skipped for no reason given:';
    const group = groups.get(reason);
    if (group === undefined) groups.set(reason, [test]);
    else group.push(test);
  }
  return groups;
}
