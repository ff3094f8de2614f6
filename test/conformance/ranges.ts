/**
 * Parts of a blob: what a client needs to go on with a broken pull.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-14
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-blobs
 */
import { bodyIs, demand, header, headerIs, status } from './answer.ts';
import { group, once, table, type Case } from './case.ts';
import { contentOf, randomContent, type Algorithm, type Content } from './content.ts';
import type { Answer } from './http.ts';
import type { Registry } from './registry.ts';

const SIZE = 2048;

/** The range that is asked for: first and last byte of the answer, or none when it is 416. */
const RANGES: Readonly<Record<string, readonly [number, number] | undefined>> = {
  '500-1499': [500, 1499],
  '500-': [500, SIZE - 1],
  '-500': [SIZE - 500, SIZE - 1],
  '2000-5000': [2000, SIZE - 1],
  '0-0': [0, 0],
  '0-': [0, SIZE - 1],
  '-5000': [0, SIZE - 1],
  '500-0': undefined,
  '5000-10000': undefined,
  '2048-': undefined,
};

/** Requests that are no single range of bytes: the whole blob, a refusal, or for several ranges also several parts. */
const ODD: Readonly<Record<string, readonly number[]>> = {
  'bytes=5-1': [200, 416],
  'bytes=abc': [200, 400, 416],
  'bytes=': [200, 400, 416],
  'bytes=-': [200, 400, 416],
  'bytes=-0': [200, 416],
  'bytes=0x1-0x9': [200, 400, 416],
  'bytes=0-99999999999999999999999999': [200, 206, 416],
  'bytes=99999999999999999999999999-': [200, 416],
  'lines=0-1': [200],
};

export function rangeCases(registry: Registry): Case[] {
  const pushed = (algorithm: Algorithm): (() => Promise<Content>) =>
    once(async () => {
      const blob = randomContent(SIZE, algorithm);
      await registry.push(registry.one, blob);
      return blob;
    });
  const sha256 = pushed('sha256');
  const sha512 = pushed('sha512');
  return [
    ...plain(registry, 'sha256', sha256),
    ...plain(registry, 'sha512', sha512),
    ...odd(registry, sha256),
  ];
}

function plain(registry: Registry, algorithm: Algorithm, pushed: () => Promise<Content>): Case[] {
  return table(`${algorithm} range requests`, RANGES, async (part, range) => {
    const { digest, bytes } = await pushed();
    const answer = await ranged(registry, digest, `bytes=${range}`);
    if (part === undefined) unsatisfiable(answer);
    else partial(answer, bytes, part);
  });
}

function odd(registry: Registry, pushed: () => Promise<Content>): Case[] {
  const many = Array.from({ length: 1000 }, (_, i) => `${i * 2}-${i * 2}`).join(',');
  const refusedOrWhole = async (value: string, statuses: readonly number[]): Promise<void> => {
    const { digest, bytes } = await pushed();
    const answer = status(await ranged(registry, digest, value), ...statuses);
    if (answer.status === 200) bodyIs(answer, bytes);
  };
  return [
    ...table('odd ranges', ODD, (statuses, value) => refusedOrWhole(value, statuses)),
    ...group('odd ranges', {
      'a thousand ranges': () => refusedOrWhole(`bytes=${many}`, [200, 206, 400, 416, 431]),
      'bytes=0- of an empty blob': async () => {
        const blob = contentOf('');
        await registry.push(registry.one, blob);
        const answer = await ranged(registry, blob.digest, 'bytes=0-');
        if (answer.status === 200) bodyIs(answer, blob.bytes);
        else status(answer, 200, 416);
      },
      'Range on HEAD changes nothing that matters': async () => {
        const { digest, bytes } = await pushed();
        const answer = await registry.blob('HEAD', registry.one, digest, { headers: { Range: 'bytes=0-9' } });
        // RFC 9110 defines Range for GET alone.
        headerIs(status(answer, 200), 'Content-Length', String(bytes.length));
      },
      'If-Range with another validator gives the whole': async () => {
        const { digest, bytes } = await pushed();
        const headers = { Range: 'bytes=0-9', 'If-Range': '"of-something-else"' };
        bodyIs(status(await registry.blob('GET', registry.one, digest, { headers }), 200), bytes);
      },
    }),
  ];
}

async function ranged(registry: Registry, digest: string, range: string): Promise<Answer> {
  return await registry.blob('GET', registry.one, digest, { headers: { Range: range } });
}

function partial(answer: Answer, bytes: Buffer, [first, last]: readonly [number, number]): void {
  status(answer, 206);
  bodyIs(answer, bytes.subarray(first, last + 1));
  headerIs(answer, 'Content-Length', String(last + 1 - first));
  const range = header(answer, 'Content-Range');
  const wanted = [`bytes ${first}-${last}/${bytes.length}`, `bytes ${first}-${last}/*`];
  demand(wanted.includes(range), answer, `Content-Range: ${wanted.join(' or ')}`, `Content-Range: ${range}`);
}

function unsatisfiable(answer: Answer): void {
  status(answer, 416);
  headerIs(answer, 'Content-Range', `bytes */${SIZE}`);
  demand(
    answer.whole,
    answer,
    'a body as long as announced',
    `${answer.body.length} bytes and a broken connection`,
  );
}
