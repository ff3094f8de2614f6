import type { Descriptor, Digest } from '../../oci/index.ts';
import { RegistryError } from '../../registry/index.ts';
import { createClosure } from './closure.ts';
import type { IndexReader, LayoutPlace } from './snapshot.ts';
import { createTrail, type Trail } from './trail.ts';

/**
 * Whether the entries lead to something as they are now; undefined as long as they are as they were at first, and while
 * they cannot be read.
 */
export type LedNow = (digest: Digest) => Promise<boolean | undefined>;

/** A layout whose entries others may change. */
export interface ChangingLayout extends LayoutPlace {
  readonly index: Pick<IndexReader, 'currentOrNone'>;
}

/**
 * Tells what a writer did meanwhile. All that the entries lead to is found out once for each version of them, and a
 * document is read once for all versions.
 * @throws what the disk fails with. An `index.json` that is not valid is no failure here.
 */
export async function createLedNow(layout: ChangingLayout): Promise<LedNow> {
  const trail = lenient(createTrail(layout));
  const first = await entriesOf(layout);
  const known = new WeakMap<readonly Descriptor[], Promise<ReadonlySet<Digest>>>();
  return async (digest) => {
    const now = await entriesOf(layout);
    if (now === undefined || now === first) return undefined;
    const held = known.get(now);
    const led = held ?? allFrom(now, trail);
    if (held === undefined) known.set(now, led);
    return (await led).has(digest);
  };
}

async function allFrom(entries: readonly Descriptor[], trail: Trail): Promise<ReadonlySet<Digest>> {
  const { add, digests } = createClosure(trail);
  await add(entries);
  return digests;
}

function entriesOf({ index }: ChangingLayout): Promise<readonly Descriptor[] | undefined> {
  return unlessInvalid(async () => (await index.currentOrNone())?.entries);
}

/** What cannot be read leads nowhere: that is a finding of its own. */
function lenient(trail: Trail): Trail {
  return { read: (step) => unlessInvalid(() => trail.read(step)) };
}

async function unlessInvalid<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof RegistryError) return undefined;
    throw error;
  }
}
