import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { accessSync, constants, existsSync, lstatSync, renameSync, unlinkSync } from 'node:fs';
import { connect, createServer, type ListenOptions, type Server } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AddressError, AddressInUseError } from '../errors.ts';

/**
 * Has ZeroMQ bind an address. At a path, it removes whatever is there, be it a file of the user's or the socket of a live
 * broker, and leaves its own socket behind: so this looks first.
 * @returns what removes the socket that was bound, if it is still there; to be called when it is closed
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
      // Another broker may have taken the path over since, and got the same inode: its socket is not ours to remove.
      if (!(await isServed(address)) && look(path)?.ino === inode) unlinkSync(path);
    });
  };
}

/**
 * Lets a server listen at an address of this machine. At a path, it replaces the socket of a server that is gone; of
 * several that try at once, one succeeds.
 * @param address - as errors name it
 * @returns what stops it, removes its socket, and fulfils when all its connections have ended
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
      // Node says of a folder that does not exist that it may not be used.
      if (code !== 'EADDRINUSE') throw explainBind(address, cause, existsSync(dirname(path)) ? code : 'ENOENT');
      await removeLeftover(address, path);
    }
  }
}

/**
 * Does something about a path while no other broker does: one that has just been bound looks like one that was left, and
 * what is left when one looks may be somebody's when it is removed. Whoever cannot have it alone does it all the same.
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
 * Takes a lock that ends with its process, however that ends: an abstract socket, which only Linux has. (Names are of
 * one runtime: Node 20 makes them longer.) Undefined where there is none, or where somebody does not give it back.
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

/** The same for all ways to write a path, and short enough. */
function lockName(path: string): string | undefined {
  // Behind a slash, a link to a folder is that folder.
  const folder = process.platform === 'linux' ? look(`${dirname(path)}/`) : undefined;
  if (folder === undefined) return undefined;
  const place = `${folder.dev} ${folder.ino} ${basename(path)}`;
  return `\0mreventloop-${createHash('sha256').update(place).digest('hex')}`;
}

/** Does something while what is at a path is not there: Node removes it, and another server has taken it over. */
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
  // Another server may have done the same, where there is no lock, and listen there by now.
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
 * @returns whether the socket of a server that is gone is at a path, or nothing
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

/** A name in the same folder that nobody else uses. */
function nameBeside(path: string): string {
  return join(dirname(path), randomBytes(4).toString('hex'));
}

function look(path: string) {
  try {
    return lstatSync(path, { bigint: true });
  } catch {
    // Nothing there, or out of reach: binding will tell.
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

/** What an address could not be bound or connected to for. */
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

/** How long, in milliseconds, to wait for ZeroMQ to give an address back, or for a lock. */
const PATIENCE = 1_000;

/** Waits until nobody takes connections at an address any more, within reason. */
export async function untilFree(address: string): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while ((await isServed(address)) && performance.now() < deadline) await delay(1);
}

/** How connecting fails where somebody is: whose backlog is full, or who takes datagrams. */
const SERVED = new Set(['EAGAIN', 'EPROTOTYPE']);

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
    socket.once('error', ({ code = '' }: NodeJS.ErrnoException) => resolve(SERVED.has(code)));
  });
}

function hostAndPort(address: string): { host: string; port: number } {
  const { hostname, port } = new URL(address);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) };
}
