import { MissingLibraryError } from '../../errors.ts';

/**
 * Stands in for `nats-core-library.ts` where bundles are made for browsers: nothing is found by its name there, and who
 * does not have the package should be able to make a bundle.
 */
export function loadNatsCore(): Promise<never> {
  return Promise.reject(
    new MissingLibraryError(
      'in a page, nats+ws:// and nats+wss:// addresses need the option nats of the peer: ' +
        "{ nats: () => import('@nats-io/nats-core') }",
    ),
  );
}
