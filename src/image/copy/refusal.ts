import { childBlobs, childManifests, type Digest, type Manifest } from '../../oci/index.ts';
import {
  isDenied,
  isMissingChild,
  isRateLimited,
  isRegistryError,
  missingDigests,
  type Registry,
  type RegistryError,
} from '../../registry/index.ts';

/** What a registry that refused a manifest misses of it. */
export interface Refusal {
  /** The children that are missing. All of them, where the registry did not name any. */
  readonly missing: ReadonlySet<Digest>;
  /** It did. */
  readonly named: boolean;
  /** That children are missing is what it said. Else it may have meant something else. */
  readonly certain: boolean;
  readonly error: RegistryError;
}

/**
 * Statuses under which registries refuse a manifest whose children are missing without the code for it: Quay answers
 * 400 and MANIFEST_INVALID, ECR and Artifactory 404, others 409 and 422. All else that begins with a 4 speaks of the
 * request (405, 411, 413, 414, 415, 431), of us (401, 403, 451), or of now (408, 425, 429).
 */
const DOUBTFUL: ReadonlySet<number> = new Set([400, 404, 409, 412, 422]);

/**
 * What is missing, where a manifest was refused for its children.
 * @returns undefined, where it was refused for something else
 */
export function refusalOf(error: unknown, manifest: Manifest): Refusal | undefined {
  if (!isRegistryError(error) || isDenied(error) || isRateLimited(error)) return undefined;
  const certain = isMissingChild(error);
  if (!certain && !(error.method === 'PUT' && DOUBTFUL.has(error.status ?? 0))) return undefined;
  const children = [...childBlobs(manifest), ...childManifests(manifest)].map(({ digest }) => digest);
  if (children.length === 0) return undefined;
  const listed = certain ? missingDigests(error) : [];
  // A registry that names none, or others than ours, has only told us that something is missing.
  const missing = children.filter((digest) => listed.includes(digest));
  const named = missing.length > 0;
  return { missing: new Set(named ? missing : children), named, certain, error };
}

/** The kinds of manifests that registries have been seen to refuse when children are missing. Some look at images alone. */
const verifying = new WeakMap<Registry, Set<Manifest['kind']>>();

/** The kinds of manifests that a registry has been seen to refuse. @returns undefined for none */
export function verifiedKinds(registry: Registry): ReadonlySet<Manifest['kind']> | undefined {
  return verifying.get(registry);
}

/** Keeps in mind what a refusal says of the registry that it came from. */
export function learnFrom({ certain }: Refusal, registry: Registry, { kind }: Manifest): void {
  if (certain) verifying.set(registry, (verifying.get(registry) ?? new Set()).add(kind));
}
