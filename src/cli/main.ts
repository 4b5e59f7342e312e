#!/usr/bin/env node
import { MrEventLoopError } from '../index.ts';
import { broker } from './broker.ts';
import { UsageError } from './usage.ts';

const HELP = `mreventloop - typed signals and slots, in one process and across sockets

Usage:
  mreventloop broker ADDRESS     run a broker (see mreventloop broker --help)
  mreventloop broker IN OUT
  mreventloop help [COMMAND]

Options:
  -h, --help                     show this
  -v, --version                  show the version
`;

async function main(args: readonly string[]): Promise<void> {
  const [command, ...rest] = args;
  switch (command) {
    case 'broker':
      return broker(rest);
    case 'help':
      return rest.length === 0 ? main(['--help']) : main([...rest.slice(0, 1), '--help']);
    case '-h':
    case '--help':
      process.stdout.write(HELP);
      return;
    case '-v':
    case '--version':
      process.stdout.write(`${await readVersion()}\n`);
      return;
    case undefined:
      throw new UsageError('a command is missing');
    default:
      throw new UsageError(`there is no command '${command}'`);
  }
}

async function readVersion(): Promise<string> {
  const { readFile } = await import('node:fs/promises');
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

// The reader of the output may be gone, as at the end of a pipe. That does not end the program.
process.stdout.on('error', () => {});
try {
  await main(process.argv.slice(2));
} catch (error) {
  // An error that the user can mend is reported in one line. Anything else is a bug, and keeps its stack.
  if (error instanceof UsageError) {
    console.error(`mreventloop: ${error.message}\nTry '${error.help}'.`);
    process.exitCode = 2;
  } else if (error instanceof MrEventLoopError) {
    console.error(`mreventloop: ${error.message}`);
    process.exitCode = 1;
  } else {
    throw error;
  }
}
