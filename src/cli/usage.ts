/** The command line makes no sense. The message is for the user; the exit code is 2. */
export class UsageError extends Error {}
