import { isAbsent, synthesizeIndex, type SynthesizedIndex } from '../../image/index.ts';
import { formatJson, parseOrdered, type Ordered } from '../../json/index.ts';
import {
  formatPlatform,
  matchesPlatform,
  printable,
  type Descriptor,
  type Digest,
  type Platform,
} from '../../oci/index.ts';
import type { Place } from '../../place/index.ts';
import { DOCUMENT_LIMIT, fromInvalid, RegistryError, type Content } from '../../registry/index.ts';
import { lackOf } from '../lack.ts';
import type { Wanted } from './words.ts';

/** What is asked of a place. */
export interface Question extends Wanted {
  readonly place: Place;
  /** Digests alone are wanted. */
  readonly digest: boolean;
  readonly platform: Platform | undefined;
  readonly signal: AbortSignal;
}

/** What came of it. */
export type Answer =
  | { readonly kind: 'text'; readonly text: string }
  /** More than should be in memory before its turn. */
  | { readonly kind: 'bytes'; open(): Promise<Content> }
  | { readonly kind: 'absent'; readonly why: unknown }
  | { readonly kind: 'failed'; readonly why: unknown };

/**
 * Asks. Does not fail.
 * @param isNext whether the answer will be printed as soon as it is there
 */
export async function answer(question: Question, isNext: () => boolean): Promise<Answer> {
  const lack = await lackOf(question.place, question.reference);
  if (lack !== undefined) return { kind: 'failed', why: lack };
  try {
    return await ask(question, isNext);
  } catch (why) {
    // A digest is asked for to be used: there is none that means nothing.
    return { kind: isAbsent(why) && !question.digest ? 'absent' : 'failed', why };
  }
}

async function ask(question: Question, isNext: () => boolean): Promise<Answer> {
  const { place, type, head, digest, platform, signal } = question;
  const { registry, repository, reference } = place;
  if (head || (digest && platform === undefined)) {
    const found = await resolve(question);
    return text(digest ? found.digest : formatJson({ ...found }));
  }
  if (type === 'manifest') {
    const content = await registry.getManifest(repository, reference, { signal });
    return text(formatJson(documentOf(await content.text(), question)));
  }
  if (type === 'blob') return blob(() => registry.getBlob(repository, digestOf(place), { signal }), isNext);
  const index = await synthesizeIndex(registry, place, { nameOf: place.nameOf, signal });
  return platform === undefined ? text(JSON.stringify(index, null, '\t')) : only(index, platform, question);
}

async function resolve({
  place,
  type,
  signal,
}: Question): Promise<Pick<Descriptor, 'mediaType' | 'digest' | 'size'>> {
  const { registry, repository, reference } = place;
  const { mediaType, digest, size } =
    type === 'blob'
      ? await registry.resolveBlob(repository, digestOf(place), { signal })
      : await registry.resolveManifest(repository, reference, { signal });
  return { mediaType, digest, size };
}

/** Small content is read now. What is large waits for its turn, but not with a connection that others may need. */
async function blob(open: () => Promise<Content>, isNext: () => boolean): Promise<Answer> {
  const content = await open();
  if (content.descriptor.size <= DOCUMENT_LIMIT)
    return text(JSON.stringify(Buffer.from(await content.bytes()).toString('base64')));
  if (isNext()) return { kind: 'bytes', open: async () => content };
  await content.cancel();
  return { kind: 'bytes', open };
}

function only(
  index: SynthesizedIndex,
  want: Platform,
  { place, digest, reference: asked }: Question,
): Answer {
  const manifests = index.manifests.filter(
    (entry) => entry.platform !== undefined && matchesPlatform(want, entry.platform),
  );
  if (manifests.length > 0) {
    return text(
      digest
        ? manifests.map((entry) => entry.digest).join('\n')
        : JSON.stringify({ ...index, manifests }, null, '\t'),
    );
  }
  const { repository, reference } = place;
  const why = new RegistryError(
    'MANIFEST_UNKNOWN',
    `${printable(asked, 1000)} has nothing for ${formatPlatform(want)}`,
    { status: 404, repository, reference },
  );
  return { kind: 'failed', why };
}

function documentOf(json: string, { place: { repository, reference } }: Question): Ordered {
  try {
    return parseOrdered(json);
  } catch (error) {
    throw fromInvalid(error, 'MANIFEST_INVALID', { repository, reference });
  }
}

/** A blob has no other name. `lookup` refuses other references before it asks. */
function digestOf({ digest, reference }: Place): Digest {
  if (digest !== undefined) return digest;
  throw new RegistryError('REFERENCE_INVALID', `a blob is named by its digest, not by "${reference}"`);
}

function text(text: string): Answer {
  return { kind: 'text', text };
}
