import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { accessSync, constants, existsSync, lstatSync, renameSync, unlinkSync } from 'node:fs';
import { connect, createServer, type ListenOptions, type Server } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AddressError, AddressInUseError } from '../errors.ts';

/**
 * Has ZeroMQ bind an address. At a path, ZeroMQ removes whatever is there, even a file of the user or the socket of a
 * live broker, and leaves its own socket behind. So this function checks the path first.
 * @returns a function that removes the bound socket if it is still there; to be called when ZeroMQ has closed it
 * @throws AddressError, AddressInUseError
 */
export async function bindAt(bind: () => Promise<void>, address: string): Promise<() => Promise<void>> {
  const path = address.startsWith('ipc:///') ? address.slice('ipc://'.length) : undefined;
  const inode = await alone(path, async () => {
    if (path !== undefined) await findLeftover(address, path);
    await bind().catch((cause: unknown) => {
      throw explainBind(address, cause);
    });
    return path === undefined ? undefined : look(path)?.ino;
  });
  return async () => {
    if (path === undefined || inode === undefined) return;
    await alone(path, async () => {
      // Another broker may have taken over the path since, and got the same inode: its socket is not ours to remove.
      if (!(await isServed(address)) && look(path)?.ino === inode) unlinkSync(path);
    });
  };
}

/**
 * Makes a server listen at a local address. At a path, it replaces the socket of a server that is gone. If several
 * servers try at once, one succeeds.
 * @param address - the address as errors name it
 * @returns a function that stops the server, removes its socket, and resolves when all its connections have ended
 * @throws AddressError, AddressInUseError
 */
export async function listenAt(server: Server, place: ListenOptions, address: string): Promise<() => Promise<void>> {
  const { path } = place;
  const inode = await alone(path, async () => {
    await listen(server, place, address);
    return path === undefined ? undefined : look(path)?.ino;
  });
  return async () => {
    const closed = once(server, 'close');
    const found = path === undefined ? undefined : look(path)?.ino;
    if (path === undefined || found === undefined || found === inode) server.close();
    else whileAside(path, () => server.close());
    await closed;
  };
}

/** @throws AddressError, AddressInUseError */
async function listen(server: Server, place: ListenOptions, address: string): Promise<void> {
  const { path } = place;
  for (let isBound = false; !isBound;) {
    try {
      server.listen(place);
      await once(server, 'listening');
      isBound = true;
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (path === undefined) throw explainBind(address, cause);
      // Where the folder does not exist, Node reports that it may not be used.
      if (code !== 'EADDRINUSE') throw explainBind(address, cause, existsSync(dirname(path)) ? code : 'ENOENT');
      await removeLeftover(address, path);
    }
  }
}

/**
 * Does some work on a path while no other broker does. A socket that has just been bound looks like a leftover one, and
 * a leftover may have an owner again by the time it is removed. Without the lock, the work is done all the same.
 */
async function alone<T>(path: string | undefined, work: () => Promise<T>): Promise<T> {
  const lock = path === undefined ? undefined : await takeLock(path);
  try {
    return await work();
  } finally {
    lock?.close();
  }
}

/**
 * Takes a lock that ends with its process, however the process ends: an abstract socket, which only Linux has. (The
 * names are specific to a runtime: Node 20 makes them longer.) Returns undefined where there are no such sockets, or
 * where another process does not release the lock.
 */
async function takeLock(path: string): Promise<Server | undefined> {
  const name = lockName(path);
  const deadline = performance.now() + PATIENCE;
  while (name !== undefined && performance.now() < deadline) {
    const lock = createServer((socket) => socket.destroy());
    try {
      lock.listen({ path: name, exclusive: true });
      await once(lock, 'listening');
      return lock;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') return undefined;
    }
    await delay(1);
  }
  return undefined;
}

