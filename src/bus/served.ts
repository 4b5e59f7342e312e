import { lstat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { AddressError, AddressInUseError } from '../errors.ts';

/**
 * What ZeroMQ does not look after when it binds an `ipc://` path: it removes whatever is there, be it a
 * file of the user's or the socket of a live broker, and leaves its own socket behind.
 */
export interface ClaimedPath {
  /** To be called when the path was bound. */
  taken(): Promise<void>;
  /** Removes the socket that was bound, if it is still there. */
  release(): Promise<void>;
}

/**
 * Checks that an address may be bound: nothing is there, or the socket of a broker that is gone.
 * Gives undefined for an address that is no path.
 * @param path - where that is not the rest of an ipc address
 * @throws AddressError, AddressInUseError
 */
export async function claimPath(
  address: string,
  path: string | undefined = pathOf(address),
): Promise<ClaimedPath | undefined> {
  if (path === undefined) return undefined;
  const found = await look(path);
  if (found?.isSocket() === true) {
    if (await isServed(`ipc://${path}`)) {
      throw new AddressInUseError(`'${address}' is in use: a live broker or program serves it`);
    }
  } else if (found !== undefined) {
    const kind = found.isDirectory() ? 'a folder' : 'a file that is no socket';
    throw new AddressError(`'${address}' cannot be used: there is ${kind}, which is left as it is`);
  }

  let inode: bigint | undefined;
  return {
    async taken() {
      inode = (await look(path))?.ino;
    },
    async release() {
      // Another broker may have taken the path over since; its socket is not ours to remove.
      if (inode !== undefined && (await look(path))?.ino === inode) await unlink(path);
    },
  };
}

function pathOf(address: string): string | undefined {
  return address.startsWith('ipc:///') ? address.slice('ipc://'.length) : undefined;
}

async function look(path: string) {
  try {
    return await lstat(path, { bigint: true });
  } catch {
    // Nothing there, or out of reach: binding will tell.
    return undefined;
  }
}

/** How long, in milliseconds, to wait for ZeroMQ to give an address back. */
const PATIENCE = 1_000;

/** Waits until nobody takes connections at an address any more, within reason. */
export async function untilFree(address: string): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while ((await isServed(address)) && performance.now() < deadline) await delay(1);
}

/** Whether somebody takes connections at an address. */
export function isServed(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = address.startsWith('ipc://')
      ? connect(address.slice('ipc://'.length))
      : connect(hostAndPort(address));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function hostAndPort(address: string): { host: string; port: number } {
  const { hostname, port } = new URL(address);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) };
}
