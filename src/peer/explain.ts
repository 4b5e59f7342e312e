import type { Violation } from '../contract/validate.ts';
import { OverflowError, PayloadError, ValidationError } from '../errors.ts';
import { counted } from './counted.ts';

/** Where the issues are, for whoever gets the error itself. */
const WHY = "; the property 'issues' of this error says why";

/**
 * The error for arguments that do not fit the contract.
 * @param why - left out for whoever asked from elsewhere, and gets only the message
 */
export function explain(
  kind: 'event' | 'request',
  name: string,
  violation: Violation,
  why: string = WHY,
): ValidationError {
  if (violation.reason === 'arity') {
    const { expected, given } = violation;
    return unfit(`${kind} '${name}' takes ${counted(expected, 'argument')}, not ${given}`, name, violation);
  }
  const { argument, reason } = violation;
  const what = reason === 'codec' ? 'cannot be read' : `does not fit its schema${why}`;
  return unfit(`argument ${argument} of ${kind} '${name}' ${what}`, name, violation, argument);
}

/** The error for an answer that does not fit the contract. */
export function explainAnswer(name: string, violation: Violation, why: string = WHY): ValidationError {
  return unfit(`the answer to request '${name}' does not fit its schema${why}`, name, violation);
}

/** What kept a message from being sent, with what it is in the user's words. @returns others as they are */
export function explainUnsent(cause: unknown, what: string, peer: string | undefined): unknown {
  // One with a cause of its own is not about the size.
  if (cause instanceof PayloadError && cause.cause === undefined) {
    return new PayloadError(`${what} is too large for this bus`, { cause });
  }
  if (!(cause instanceof OverflowError)) return cause;
  return new OverflowError(`${what} was refused: too much waits for peer ${peer}`, { cause });
}

function unfit(message: string, event: string, violation: Violation, argument?: number): ValidationError {
  return new ValidationError(message, {
    event,
    ...(argument !== undefined && { argument }),
    issues: violation.reason === 'schema' ? violation.issues : [],
  });
}