/** Returns a name that is the same for all ways to write a path, and short enough. */
function lockName(path: string): string | undefined {
  // With a slash at its end, a link to a folder means that folder.
  const folder = process.platform === 'linux' ? look(`${dirname(path)}/`) : undefined;
  if (folder === undefined) return undefined;
  const place = `${folder.dev} ${folder.ino} ${basename(path)}`;
  return `\0mreventloop-${createHash('sha256').update(place).digest('hex')}`;
}

/** Does some work while the socket at a path is moved aside: Node would remove it, but another server owns it now. */
function whileAside(path: string, work: () => void): void {
  const aside = nameBeside(path);
  renameSync(path, aside);
  try {
    work();
  } finally {
    renameSync(aside, path);
  }
}

/** @throws AddressError, AddressInUseError */
async function removeLeftover(address: string, path: string): Promise<void> {
  if (!(await findLeftover(address, path))) return;
  // Where there is no lock, another server may have done the same, and may listen there by now.
  const aside = nameBeside(path);
  try {
    renameSync(path, aside);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw explainBind(address, cause);
  }
  if (await isServed(`ipc://${aside}`)) renameSync(aside, path);
  else unlinkSync(aside);
}

/**
 * @returns true if the socket of a server that is gone is at the path, false if nothing is
 * @throws AddressError, AddressInUseError
 */
async function findLeftover(address: string, path: string): Promise<boolean> {
  const found = look(path);
  if (found === undefined) return false;
  if (!found.isSocket()) {
    const kind = found.isDirectory() ? 'a folder' : 'a file that is no socket';
    throw new AddressError(`'${address}' cannot be used: there is ${kind}, which is left as it is`);
  }
  try {
    accessSync(path, constants.W_OK);
  } catch (cause) {
    throw explainBind(address, cause);
  }
  if (!(await isServed(`ipc://${path}`))) return true;
  throw new AddressInUseError(`'${address}' is in use: a live broker or program serves it`);
}

/** Returns an unused name in the same folder. */
function nameBeside(path: string): string {
  return join(dirname(path), randomBytes(4).toString('hex'));
}

function look(path: string) {
  try {
    return lstatSync(path, { bigint: true });
  } catch {
    // Nothing is there, or it is out of reach: binding will tell.
    return undefined;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EADDRNOTAVAIL: 'this machine has no such network address',
  EINVAL: 'it is not understood, or longer than the path of a socket can be, which is about 100 bytes',
  ENAMETOOLONG: 'the path is too long for a socket; most systems allow about 100 bytes',
  ENODEV: 'this machine has no such network interface',
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'a part of its path is no folder',
  EPROTONOSUPPORT: 'this build of ZeroMQ cannot use it',
};

/** Returns the error that explains why an address could not be bound or connected to. */
export function explainBind(
  address: string,
  cause: unknown,
  code: string | undefined = (cause as NodeJS.ErrnoException).code,
): Error {
  if (code === 'EADDRINUSE') {
    return new AddressInUseError(`'${address}' is in use: another broker or program serves it`, { cause });
  }
  return new AddressError(`'${address}' cannot be used: ${REASONS[code ?? ''] ?? (cause as Error).message}`, { cause });
}

/** How long, in milliseconds, to wait for ZeroMQ to release an address, or for a lock. */
const PATIENCE = 1_000;

/** Waits until nobody accepts connections at an address any more, for a limited time. */
export async function untilFree(address: string): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while ((await isServed(address)) && performance.now() < deadline) await delay(1);
}

/** The errors of connecting where somebody does serve: the backlog is full, or the socket takes datagrams. */
const SERVED = new Set(['EAGAIN', 'EPROTOTYPE']);

/** Whether somebody accepts connections at an address. */
export function isServed(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = address.startsWith('ipc://')
      ? connect(address.slice('ipc://'.length))
      : connect(hostAndPort(address));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', ({ code = '' }: NodeJS.ErrnoException) => resolve(SERVED.has(code)));
  });
}

function hostAndPort(address: string): { host: string; port: number } {
  const { hostname, port } = new URL(address);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) };
}
