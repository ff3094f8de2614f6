/**
 * Closing requests and chunks that are wrong: refused, and never with a 500. A chunk out of place leaves the session as it was.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-a-blob-in-chunks
 */
import { bodyIs, refused, status } from './answer.ts';
import { group, table, type Case } from './case.ts';
import { contentOf, digestOf, randomContent } from './content.ts';
import type { Answer } from './http.ts';
import { OCTETS, type Registry } from './registry.ts';
import { accepted, alive, patch } from './uploads.ts';

const HELD = 1024;

/** How a closing request names the digest, which is not the way. */
const CLOSINGS: Readonly<Record<string, (digest: string) => string>> = {
  'without a digest': () => '',
  'with an empty digest': () => 'digest=',
  'with two digests': (digest) => `digest=${digest}&digest=${contentOf('other').digest}`,
  'with a digest that is none': () => 'digest=sha256:baddigeststring',
  'with a digest of one character too few': (digest) => `digest=${digest.slice(0, -1)}`,
  'with an upper-case digest': (digest) => `digest=sha256:${digest.slice('sha256:'.length).toUpperCase()}`,
  'with md5': () => 'digest=md5:d41d8cd98f00b204e9800998ecf8427e',
  'with a digest that leads elsewhere': () => 'digest=sha256:..%2f..%2f..%2fetc%2fpasswd',
  'with a broken escape in the query': () => 'digest=%zz',
  'with the digest of other bytes': () => `digest=${contentOf('other').digest}`,
};

/** What `Content-Range` says of a chunk of 10 bytes, when there are 1024 already. */
const RANGES: Readonly<Record<string, string>> = {
  'with a unit and a total': 'bytes 1024-1033/2000',
  'with a unit': 'bytes=1024-1033',
  'end before start': '1033-1024',
  'longer than the body': '1024-1043',
  'shorter than the body': '1024-1028',
  'an overlap': '1000-1009',
  'a gap': '1100-1109',
  'the beginning again': '0-9',
  'over 2^53': '9007199254740993-9007199254741002',
  'over 2^64': '99999999999999999999-100000000000000000008',
  negative: '-10-1033',
  'no end': '1024-',
  words: 'all',
};

export function chunkCases(registry: Registry): Case[] {
  return [...badRanges(registry), ...badClosings(registry), ...oddOpenings(registry)];
}

function badRanges(registry: Registry): Case[] {
  return (['PATCH', 'PUT'] as const).flatMap((method) =>
    table(`wrong chunks by ${method}`, RANGES, async (range) => {
      const { bytes, digest } = randomContent(HELD + 10);
      const session = await held(registry, bytes);
      const chunk = bytes.subarray(HELD);
      const headers = { 'Content-Range': range };
      const answer =
        method === 'PUT'
          ? await registry.close(session, digest, chunk, headers)
          : await patch(registry, session, chunk, headers);
      refused(answer, [400, 416]);
      // The session is as it was, and takes the right chunk.
      const left = await alive(registry, session, HELD);
      status(await registry.close(left, digest, chunk, { 'Content-Range': `${HELD}-${HELD + 9}` }), 201);
      bodyIs(status(await registry.blob('GET', registry.one, digest), 200), bytes);
    }),
  );
}

function badClosings(registry: Registry): Case[] {
  const cases = table('wrong closings', CLOSINGS, async (query) => {
    const { bytes, digest } = randomContent(HELD);
    const session = await held(registry, bytes);
    const path = `${session}${session.includes('?') ? '&' : '?'}${query(digest)}`;
    const answer = await registry.send('PUT', path, { headers: { 'Content-Type': OCTETS } });
    refused(answer, [400], ['DIGEST_INVALID', 'BLOB_UPLOAD_INVALID', 'UNSUPPORTED']);
    refused(await registry.blob('GET', registry.one, digest), [404], ['BLOB_UNKNOWN']);
    // Whether the session goes on is the registry's choice, but it has to know.
    const after = status(await registry.send('GET', session), 204, 404);
    if (after.status === 204) status(await registry.send('DELETE', session), 204);
  });
  const unlike = group('wrong closings', {
    'with another algorithm than announced': async () => {
      const { bytes, digest } = randomContent(HELD);
      const session = await registry.open(registry.one, '?digest-algorithm=sha512');
      refused(await registry.close(session, digest, bytes), [400]);
      refused(await registry.blob('GET', registry.one, digest), [404]);
    },
  });
  return [...cases, ...unlike];
}

function oddOpenings(registry: Registry): Case[] {
  const { one } = registry;
  const body = Buffer.from('bytes');
  const headers = { 'Content-Type': OCTETS };
  const answerTo = async (query: string): Promise<Answer> =>
    await registry.post(one, query, { headers, body });
  return group('wrong openings', {
    'an algorithm that nobody knows: 400': async () => {
      refused(await registry.post(one, '?digest-algorithm=md4'), [400]);
    },
    'an empty algorithm: 400, or none said': async () => {
      const answer = await registry.post(one, '?digest-algorithm=');
      if (answer.status !== 202) refused(answer, [400]);
    },
    'chunks of an announced sha512': async () => {
      const { bytes, digest } = randomContent(2000, 'sha512');
      let session = await registry.open(one, '?digest-algorithm=sha512');
      session = accepted(
        await patch(registry, session, bytes.subarray(0, 1024), { 'Content-Range': '0-1023' }),
        1024,
      );
      status(
        await registry.close(session, digest, bytes.subarray(1024), { 'Content-Range': '1024-1999' }),
        201,
      );
      bodyIs(status(await registry.blob('GET', one, digest), 200), bytes);
    },
    'post only with a digest that is none': async () =>
      refused(await answerTo('?digest=bad'), [400], ['DIGEST_INVALID']),
    'post only with md5': async () => {
      refused(
        await answerTo('?digest=md5:d41d8cd98f00b204e9800998ecf8427e'),
        [400],
        ['DIGEST_INVALID', 'UNSUPPORTED'],
      );
    },
    'post only with two digests': async () => {
      const two = `?digest=${digestOf(body)}&digest=${contentOf('').digest}`;
      refused(await answerTo(two), [400]);
    },
  });
}

/** A session that holds the first bytes. */
async function held(registry: Registry, bytes: Buffer): Promise<string> {
  return accepted(await patch(registry, await registry.open(registry.one), bytes.subarray(0, HELD)), HELD);
}
