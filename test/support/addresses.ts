import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { Broker, type Endpoints } from 'mreventloop';

export const SCHEMES = ['inproc', 'ipc', 'tcp', 'ws', 'ws+unix'] as const;
export type Scheme = (typeof SCHEMES)[number];

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mreventloop-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

let names = 0;

/** Two addresses that nobody else uses; in the case of tcp, for a broker that is to find free ports. */
export function freeEndpoints(scheme: Scheme): Endpoints {
  switch (scheme) {
    case 'inproc':
      names += 1;
      return { in: `inproc://test-${names}.in`, out: `inproc://test-${names}.out` };
    case 'ipc': {
      const folder = temporaryFolder();
      return { in: `ipc://${folder}/in.sock`, out: `ipc://${folder}/out.sock` };
    }
    case 'ws':
      return twice('ws://127.0.0.1:0/');
    case 'ws+unix':
      return twice(`ws+unix://${temporaryFolder()}/shop.sock`);
    case 'tcp':
      return { in: 'tcp://127.0.0.1:0', out: 'tcp://127.0.0.1:0' };
  }
}

function twice(address: string): Endpoints {
  return { in: address, out: address };
}

/** A broker that serves, and stops after the test. */
export async function startBroker(scheme: Scheme = 'ipc'): Promise<Broker> {
  const endpoints = freeEndpoints(scheme);
  const broker = await new Broker(endpoints.in, endpoints.out).start();
  onTestFinished(() => broker.stop());
  return broker;
}
