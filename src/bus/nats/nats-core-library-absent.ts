import { MissingLibraryError } from '../../errors.ts';

/**
 * Replaces `nats-core-library.ts` in bundles for browsers. A page finds no package by its name, and it should be
 * possible to make a bundle without the package.
 */
export function loadNatsCore(): Promise<never> {
  return Promise.reject(
    new MissingLibraryError(
      'in a page, nats+ws:// and nats+wss:// addresses need the option nats of the peer: ' +
        "{ nats: () => import('@nats-io/nats-core') }",
    ),
  );
}
