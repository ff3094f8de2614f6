import { intercept, perform, type Operation, type Registry } from '../../registry/index.ts';
import { listInTurn } from './list.ts';
import type { Mirror, MirroredOptions } from './options.ts';
import { askInTurn, readBlob, readManifest } from './read.ts';
import { createRouter } from './route.ts';

/**
 * A registry whose reads go to its mirrors, in order, and to itself in the end. Writes go to itself alone.
 *
 * What a mirror gives is verified as everything is, and the next one is asked where it is wrong. A blob of which a mirror
 * gave a part before it failed is gone on with where it broke off; but one that turns out to be wrong when most of it has
 * been passed on cannot be taken back: reading fails, and who reads again gets it from elsewhere. A list goes on to the
 * next one before its first item alone. A mirror that is not available is left alone for 30 seconds.
 * @param upstream the registry itself
 * @param mirrors in the order in which they are asked
 */
export function mirrored(
  upstream: Registry,
  mirrors: readonly Mirror[],
  { onEvent = () => {}, now = () => performance.now() }: MirroredOptions = {},
): Registry {
  const route = createRouter(upstream, mirrors.map(withPrefix), { onEvent, now });
  return intercept(upstream, (operation, next) => {
    switch (operation.name) {
      case 'getBlob':
        return readBlob(operation, route(operation));
      case 'getManifest':
        return readManifest(operation, route(operation));
      case 'resolveBlob':
      case 'resolveManifest':
        return askInTurn(route(operation), (registry) => perform(registry, operation));
      case 'repositories':
      case 'tags':
        return listInTurn(route(operation), (registry) => perform(registry, operation));
      case 'referrers':
        return listInTurn(route(operation), (registry) => perform(registry, operation));
      case 'pushBlob':
      case 'startUpload':
      case 'mountBlob':
      case 'pushManifest':
      case 'deleteBlob':
      case 'deleteManifest':
        return next(operation);
    }
  });
}

function withPrefix(mirror: Mirror): Mirror {
  const { repositoryPrefix } = mirror;
  if (repositoryPrefix === undefined) return mirror;
  const moved = (operation: Operation): Operation =>
    'repository' in operation
      ? { ...operation, repository: `${repositoryPrefix}/${operation.repository}` }
      : operation;
  return { ...mirror, registry: intercept(mirror.registry, (operation, next) => next(moved(operation))) };
}
