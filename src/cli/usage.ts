/** The command line makes no sense. The message is for the user; the exit code is 2. */
export class UsageError extends Error {
  /** The command that shows the help that fits. */
  readonly help: string;

  /** @param command - the command whose help fits, if it is the help of a single one */
  constructor(message: string, command?: string) {
    super(message);
    this.help = ['mreventloop', ...(command === undefined ? [] : [command]), '--help'].join(' ');
  }
}
