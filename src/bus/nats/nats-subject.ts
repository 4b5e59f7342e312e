import { AddressError } from '../../errors.ts';

/** How long, in characters, a subject may be. Servers accept lines of 4,096 bytes. */
const LONGEST_SUBJECT = 2_000;

/**
 * Returns the subject of a name.
 * @throws AddressError for a name that is too long
 */
export function subjectIn(namespace: string, name: string): string {
  const subject = `${namespace}.${subjectToken(name)}`;
  if (subject.length <= LONGEST_SUBJECT) return subject;
  throw new AddressError(`a name of ${name.length} characters is too long for a subject of NATS`);
}

/** Encodes a name as one token of a subject, in which dots, blanks and wildcards have a meaning. */
function subjectToken(name: string): string {
  return name.replace(/[^\w-]/g, (unit) => {
    const code = unit.charCodeAt(0).toString(16);
    return code.length <= 2 ? `%${code.padStart(2, '0')}` : `%u${code.padStart(4, '0')}`;
  });
}
