/**
 * Every way to push a blob, with sha256 and with sha512 (on sessions that were not told so): the blob is at its
 * `Location`, HEAD and GET give it whole, and a DELETE takes it away at once. And every way with a wrong digest.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-blobs
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-blobs
 */
import { bodyIs, headerIs, refused, status } from './answer.ts';
import { group, once, type Case } from './case.ts';
import { contentOf, randomContent, type Algorithm, type Content } from './content.ts';
import type { Answer } from './http.ts';
import { place, type Registry } from './registry.ts';
import {
  chunked,
  postOnly,
  postThenPut,
  stream,
  streamWithLength,
  threeChunks,
  type Way,
} from './uploads.ts';

/** A blob that a case pushed, and what the registry answered. */
interface Pushed {
  readonly blob: Content;
  readonly answer: Answer;
}

/** How a group gets its blob into the first repository, and what is to be cleaned up elsewhere. */
type Push = () => Promise<Pushed>;

export function blobCases(registry: Registry): Case[] {
  return (['sha256', 'sha512'] as const).flatMap((algorithm) => casesOf(registry, algorithm));
}

function casesOf(registry: Registry, algorithm: Algorithm): Case[] {
  const title = `${algorithm} blobs`;
  const by = (way: Way, make: () => Content | Promise<Content>): Push => {
    return async () => {
      const blob = await make();
      return { blob, answer: await way(registry, registry.one, blob) };
    };
  };
  const small = (): Content => randomContent(512, algorithm);
  const large = async (): Promise<Content> =>
    randomContent(await threeChunks(registry, registry.one), algorithm);
  const pushes: Readonly<Record<string, Push>> = {
    'post only': by(postOnly, small),
    'post+put': by(postThenPut, small),
    'chunked single': by(chunked(), small),
    'chunked multi': by(chunked(), large),
    'chunked multi and put chunk': by(chunked({ lastInPut: true }), large),
    'chunked out-of-order': by(chunked({ outOfOrder: true }), large),
    'chunked out-of-order and put chunk': by(chunked({ outOfOrder: true, lastInPut: true }), large),
    stream: by(stream, small),
    'stream with length': by(streamWithLength, small),
    'announced algorithm': by(announced(algorithm), small),
    mount: mount(registry, small, true),
    'mount anonymous': mount(registry, small, false),
    'mount missing': mountMissing(registry, small),
    empty: by(postThenPut, () => contentOf('', algorithm)),
    'empty post only': by(postOnly, () => contentOf('', algorithm)),
    emptyJSON: by(postThenPut, () => contentOf('{}', algorithm)),
  };
  const badly: Readonly<Record<string, Way>> = {
    'post only': postOnly,
    'post+put': postThenPut,
    chunked: chunked(),
    'chunked and put chunk': chunked({ lastInPut: true }),
    stream,
  };
  return [
    ...group(title, { 'get-missing': () => missing(registry, small()) }),
    ...Object.entries(pushes).flatMap(([name, push]) => life(registry, title, name, push)),
    ...Object.entries(badly).flatMap(([name, way]) =>
      group(title, { [`bad digest ${name}`]: async () => await badDigest(registry, way, await large()) }),
    ),
  ];
}

/** The cases of one push: what it answers, and everything that can be done with the blob after. */
function life(registry: Registry, title: string, name: string, push: Push): Case[] {
  const pushed = once(async () => {
    const done = await push();
    status(done.answer, 201);
    return done;
  });
  return group(title, {
    [name]: async () => {
      const { blob, answer } = await pushed();
      headerIs(answer, 'Docker-Content-Digest', blob.digest);
      place(answer);
    },
    [`${name}: at its Location`]: async () => {
      const { blob, answer } = await pushed();
      bodyIs(status(await registry.send('GET', place(answer)), 200), blob.bytes);
    },
    [`${name}: HEAD`]: async () => {
      const { blob } = await pushed();
      const answer = status(await registry.blob('HEAD', registry.one, blob.digest), 200);
      bodyIs(answer, Buffer.alloc(0));
      headerIs(answer, 'Content-Length', String(blob.bytes.length));
      headerIs(answer, 'Docker-Content-Digest', blob.digest);
    },
    [`${name}: GET`]: async () => {
      const { blob } = await pushed();
      const answer = status(await registry.blob('GET', registry.one, blob.digest), 200);
      bodyIs(answer, blob.bytes);
      headerIs(answer, 'Content-Length', String(blob.bytes.length));
      headerIs(answer, 'Docker-Content-Digest', blob.digest);
    },
    [`${name}: DELETE`]: async () => {
      const { blob } = await pushed();
      status(await registry.blob('DELETE', registry.one, blob.digest), 202);
      await missing(registry, blob);
      refused(await registry.blob('DELETE', registry.one, blob.digest), [404], ['BLOB_UNKNOWN']);
    },
  });
}

/** The session is told the algorithm when it is opened. */
function announced(algorithm: Algorithm): Way {
  return async (registry, repository, { digest, bytes }) => {
    const session = await registry.open(repository, `?digest-algorithm=${algorithm}`);
    return await registry.close(session, digest, bytes);
  };
}

/** @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#mounting-a-blob-from-another-repository */
function mount(registry: Registry, make: () => Content, named: boolean): Push {
  return async () => {
    const blob = make();
    await registry.push(registry.two, blob);
    const from = named ? `&from=${encodeURIComponent(registry.two)}` : '';
    const answer = await registry.post(registry.one, `?mount=${blob.digest}${from}`);
    // Without `from` a registry need not search, and may start an upload instead.
    const upload = !named && answer.status === 202;
    return { blob, answer: upload ? await registry.close(place(answer), blob.digest, blob.bytes) : answer };
  };
}

/** A mount of what is not there starts an upload, which works. */
function mountMissing(registry: Registry, make: () => Content): Push {
  return async () => {
    const blob = make();
    const query = `?mount=${blob.digest}&from=${encodeURIComponent(registry.two)}`;
    const session = await registry.open(registry.one, query);
    return { blob, answer: await registry.close(session, blob.digest, blob.bytes) };
  };
}

/** The digest is of other bytes: 400, and nothing is kept under either digest. */
async function badDigest(registry: Registry, way: Way, blob: Content): Promise<void> {
  const bytes = Buffer.concat([blob.bytes.subarray(1), Buffer.from('!')]);
  refused(await way(registry, registry.one, { digest: blob.digest, bytes }), [400], ['DIGEST_INVALID']);
  await missing(registry, blob);
  await missing(registry, contentOf(bytes, blob.digest.startsWith('sha512') ? 'sha512' : 'sha256'));
}

async function missing(registry: Registry, { digest }: Content): Promise<void> {
  refused(await registry.blob('HEAD', registry.one, digest), [404]);
  // Of a repository that nothing was ever pushed to, its name may be what is unknown.
  refused(await registry.blob('GET', registry.one, digest), [404], ['BLOB_UNKNOWN', 'NAME_UNKNOWN']);
}
