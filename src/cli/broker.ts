import { parseArgs } from 'node:util';
import { Broker, connect, RefusedError } from '../index.ts';
import { UsageError } from './usage.ts';

/** The environment variable with the token for the uplink. Arguments would be visible to all users of the machine. */
const TOKEN_VARIABLE = 'MREVENTLOOP_UPLINK_TOKEN';

const HELP = `Runs a broker until it is interrupted.

Usage:
  mreventloop broker ADDRESS     one address, from which two are made
  mreventloop broker IN OUT      where peers receive from, and where they send to

Addresses:
  ipc:///tmp/shop                a path on this machine: /tmp/shop.in and /tmp/shop.out
  tcp://127.0.0.1:5000           a port and the next one: 5000 and 5001
  ws://127.0.0.1:5000            WebSockets, for programs; pages need a broker within their server
  ws+unix:///tmp/shop.sock       the same at a path on this machine

Options:
  -u, --uplink ADDRESS           join other brokers, and peers, at nats://127.0.0.1:4222/shop
  -q, --quiet                    print errors only
  -h, --help                     show this

Environment:
  ${TOKEN_VARIABLE}       what the server of the uplink wants to see, if it wants a token

Peers with a contract are given the one address, too:
  new Peer('ipc:///tmp/shop', shop, { subscribe: ['request_product'], publish: ['produced'] })
Others, also those in Python, are given the two addresses in the same order:
  new Peer('ipc:///tmp/shop.in', 'ipc:///tmp/shop.out', ['request_product'], ['produced'])
`;

/** `mreventloop broker`: serves until SIGINT or SIGTERM. */
export async function broker(args: readonly string[]): Promise<void> {
  const { values, positionals } = parse(args);
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const [first, second, ...more] = positionals;
  if (first === undefined) throw usageError('broker needs an address');
  if (more.length > 0) throw usageError('broker takes one or two addresses');
  for (const address of [first, second]) {
    if (address?.startsWith('inproc:') === true) throw usageError('inproc:// exists within a process only');
  }
  const say = (line: string): void => {
    if (!values.quiet) process.stdout.write(`${line}\n`);
  };

  const { uplink } = values;
  if (uplink?.includes('@') === true) {
    throw usageError(`an uplink has no user and no password: its token belongs into ${TOKEN_VARIABLE}`);
  }
  const hub = makeBroker(first, second, uplink);
  connect(hub.status, 'uplink', ({ up, error }) => {
    const state = `broker: ${up ? 'joined' : 'trying to join'} ${uplink}`;
    const hint = !up && error instanceof RefusedError ? ` (see ${TOKEN_VARIABLE})` : '';
    if (error === undefined) say(state);
    else console.error(`${state}: ${error.message}${hint}`);
  });
  connect(hub.status, 'refused', ({ reason, remoteAddress = 'a peer' }) => {
    say(`broker: refused ${remoteAddress}: ${reason}`);
  });
  const stopped = waitForSignal().then((signal) => {
    say(`broker: ${signal}, stopping`);
    return hub.stop();
  });
  // If the uplink does not answer, the start waits for a moment.
  if (uplink !== undefined) say(`broker: connecting to ${uplink}`);
  await hub.start();
  if (hub.running) {
    const { in: inAddress, out } = hub.endpoints;
    const isOne = second === undefined && inAddress === out;
    say(`broker: serving; peers ${isOne ? `connect to ${out}` : `receive from ${inAddress} and send to ${out}`}`);
  }
  await stopped;
  const { frames, bytes, invalid } = hub.counters;
  say(`broker: passed on ${frames} frames, ${bytes} bytes; dropped ${invalid} invalid`);
}

function makeBroker(first: string, second: string | undefined, address: string | undefined): Broker {
  if (address === undefined) return new Broker(first, second);
  // An empty variable counts as one that was not set.
  const uplink = { address, token: process.env[TOKEN_VARIABLE] || undefined };
  const isOne = second === undefined || second === first;
  if (isOne && /^ws(\+unix)?:/.test(first)) return new Broker({ ws: first, uplink });
  return new Broker({ zmq: second === undefined ? first : { in: first, out: second }, uplink });
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        uplink: { type: 'string', short: 'u' },
        help: { type: 'boolean', short: 'h', default: false },
        quiet: { type: 'boolean', short: 'q', default: false },
      },
    });
  } catch (error) {
    // Only the first sentence: the rest is advice from Node, some of it on things that this command does not take.
    const [sentence = ''] = (error as Error).message.split(/\.(?:\s|$)|\n/);
    throw usageError(sentence.charAt(0).toLowerCase() + sentence.slice(1));
  }
}

function usageError(message: string): UsageError {
  return new UsageError(message, 'broker');
}

/** Resolves with the first signal that asks the process to end. Another one ends the process at once. */
function waitForSignal(): Promise<NodeJS.Signals> {
  const signals = ['SIGINT', 'SIGTERM'] as const;
  return new Promise((resolve) => {
    const take = (signal: NodeJS.Signals): void => {
      for (const one of signals) process.off(one, take);
      resolve(signal);
    };
    for (const one of signals) process.on(one, take);
  });
}
