import { MissingLibraryError } from '../errors.ts';

/** Returns the error for a library that could not be loaded: it is not installed, or there is another reason. */
export function explainLibrary(what: string, name: string, cause: unknown): MissingLibraryError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const isMissing = code?.endsWith('MODULE_NOT_FOUND') === true && message.includes(`'${name}'`);
  const remedy = isMissing
    ? `: npm install ${name}`
    : `, which cannot be loaded (${message}). Is it installed, and left out of what a bundler makes?`;
  return new MissingLibraryError(`${what} the package '${name}'${remedy}`, { cause });
}
