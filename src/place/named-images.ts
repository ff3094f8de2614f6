import { displayName, type ImageNames, type LayoutNames } from '../layout-index/index.ts';
import { Invalid, isTag, looksLikeDigest } from '../oci/index.ts';
import {
  intercept,
  notFound,
  repositoryNotFound,
  type AnyResult,
  type ListOptions,
  type Operation,
  type Options,
  type PushedManifest,
  type Registry,
} from '../registry/index.ts';
import { nameInRepository, ONLY_IMAGE, OWN_REPOSITORY, repositoryOfName } from './repository-names.ts';

/** A place with an `index.json`: a layout folder, or an archive. */
export type NamedRegistry = Registry & { readonly names: LayoutNames };

/**
 * Shows the images of a layout or an archive as repositories: those with a full name under it
 * (`docker.io/library/alpine`; short forms of it mean the same), and all of them as `layout`. What is pushed to a
 * repository gets its name, in the form that other tools look for. Blobs are everywhere the same.
 */
export function namedImages(registry: NamedRegistry): Registry {
  const { names } = registry;
  return intercept(registry, (operation, next): AnyResult => {
    if (operation.name === 'repositories') return repositories(names, operation.options);
    const { repository } = operation;
    if (repository === OWN_REPOSITORY) return next(operation);
    const inside = within(operation);
    const isNamed = repository !== ONLY_IMAGE;
    switch (inside.name) {
      case 'getManifest':
      case 'resolveManifest': {
        const { reference, options } = inside;
        if (looksLikeDigest(reference)) return next(inside);
        const query = isNamed ? { name: nameInRepository(repository, reference) } : {};
        const found = names.resolve(query, options);
        return found.then(
          ({ digest }): Promise<never> => next({ ...inside, reference: digest }) as Promise<never>,
        );
      }
      case 'pushManifest': {
        const { tags = [] } = inside.options;
        return isNamed && tags.length > 0 ? push(names, repository, tags, inside) : next(inside);
      }
      case 'deleteManifest':
        return isNamed && !looksLikeDigest(inside.reference)
          ? unname(names, repository, inside)
          : next(inside);
      case 'tags':
        return isNamed ? tagsOf(names, repository, inside.options) : next(inside);
      default:
        return next(inside);
    }
  });
}

type Inside = Exclude<Operation, { readonly name: 'repositories' }>;
type OperationOf<N extends Operation['name']> = Extract<Operation, { readonly name: N }>;

/** The same operation in the repository that has everything. What the others have is there as well. */
function within(operation: Inside): Inside {
  const inside = { ...operation, repository: OWN_REPOSITORY };
  if (inside.name === 'mountBlob' && inside.from !== undefined) return { ...inside, from: OWN_REPOSITORY };
  if (inside.name !== 'pushBlob' || inside.options.mountFrom === undefined) return inside;
  return { ...inside, options: { ...inside.options, mountFrom: OWN_REPOSITORY } };
}

/** In one change: whoever looks meanwhile never finds a manifest that has no name yet. */
async function push(
  names: LayoutNames,
  repository: string,
  tags: readonly string[],
  { bytes, options: { tags: _, ...untagged } }: OperationOf<'pushManifest'>,
): Promise<PushedManifest> {
  const given = tags.map((tag) => ({ name: nameInRepository(repository, tag) }));
  return { ...(await names.pushManifest(bytes, { ...untagged, names: given })), tags: [...tags] };
}

async function unname(
  names: ImageNames,
  repository: string,
  { reference: tag, options }: OperationOf<'deleteManifest'>,
): Promise<void> {
  const removed = await names.unname([{ name: nameInRepository(repository, tag) }], options);
  if (removed === 0) throw notFound('MANIFEST_UNKNOWN', repository, tag);
}

async function* repositories(names: ImageNames, { after, signal }: ListOptions): AsyncGenerator<string> {
  const found = await shown(names, signal && { signal });
  yield* inOrder([OWN_REPOSITORY, ...found.map(({ repository }) => repository)], after);
}

async function* tagsOf(
  names: ImageNames,
  repository: string,
  { after, signal }: ListOptions,
): AsyncGenerator<string> {
  const wanted = repositoryOfName(nameInRepository(repository, 'latest')).repository;
  const found = (await shown(names, signal && { signal })).filter((image) => image.repository === wanted);
  if (found.length === 0) throw repositoryNotFound(repository);
  yield* inOrder(
    found.map(({ tag }) => tag),
    after,
  );
}

/** Where the entries that have a full name are shown. A tag alone is none. */
async function shown(
  names: ImageNames,
  options: Options | undefined,
): Promise<readonly { readonly repository: string; readonly tag: string }[]> {
  return (await names.entries(options)).flatMap((entry) => {
    const name = displayName(entry);
    if (name === undefined || isTag(name)) return [];
    try {
      return [repositoryOfName(name)];
    } catch (error) {
      // What other tools write there may be no name of an image.
      if (error instanceof Invalid) return [];
      throw error;
    }
  });
}

function* inOrder(names: readonly string[], after = ''): Generator<string> {
  for (const name of [...new Set(names)].sort()) if (name > after) yield name;
}
