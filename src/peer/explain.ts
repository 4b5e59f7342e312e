import type { Violation } from '../contract/validate.ts';
import { OverflowError, PayloadError, ValidationError } from '../errors.ts';
import { counted } from './counted.ts';

/** Says where the issues are, for a caller that gets the error itself. */
const WHY = "; the property 'issues' of this error says why";

/**
 * Returns the error for arguments that do not fit the contract.
 * @param why - empty for a caller elsewhere, which gets only the message
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

/** Returns the error for an answer that does not fit the contract. */
export function explainAnswer(name: string, violation: Violation, why: string = WHY): ValidationError {
  return unfit(`the answer to request '${name}' does not fit its schema${why}`, name, violation);
}

/** Puts the error that kept a message from being sent into the user's words. @returns other errors as they are */
export function explainUnsent(cause: unknown, what: string, peer: string | undefined): unknown {
  // An error with a cause of its own is not about the size.
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
