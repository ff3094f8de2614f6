import {
  childBlobs,
  childManifests,
  familiarReference,
  Invalid,
  parseManifest,
  type Descriptor,
  type Digest,
  type FullReference,
} from '../../oci/index.ts';
import { digestOfDocument, type PlacedDocument } from './document.ts';
import { nameOf, type Target, type Targets } from './target.ts';

/** What one document wants in one repository. */
export interface DeployTask {
  readonly document: PlacedDocument;
  readonly target: Target;
  /** Its references there, each once. */
  readonly refs: readonly FullReference[];
  /** What it deploys. Found out later, where a tag is copied whose digest nobody has said. */
  digest: Digest | undefined;
  /** Of a manifest in the document: what it refers to. */
  readonly children: Children;
  /** Earlier ones, which bring what this one needs. They never wait for this one. */
  readonly after: ReadonlySet<DeployTask>;
}

/** What a manifest refers to. */
export interface Children {
  readonly manifests: readonly Descriptor[];
  readonly blobs: readonly Descriptor[];
}

const NONE: Children = { manifests: [], blobs: [] };

/**
 * Takes documents apart by repository, in their order, and finds out which of them have to wait for which.
 * @throws {Invalid} subject `document`, when one carries a manifest that is malformed, or two of them want different
 * things under one tag.
 */
export function tasksOf(documents: Iterable<PlacedDocument>, targets: Targets): readonly DeployTask[] {
  const tasks: DeployTask[] = [];
  const bringers = new Map<string, DeployTask>();
  const claims = createClaims();
  for (const document of documents) {
    claims(document);
    const digest = digestOfDocument(document);
    const children = childrenOf(document);
    const own: DeployTask[] = [];
    for (const [target, refs] of byTarget(document.refs, targets)) {
      const needs = [...refs.map(spotOf), ...needsOf(document, target, children)];
      const after = new Set(needs.flatMap((need) => bringers.get(need) ?? []));
      own.push({ document, target, refs, digest, children, after });
    }
    // Of the repositories of one document none waits for another.
    for (const task of own)
      for (const reference of task.refs) {
        bringers.set(spotOf(reference), task);
        if (reference.tag !== undefined) bringers.set(`${nameOf(reference)}:${reference.tag}`, task);
      }
    tasks.push(...own);
  }
  return tasks;
}

/** Which task brought something to where this document copies it from, if one did. */
export function providerOf({ document: { copyFrom }, after }: DeployTask): DeployTask | undefined {
  if (copyFrom === undefined) return undefined;
  const { tag } = copyFrom;
  return [...after].find(({ refs }) =>
    refs.some((ref) => nameOf(ref) === nameOf(copyFrom) && ref.tag === tag),
  );
}

function byTarget(
  refs: readonly FullReference[],
  targets: Targets,
): ReadonlyMap<Target, readonly FullReference[]> {
  const groups = new Map<Target, Map<string, FullReference>>();
  for (const reference of refs) {
    const target = targets(reference);
    const group = groups.get(target) ?? new Map<string, FullReference>();
    group.set(reference.tag ?? '', reference);
    groups.set(target, group);
  }
  return new Map([...groups].map(([target, group]) => [target, [...group.values()]]));
}

/** What has to be where, before a document is begun: as far as earlier documents bring it. */
function needsOf(
  { lookup, copyFrom }: PlacedDocument,
  target: Target,
  { manifests, blobs }: Children,
): readonly string[] {
  const fallback = lookup.get('');
  const children = [...manifests, ...blobs].flatMap(({ digest }) => [
    `${nameOf(target)}@${digest}`,
    ...(fallback === undefined ? [] : [`${nameOf(fallback)}@${digest}`]),
  ]);
  const named = [...lookup].map(([digest, reference]) => `${nameOf(reference)}@${digest}`);
  return [...children, ...named, ...(copyFrom === undefined ? [] : [spotOf(copyFrom)])];
}

/** By its digest, whatever its tag, as long as that is known. */
function spotOf(reference: FullReference): string {
  const { digest, tag = '' } = reference;
  return digest === undefined ? `${nameOf(reference)}:${tag}` : `${nameOf(reference)}@${digest}`;
}

/** What the manifest in a document refers to. One that is malformed is found here, before anything is sent. */
function childrenOf({ type, data, mediaType, number, line }: PlacedDocument): Children {
  if (type === 'blob' || data === undefined || mediaType === undefined) return NONE;
  try {
    const manifest = parseManifest(data, mediaType);
    return { manifests: childManifests(manifest).map(brief), blobs: childBlobs(manifest).map(brief) };
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    const { pointer = '', message } = error;
    const why = message.startsWith(`${pointer}: `) ? message.slice(pointer.length + 2) : message;
    throw new Invalid('document', `document ${number}, line ${line}: /data${pointer}: ${why}`);
  }
}

/** What is needed of a descriptor: there may be very many, and their annotations take the most of their room. */
function brief({ mediaType, digest, size, data }: Descriptor): Descriptor {
  return { mediaType, digest, size, ...(data != null && { data }) };
}

/** A tag can be one thing. Two documents that differ on it would be at odds for ever, one run after the other. */
function createClaims(): (document: PlacedDocument) => void {
  const claims = new Map<string, { readonly what: string; readonly number: number }>();
  return ({ refs, copyFrom, number, line }) => {
    for (const [at, reference] of refs.entries()) {
      if (reference.tag === undefined) continue;
      const what = reference.digest ?? (copyFrom === undefined ? '' : familiarReference(copyFrom));
      const tag = `${nameOf(reference)}:${reference.tag}`;
      const earlier = claims.get(tag);
      if (earlier === undefined) claims.set(tag, { what, number });
      else if (earlier.what !== what)
        throw new Invalid(
          'document',
          `document ${number}, line ${line}: /refs/${at}: ${tag} is to be ${what} here, and ${earlier.what} in document ${earlier.number}`,
        );
    }
  };
}
