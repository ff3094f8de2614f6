/**
 * The data sets, each pushed, listed, looked at, pulled, asked for its referrers and deleted again.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-manifests
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
 */
import { bodyIs, demand, headerAbsent, headerIs, headerList, refused, status } from './answer.ts';
import { group, once, type Case } from './case.ts';
import type { Document } from './documents.ts';
import type { Answer } from './http.ts';
import { dataSets, type DataSet } from './images.ts';
import { listed } from './referrers.ts';
import { place, type Registry } from './registry.ts';
import { allTags } from './taglist.ts';
import { chunked, postThenPut, stream } from './uploads.ts';

/** What the registry answered to a manifest. */
interface Put {
  readonly document: Document;
  readonly answer: Answer;
  readonly tags: readonly string[];
}

/** A set in the registry, without what it refused. */
interface Pushed {
  readonly puts: readonly Put[];
  readonly documents: readonly Document[];
  readonly tags: ReadonlyMap<string, Document>;
  readonly refusedDigests: readonly string[];
}

export function manifestCases(registry: Registry): Case[] {
  return dataSets().flatMap((set) => casesOf(registry, set));
}

function casesOf(registry: Registry, set: DataSet): Case[] {
  const { one } = registry;
  const pushed = once(() => push(registry, set));
  const subjects = new Set(set.manifests.flatMap(({ subject }) => subject?.digest ?? []));
  return group(set.name, {
    push: async () => {
      for (const put of (await pushed()).puts) await stored(registry, put);
    },
    ...(set.tags.size > 0 && {
      'tag-list': async () => {
        const tags = await allTags(registry, one);
        const answer = await registry.tags(one);
        for (const tag of (await pushed()).tags.keys())
          demand(tags.includes(tag), answer, `a list with ${tag}`);
      },
    }),
    head: async () => {
      for (const [reference, document] of await references(pushed)) {
        const answer = described(await registry.manifest('HEAD', one, reference), document);
        demand(answer.body.length === 0, answer, 'no body');
      }
      for (const { digest, bytes } of set.blobs.values()) {
        const answer = status(await registry.blob('HEAD', one, digest), 200);
        headerIs(answer, 'Content-Length', String(bytes.length));
      }
    },
    pull: async () => {
      for (const [reference, document] of await references(pushed)) {
        bodyIs(described(await registry.manifest('GET', one, reference), document), document.bytes);
      }
      for (const { digest, bytes } of set.blobs.values()) {
        bodyIs(status(await registry.blob('GET', one, digest), 200), bytes);
      }
      for (const digest of (await pushed()).refusedDigests) await gone(registry, digest);
    },
    ...(subjects.size > 0 && {
      referrers: async () => {
        const { documents } = await pushed();
        for (const subject of subjects) {
          await listed(
            registry,
            subject,
            documents.filter((document) => document.subject?.digest === subject),
          );
        }
      },
    }),
    delete: async () => {
      const { documents, tags } = await pushed();
      for (const tag of tags.keys()) {
        status(await registry.manifest('DELETE', one, tag), 202);
        await gone(registry, tag);
      }
      for (const { digest } of documents.toReversed()) {
        status(await registry.manifest('HEAD', one, digest), 200);
        status(await registry.manifest('DELETE', one, digest), 202);
        await gone(registry, digest);
      }
      for (const { digest } of set.blobs.values()) {
        status(await registry.blob('DELETE', one, digest), 202);
        refused(await registry.blob('HEAD', one, digest), [404]);
      }
    },
  });
}

/** Pushes blobs, each in another way, then manifests by digest, then tags. */
async function push(registry: Registry, set: DataSet): Promise<Pushed> {
  const ways = [postThenPut, stream, chunked({ lastInPut: true })];
  for (const [i, blob] of [...set.blobs.values()].entries()) {
    const way = ways[i % ways.length] ?? postThenPut;
    status(await way(registry, registry.one, blob), 201);
  }
  const puts: Put[] = [];
  const left = new Map(set.tags);
  const refusedDigests = new Set<string>();
  for (const document of set.manifests) {
    const tags = [...set.tags]
      .filter(([, tagged]) => set.tagParameters && tagged === document)
      .map(([tag]) => tag);
    const query = tags.length > 0 ? `?${tags.map((tag) => `tag=${tag}`).join('&')}` : '';
    const answer = await put(registry, set, document, document.digest + query);
    for (const tag of tags) left.delete(tag);
    if (answer.status === 201) puts.push({ document, answer, tags });
    else refusedDigests.add(document.digest);
  }
  for (const [tag, document] of left) {
    const answer = await put(registry, set, document, tag);
    if (answer.status === 201) puts.push({ document, answer, tags: [] });
  }
  const documents = set.manifests.filter(({ digest }) => !refusedDigests.has(digest));
  const tags = new Map([...set.tags].filter(([, { digest }]) => !refusedDigests.has(digest)));
  return { puts, documents, tags, refusedDigests: [...refusedDigests] };
}

async function put(registry: Registry, set: DataSet, document: Document, reference: string): Promise<Answer> {
  const answer = await registry.putManifest(registry.one, reference, document.bytes, document.mediaType);
  const fate = set.fate(document);
  if (fate === 'bad digest') refused(answer, [400], ['DIGEST_INVALID']);
  else if (fate === 'accepted') status(answer, 201);
  else if (answer.status !== 201) refused(answer, [400, 404], ['MANIFEST_BLOB_UNKNOWN']);
  return answer;
}

/** A manifest was taken as it is: the headers say so, and it is at its `Location`. */
async function stored(registry: Registry, { document, answer, tags }: Put): Promise<void> {
  headerIs(answer, 'Docker-Content-Digest', document.digest);
  if (document.subject === undefined) headerAbsent(answer, 'OCI-Subject');
  else headerIs(answer, 'OCI-Subject', document.subject.digest);
  const named = headerList(answer, 'OCI-Tag');
  for (const tag of tags)
    demand(named.includes(tag), answer, `OCI-Tag: ${tag}`, `OCI-Tag: ${named.join(', ')}`);
  const found = status(
    await registry.send('GET', place(answer), { headers: { Accept: document.mediaType } }),
    200,
  );
  headerIs(found, 'Content-Type', document.mediaType);
  bodyIs(found, document.bytes);
}

async function references(pushed: () => Promise<Pushed>): Promise<(readonly [string, Document])[]> {
  const { documents, tags } = await pushed();
  return [...tags, ...documents.map((document) => [document.digest, document] as const)];
}

/** The headers of a manifest; by a tag too, the digest is the one that the tag was pushed with. */
function described(answer: Answer, document: Document): Answer {
  status(answer, 200);
  headerIs(answer, 'Content-Type', document.mediaType);
  headerIs(answer, 'Content-Length', String(document.bytes.length));
  headerIs(answer, 'Docker-Content-Digest', document.digest);
  return answer;
}

async function gone(registry: Registry, reference: string): Promise<void> {
  refused(await registry.manifest('HEAD', registry.one, reference), [404]);
  refused(
    await registry.manifest('GET', registry.one, reference),
    [404],
    ['MANIFEST_UNKNOWN', 'NAME_UNKNOWN'],
  );
}
