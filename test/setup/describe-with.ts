import { describe, inject, test } from 'vitest';
import { isContinuousIntegration } from './continuous-integration.ts';
import { REQUIREMENTS, type ToolName, type Tools } from './requirements.ts';

/**
 * A suite that requires something of the machine, and gets it:
 *
 * ```ts
 * describeWith('python', 'interop: Python peers', (python) => {
 *   test('…', () => spawn(python['0.6.1'], ['peer.py']));
 * });
 * ```
 *
 * Where it is missing, the suite is skipped, and the run says so at its end. In continuous integration it fails.
 */
export function describeWith<Name extends ToolName>(
  name: Name,
  title: string,
  suite: (tool: Tools[Name]) => void,
): void {
  const { what, hint } = REQUIREMENTS[name];
  const found = inject('tools')[name];
  describe(title, () => {
    if ('tool' in found) {
      suite(found.tool);
      return;
    }
    test(`requires ${what}`, ({ skip }) => {
      const message = `${what}: ${found.missing}\n${hint}`;
      if (isContinuousIntegration()) throw new Error(message);
      skip(message);
    });
  });
}
