import { entriesOf, planOf, type Plan, type RequestCounts, type RequestLabel } from '../../plan/index.ts';
import {
  isImageType,
  isNonDistributable,
  type Descriptor,
  type Digest,
  type FullReference,
} from '../../oci/index.ts';
import type { DeployTask, Children } from './task.ts';
import { lookupOf } from './child-places.ts';
import { nameOf, type Target, type Targets } from './target.ts';

/** How many requests a deploy makes at the most, as far as is known at a time. */
export interface Budget {
  readonly plan: Plan;
  /** Counts the questions of what there is. */
  questions(tasks: Iterable<DeployTask>): void;
  /**
   * Counts what it takes to bring what a task wants.
   * @param tags how many of them have to be set
   * @param isThere the manifest, and all below it, is
   */
  change(task: DeployTask, tags: number, isThere: boolean): void;
  /**
   * Counts what it takes to copy what a manifest refers to, now that it has been read.
   * @param digest of the manifest
   * @param placeOf where a child is copied from
   */
  children(target: Target, digest: Digest, children: Children, placeOf: (child: Descriptor) => Target): void;
  /** All has been done: what may have been is not any more. */
  end(): void;
  /**
   * Counts what is not expected: that a registry does not say what it misses, so that each child is asked for; that a
   * mount is refused.
   */
  more(requests: RequestCounts): void;
  /** A manifest is going to be read to see what is below it. */
  reads(digest: Digest): void;
  /** A blob is going to be sent of which nobody had said how large it is. */
  sized(target: Target, size: number): void;
  /** Something that was counted failed, and may be tried anew. */
  forget(target: Target, digest: Digest): void;
}

export interface BudgetParts {
  readonly targets: Targets;
  /** The manifests that are in documents need not be read. */
  isCarried(digest: Digest): boolean;
  /** How many requests the bytes of a blob take; 1 unless told. */
  readonly requestsToSend?: ((host: string, size: number) => number) | undefined;
  /** Is told when it grows because of what was read, or went otherwise than expected. */
  readonly onChange?: (plan: Plan) => void;
}

