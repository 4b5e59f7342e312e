import { Redis } from 'ioredis';

/** A connection to the server's Unix socket. */
export async function open(path: string): Promise<Redis> {
  const redis = new Redis({ path, lazyConnect: true });
  await redis.connect();
  return redis;
}

/** Calls a function with the payload of each event. */
export async function subscribe(
  redis: Redis,
  names: readonly string[],
  onPayload: (payload: string) => void,
): Promise<void> {
  redis.on('message', (_name: string, json: string) => onPayload((JSON.parse(json) as [string])[0]));
  await redis.subscribe(...names);
}
