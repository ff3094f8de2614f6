/**
 * How manifests and blobs are given out: in their own type, byte for byte, whatever is accepted; HEAD as GET.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#checking-if-content-exists-in-the-registry
 */
import { bodyIs, demand, headerIs, status } from './answer.ts';
import { group, once, table, type Case } from './case.ts';
import { contentOf, word, type Content } from './content.ts';
import { describe, image, type Document } from './documents.ts';
import type { Answer, Message } from './http.ts';
import { DOCKER_CONFIG, DOCKER_LAYER, DOCKER_LIST, DOCKER_MANIFEST, INDEX, MANIFEST } from './mediatype.ts';
import type { Registry } from './registry.ts';

/** What a client may say that it accepts: the manifest is given all the same, since there is no other. */
const ACCEPTED: Readonly<Record<string, string | undefined>> = {
  'no Accept': undefined,
  'Accept: */*': '*/*',
  'Accept: application/*': 'application/*',
  'its own type with a weight': `${INDEX};q=0.1, ${MANIFEST};q=0.9`,
  'its own type among twenty': [...Array.from({ length: 20 }, (_, i) => `application/x-${i}`), MANIFEST].join(
    ', ',
  ),
  'its own type in upper case': MANIFEST.toUpperCase(),
};

export function pullCases(registry: Registry): Case[] {
  const { one } = registry;
  const pushed = once(async () => {
    const { manifest, blobs } = image();
    await registry.push(one, ...blobs);
    const tag = `pull-${word()}`;
    status(await registry.putManifest(one, tag, manifest.bytes, manifest.mediaType), 201);
    return { manifest, blobs, tag };
  });
  const get = async (reference: string, headers: Message['headers']): Promise<Answer> =>
    status(await registry.send('GET', `/v2/${one}/manifests/${reference}`, { headers }), 200);
  return [
    ...table('content negotiation', ACCEPTED, async (accept) => {
      const { manifest, tag } = await pushed();
      for (const reference of [tag, manifest.digest]) {
        const answer = await get(reference, accept === undefined ? {} : { Accept: accept });
        headerIs(answer, 'Content-Type', MANIFEST);
        bodyIs(answer, manifest.bytes);
      }
    }),
    ...group('pulls', {
      'HEAD of a manifest has the headers of GET': async () => {
        const { manifest, tag } = await pushed();
        for (const reference of [tag, manifest.digest]) {
          sameHeaders(
            await registry.manifest('HEAD', one, reference),
            await registry.manifest('GET', one, reference),
          );
        }
      },
      'HEAD of a blob has the headers of GET': async () => {
        for (const { digest } of (await pushed()).blobs) {
          sameHeaders(await registry.blob('HEAD', one, digest), await registry.blob('GET', one, digest));
        }
      },
      'a digest with its colon encoded': async () => {
        const { manifest, blobs } = await pushed();
        bodyIs(await get(manifest.digest.replace(':', '%3A'), { Accept: MANIFEST }), manifest.bytes);
        const [{ digest, bytes }] = blobs;
        bodyIs(status(await registry.blob('GET', one, digest.replace(':', '%3a')), 200), bytes);
      },
      'a query that means nothing here': async () => {
        const { manifest, tag, blobs } = await pushed();
        bodyIs(await get(`${tag}?ns=registry.example&x`, { Accept: MANIFEST }), manifest.bytes);
        const [{ digest, bytes }] = blobs;
        bodyIs(status(await registry.blob('GET', one, `${digest}?ns=registry.example`), 200), bytes);
      },
      'thirty-two pulls at once': async () => {
        const { manifest, blobs, tag } = await pushed();
        const both = Array.from({ length: 16 }, () => [
          get(tag, { Accept: MANIFEST }),
          registry.blob('GET', one, blobs[1].digest),
        ]);
        for (const [i, answer] of (await Promise.all(both.flat())).entries()) {
          bodyIs(status(answer, 200), i % 2 === 0 ? manifest.bytes : blobs[1].bytes);
        }
      },
    }),
    ...group('manifest bytes and types', {
      'odd spacing and order of fields are kept': async () => {
        const { manifest } = await pushed();
        const fields = Object.entries(JSON.parse(manifest.bytes.toString()) as object).toReversed();
        const text = `\n\t ${JSON.stringify(Object.fromEntries(fields), null, '\t ')}\r\n `;
        await kept(registry, contentOf(text), MANIFEST);
      },
      'text that is not ASCII, escaped and not, is kept': async () => {
        const { manifest } = await pushed();
        const annotations =
          '"annotations":{"org.example.é":"ü\\u00fc 漢字 \\ud83d\\ude00 😀 \\/ <&> \\u2028"}';
        const text = `${manifest.bytes.toString().slice(0, -1)},${annotations}}`;
        await kept(registry, contentOf(text), MANIFEST);
      },
      'parameters of the Content-Type are dropped': async () => {
        const { manifest } = await pushed();
        const text = `${manifest.bytes.toString()}\n`;
        for (const parameters of ['; charset=utf-8', ';charset="utf-8"; x=y']) {
          await kept(registry, contentOf(text + word().replace(/./g, ' ')), MANIFEST, MANIFEST + parameters);
        }
      },
      'no mediaType in the body: the Content-Type counts': async () => {
        const { manifest } = await pushed();
        const { mediaType: _, ...rest } = JSON.parse(manifest.bytes.toString()) as {
          readonly mediaType: string;
        };
        await kept(registry, contentOf(JSON.stringify(rest)), MANIFEST);
        await kept(
          registry,
          contentOf(`{"schemaVersion":2,"manifests":[],"annotations":{"w":"${word()}"}}`),
          INDEX,
        );
      },
      'a Docker image and a Docker list': async () => {
        const { blobs } = await pushed();
        const config = describe(blobs[0], DOCKER_CONFIG);
        const layers = [describe(blobs[1], DOCKER_LAYER)];
        const docker = { schemaVersion: 2, mediaType: DOCKER_MANIFEST, config, layers };
        const child = contentOf(JSON.stringify(docker));
        await kept(registry, child, DOCKER_MANIFEST);
        const platform = { architecture: 'amd64', os: 'linux' };
        const manifests = [describe(child, DOCKER_MANIFEST, { platform })];
        await kept(
          registry,
          contentOf(JSON.stringify({ schemaVersion: 2, mediaType: DOCKER_LIST, manifests })),
          DOCKER_LIST,
        );
      },
      'a tag that is pushed again points to the newest': async () => {
        const { tag } = await pushed();
        const [first, second] = [await newImage(registry), await newImage(registry)];
        for (const { bytes, digest, mediaType } of [first, second, first]) {
          status(await registry.putManifest(one, tag, bytes, mediaType), 201);
          const answer = status(await registry.manifest('GET', one, tag), 200);
          headerIs(answer, 'Docker-Content-Digest', digest);
          bodyIs(answer, bytes);
        }
        bodyIs(status(await registry.manifest('GET', one, second.digest), 200), second.bytes);
      },
    }),
  ];
}