export function createBudget(parts: BudgetParts): Budget {
  const { targets, isCarried, requestsToSend = () => 1, onChange } = parts;
  const requests = new Map<RequestLabel, number>();
  const asked = new Set<string>();
  const read = new Set<Digest>();
  /** What was counted, by repository: as what a document wants, and as a child of that. */
  const [wanted, needed] = [createOnceEach(), createOnceEach()];
  const taught = new Set<string>();
  /** What images may refer to that nobody has read: the most that fits into their bytes. */
  const guesses = new Map<string, RequestCounts>();

  const add = (label: RequestLabel, count = 1): void =>
    void requests.set(label, (requests.get(label) ?? 0) + count);
  const addAll = (counts: RequestCounts, sign: 1 | -1 = 1): void => {
    for (const [label, count] of entriesOf(counts)) add(label, sign * count);
  };
  const guess = (target: Target, { digest, mediaType, size }: Descriptor, from: Target): void => {
    if (!isImageType(mediaType)) return;
    const blobs = mostBlobs(size);
    const counts: RequestCounts = isMountable(target, from)
      ? { 'POST upload': blobs }
      : { 'POST upload': blobs, 'GET blob': blobs, 'PUT upload': blobs };
    addAll(counts);
    guesses.set(`${nameOf(target)}@${digest}`, counts);
  };
  const know = (key: string): void => {
    addAll(guesses.get(key) ?? {}, -1);
    guesses.delete(key);
  };
  const question = (label: RequestLabel, what: string): void => {
    if (!asked.has(what)) add(label);
    asked.add(what);
  };
  const readManifest = (digest: Digest): void => {
    if (!isCarried(digest) && !read.has(digest)) add('GET manifest');
    read.add(digest);
  };
  const plan = (): Plan => planOf(Object.fromEntries(requests));
  const tell = (): void => onChange?.(plan());

  const send = ({ host }: Target, size: number): void => {
    add('PATCH upload', requestsToSend(host, size) - 1);
    add('PUT upload');
  };
  const blob = (target: Target, descriptor: Descriptor, from: Target): void => {
    if (isNonDistributable(descriptor.mediaType) || target.blobs.has(descriptor.digest)) return;
    if (!needed.add(target, descriptor.digest)) return;
    add('POST upload');
    if (isMountable(target, from)) return;
    if (descriptor.data == null) add('GET blob');
    send(target, descriptor.size);
  };
  const manifest = (target: Target, child: Descriptor, from: Target): void => {
    const { digest, data } = child;
    if (target.whole.has(digest) || !needed.add(target, digest)) return;
    if (data == null) readManifest(digest);
    // Where other images are, it may be refused for a few layers alone, and is sent again when they are there.
    add('PUT manifest', target.inhabited ? 2 : 1);
    guess(target, child, from);
  };
  const children = (
    target: Target,
    { manifests, blobs }: Children,
    placeOf: (child: Descriptor) => Target,
  ): void => {
    for (const child of manifests) manifest(target, child, placeOf(child));
    for (const child of blobs) blob(target, child, placeOf(child));
  };

  const changeBlob = ({ document: { data, copyFrom }, target, digest }: DeployTask): void => {
    if (digest === undefined || needed.has(target, digest) || !wanted.add(target, digest)) return;
    add('POST upload');
    if (copyFrom?.host === target.host) return;
    if (data !== undefined) return send(target, data.length);
    // How large it is shows when it is asked for.
    add('HEAD blob');
    add('GET blob');
    add('PUT upload');
  };
  const changeManifest = (task: DeployTask, tags: number, isThere: boolean): void => {
    const { document, target, digest } = task;
    if (document.copyFrom !== undefined && digest !== undefined) readManifest(digest);
    else if (document.copyFrom !== undefined) add('GET manifest');
    const isInPlace =
      document.copyFrom !== undefined &&
      document.copyFrom.digest === undefined &&
      targets(document.copyFrom) === target;
    const isBrought =
      isThere ||
      isInPlace ||
      (digest !== undefined && (needed.has(target, digest) || !wanted.add(target, digest)));
    const { manifests, blobs } = task.children;
    const brought = new Set([...task.after].map((other) => other.digest));
    if (isBrought) add('PUT manifest', tags);
    else {
      const isKnown = ({ digest: child }: Descriptor): boolean =>
        target.whole.has(child) || target.blobs.has(child) || brought.has(child);
      const missing = ![...manifests, ...blobs].every(isKnown);
      // First to be refused, or by its digest to see whether it is, and then under each tag.
      add('PUT manifest', Math.max(1, tags) + (missing || document.copyFrom !== undefined ? 1 : 0));
    }
    // Whether a registry takes many tags with one request shows when it is tried.
    if (tags > 1 && !taught.has(target.host)) {
      taught.add(target.host);
      add('PUT manifest');
    }
    const lookup = lookupOf(document, target, targets);
    const isLeft = ({ digest: child }: Descriptor): boolean => !brought.has(child);
    const left = { manifests: manifests.filter(isLeft), blobs: blobs.filter(isLeft) };
    if (!isBrought) children(target, left, (child) => lookup.placeOf(child, lookup.start));
  };

  return {
    get plan() {
      return plan();
    },
    questions(tasks) {
      for (const { document, target, refs } of tasks) {
        const { type, copyFrom } = document;
        if (copyFrom !== undefined && copyFrom.digest === undefined)
          question('HEAD manifest', `${nameOf(copyFrom)} ${copyFrom.tag}`);
        for (const { tag, digest } of refs) {
          if (type === 'blob') question('HEAD blob', `${nameOf(target)} blob ${digest}`);
          else question('HEAD manifest', `${nameOf(target)} ${tag ?? digest ?? wayOf(copyFrom)}`);
        }
      }
    },
    change(task, tags, isThere) {
      if (task.document.type === 'blob') changeBlob(task);
      else changeManifest(task, tags, isThere);
    },
    children(target, digest, all, placeOf) {
      know(`${nameOf(target)}@${digest}`);
      children(target, all, placeOf);
      tell();
    },
    end() {
      for (const key of guesses.keys()) know(key);
    },
    more(counts) {
      addAll(counts);
      tell();
    },
    reads(digest) {
      if (isCarried(digest) || read.has(digest)) return;
      readManifest(digest);
      tell();
    },
    sized({ host }, size) {
      add('PATCH upload', requestsToSend(host, size) - 1);
      tell();
    },
    forget: (target, digest) => needed.drop(target, digest),
  };
}

/** A descriptor takes so many bytes of a manifest at the least, with its comma; and what stands around them. */
const [DESCRIPTOR, FRAME] = [112, 39];

/** How many blobs a manifest of so many bytes can name, at the most. */
function mostBlobs(size: number): number {
  return Math.max(0, Math.floor((size - FRAME) / DESCRIPTOR));
}

/** Inside of one registry, blobs are taken to be mounted: the plan is told anew where that is refused. */
function isMountable(target: Target, from: Target): boolean {
  return from.host === target.host && from !== target;
}

/** Digests that were counted, by repository. */
interface OnceEach {
  has(target: Target, digest: Digest): boolean;
  /** @returns whether it is new */
  add(target: Target, digest: Digest): boolean;
  drop(target: Target, digest: Digest): void;
}

function createOnceEach(): OnceEach {
  const counted = new Map<Target, Set<Digest>>();
  return {
    has: (target, digest) => counted.get(target)?.has(digest) === true,
    add(target, digest) {
      const known = counted.get(target) ?? new Set();
      counted.set(target, known);
      if (known.has(digest)) return false;
      known.add(digest);
      return true;
    },
    drop: (target, digest) => void counted.get(target)?.delete(digest),
  };
}

/** Stands for a digest that nobody knows yet. */
function wayOf(copyFrom: FullReference | undefined): string {
  return copyFrom === undefined ? '' : `${nameOf(copyFrom)} ${copyFrom.tag}`;
}
