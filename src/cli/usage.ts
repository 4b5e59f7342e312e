/** The command line makes no sense. The message is for the user; the exit code is 2. */
export class UsageError extends Error {
  /** What shows the help that fits. */
  readonly help: string;

  /** @param command - the one whose help fits, if it is that of one */
  constructor(message: string, command?: string) {
    super(message);
    this.help = ['mreventloop', ...(command === undefined ? [] : [command]), '--help'].join(' ');
  }
}
