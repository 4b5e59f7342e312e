import { AddressError } from '../errors.ts';
import type { Bus, Door, Endpoints, OpenDoors } from './bus.ts';

/** Stands in for `ipc.ts` and `zeromq.ts` where bundles are made for browsers (see `browser` in package.json). */

export function makeZeromqBus(endpoints: Endpoints): Promise<Bus> {
  return refuse(endpoints);
}

export function makeIpcBus(endpoints: Endpoints): Promise<Bus> {
  return refuse(endpoints);
}

export function openIpcDoors(endpoints: Endpoints): Promise<OpenDoors> {
  return refuse(endpoints);
}

export function makeZeromqDoor(endpoints: Endpoints): Promise<Door> {
  return refuse(endpoints);
}

function refuse(endpoints: Endpoints): Promise<never> {
  return Promise.reject(new AddressError(`'${endpoints.in}' cannot be used: browsers have no such sockets`));
}
