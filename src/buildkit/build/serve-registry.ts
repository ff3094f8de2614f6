import type { Registry } from '../../registry/index.ts';

/**
 * Serves a registry over HTTP on the loopback address, until it is closed: with `stowage/server`,
 * `(registry, handling) => listen(createHandler(registry, handling))`.
 * @param handling `onError` is to be told of what goes wrong on our side
 */
export type ServeRegistry = (
  registry: Registry,
  handling: { readonly onError: (error: unknown) => void },
) => Promise<{ readonly url: string; close(): Promise<void> }>;