async function newImage(registry: Registry): Promise<Document> {
  const { manifest, blobs } = image();
  await registry.push(registry.one, ...blobs);
  return manifest;
}

/** A manifest pushed by digest and by tag comes back as it was. */
async function kept(
  registry: Registry,
  { digest, bytes }: Content,
  type: string,
  sentType: string = type,
): Promise<void> {
  const tag = `kept-${word()}`;
  for (const reference of [digest, tag]) {
    headerIs(
      status(await registry.putManifest(registry.one, reference, bytes, sentType), 201),
      'Docker-Content-Digest',
      digest,
    );
    const answer = status(await registry.manifest('GET', registry.one, reference), 200);
    headerIs(answer, 'Content-Type', type);
    headerIs(answer, 'Docker-Content-Digest', digest);
    bodyIs(answer, bytes);
  }
}

/** What may differ from one answer to the next, or belongs to the connection. */
const PASSING = /^(date|age|connection|keep-alive|transfer-encoding|set-cookie|x-.*)$/;

function sameHeaders(head: Answer, get: Answer): void {
  status(head, 200);
  status(get, 200);
  const lines = ({ headers }: Answer): string =>
    [...headers]
      .filter(([name]) => !PASSING.test(name))
      .map(([name, values]) => `${name}: ${values.join(', ')}`)
      .sort()
      .join('; ');
  demand(lines(head) === lines(get), head, `the headers of GET: ${lines(get)}`, lines(head));
  demand(head.body.length === 0, head, 'no body');
}
