/**
 * Documents that are no manifests, or lie: refused with 400 and not kept. Everything else about them is right:
 * what they refer to is there.
 * @see https://github.com/opencontainers/image-spec/blob/main/manifest.md
 * @see https://github.com/opencontainers/image-spec/security/advisories/GHSA-77vh-xpmg-72qh (layers and manifests in one)
 */
import { bodyIs, refused, status } from './answer.ts';
import { group, once, table, type Case } from './case.ts';
import { randomContent, word } from './content.ts';
import { image, index } from './documents.ts';
import { CONFIG, INDEX, MANIFEST } from './mediatype.ts';
import { alive } from './ping.ts';
import type { Registry } from './registry.ts';

const CODES = ['MANIFEST_INVALID', 'DIGEST_INVALID', 'SIZE_INVALID'];

/** Makes a bad document of a good one. */
type Spoil = (good: string) => string | Buffer;
type Spoils = Readonly<Record<string, Spoil>>;

/** Replaces something that has to be in the document. */
function swap(pattern: RegExp, by: string): Spoil {
  return (good) => {
    const bad = good.replace(pattern, () => by);
    if (bad === good) throw new Error(`the document has no ${String(pattern)} that is not ${by}`);
    return bad;
  };
}

/** Puts a field before the others. */
function add(field: string): Spoil {
  return (good) => `{${field},${good.slice(1)}`;
}

const LAYER_SIZE = /(?<="layers":\[\{[^}]*"size":)\d+/;
const LAYER_DIGEST = /(?<="layers":\[\{[^}]*"digest":)"[^"]*"/;

const NOT_JSON: Spoils = {
  empty: () => '',
  null: () => 'null',
  'an array': () => '[]',
  'a text': () => '"x"',
  'an empty object': () => '{}',
  'cut short': (good) => good.slice(0, -1),
  'garbage behind': (good) => `${good}garbage`,
  'two documents': (good) => good + good,
  'a comment': add('/* hello */ "org.example.a":1'),
  'a trailing comma': (good) => `${good.slice(0, -1)},}`,
  'a byte order mark': (good) => `\ufeff${good}`,
  'UTF-16': (good) => Buffer.from(good, 'utf16le'),
  'invalid UTF-8': (good) =>
    Buffer.concat([
      Buffer.from(`{"org.example.a":"`),
      Buffer.from([0xff, 0xfe]),
      Buffer.from(`",${good.slice(1)}`),
    ]),
  NaN: add('"org.example.a":NaN'),
  'nested 100 000 deep': add(`"org.example.a":${'['.repeat(100_000)}${']'.repeat(100_000)}`),
};

const BAD_FIELDS: Spoils = {
  'mediaType twice': add(`"mediaType":"${INDEX}"`),
  'schemaVersion twice': add('"schemaVersion":1'),
  'a digest twice': swap(/(?<="layers":\[\{)/, `"digest":"${randomContent(1).digest}",`),
  'layers twice': add('"layers":[]'),
  'schemaVersion 1': swap(/"schemaVersion":2/, '"schemaVersion":1'),
  'schemaVersion "2"': swap(/"schemaVersion":2/, '"schemaVersion":"2"'),
  'no schemaVersion': swap(/"schemaVersion":2,/, ''),
  'mediaType of another kind': swap(/"mediaType":"[^"]*"/, `"mediaType":"${INDEX}"`),
  'mediaType a number': swap(/"mediaType":"[^"]*"/, '"mediaType":2'),
  'layers and manifests': add('"manifests":[]'),
  'no config': swap(/"config":\{[^}]*\},/, ''),
  'config null': swap(/"config":\{[^}]*\}/, '"config":null'),
  'no layers': swap(/"layers":\[[^\]]*\]/, '"org.example.a":[]'),
  'layers an object': swap(/"layers":\[[^\]]*\]/, '"layers":{}'),
  'layers with a null': swap(/"layers":\[[^\]]*\]/, '"layers":[null]'),
  'artifactType a number': add('"artifactType":7'),
  'a size of -1': swap(LAYER_SIZE, '-1'),
  'a size of 1.5': swap(LAYER_SIZE, '1.5'),
  'a size of "12"': swap(LAYER_SIZE, '"12"'),
  'a size of 1e21': swap(LAYER_SIZE, '1e21'),
  'a size over 2^53': swap(LAYER_SIZE, '9007199254740993'),
  'a size of null': swap(LAYER_SIZE, 'null'),
  'no size': swap(/,"size":\d+(?=\}\])/, ''),
  'a digest that is none': swap(LAYER_DIGEST, '"sha256:bad"'),
  'a digest in upper case': swap(LAYER_DIGEST, `"sha256:${'A'.repeat(64)}"`),
  'a digest that leads elsewhere': swap(LAYER_DIGEST, '"sha256:../../../../etc/passwd"'),
  'a digest that is a number': swap(LAYER_DIGEST, '7'),
  'urls a text': swap(/(?<="layers":\[\{)/, '"urls":"http://127.0.0.1:1/",'),
  'data not base64': swap(/(?<="layers":\[\{)/, '"data":"***",'),
  'data of other bytes': swap(/(?<="layers":\[\{)/, '"data":"b3RoZXI=",'),
  'annotations with a number': add('"annotations":{"a":1}'),
  'annotations with a null': add('"annotations":{"a":null}'),
  'annotations an array': add('"annotations":["a"]'),
  'annotations of a layer with a number': swap(/(?<="layers":\[\{)/, '"annotations":{"a":1},'),
  'subject without size': add(`"subject":{"mediaType":"${MANIFEST}","digest":"${randomContent(1).digest}"}`),
  'subject without digest': add(`"subject":{"mediaType":"${MANIFEST}","size":1}`),
  'subject a text': add(`"subject":"${randomContent(1).digest}"`),
};

const BAD_INDEXES: Spoils = {
  'no manifests': swap(/"manifests":\[\]/, '"org.example.a":[]'),
  'manifests null': swap(/"manifests":\[\]/, '"manifests":null'),
  'manifests an object': swap(/"manifests":\[\]/, '"manifests":{}'),
  'manifests and layers': add('"layers":[]'),
  'manifests and config': add(
    `"config":{"mediaType":"${CONFIG}","digest":"${randomContent(1).digest}","size":1}`,
  ),
  'a manifest that is a text': swap(/"manifests":\[\]/, `"manifests":["${randomContent(1).digest}"]`),
};

export function badManifestCases(registry: Registry): Case[] {
  const { one } = registry;
  const good = once(async () => {
    const { manifest, blobs } = image();
    await registry.push(one, ...blobs);
    return manifest.bytes.toString();
  });
  const put = async (tag: string, body: string | Buffer, type: string): Promise<void> => {
    refused(await registry.putManifest(one, tag, Buffer.from(body), type), [400], CODES);
    refused(await registry.manifest('HEAD', one, tag), [404]);
  };
  const spoilt = (title: string, spoils: Spoils, type: string, source: () => Promise<string>): Case[] =>
    table(title, spoils, async (spoil) => {
      await put(`bad-${word()}`, spoil(await source()), type);
      await alive(registry);
    });
  const emptyIndex = async (): Promise<string> => index([]).bytes.toString();
  return [
    ...spoilt('no manifests at all', NOT_JSON, MANIFEST, good),
    ...spoilt('image manifests that lie', BAD_FIELDS, MANIFEST, good),
    ...spoilt('indexes that lie', BAD_INDEXES, INDEX, emptyIndex),
    ...group('types and documents', {
      'an image said to be an index': async () => put(`bad-${word()}`, await good(), INDEX),
      'an index said to be an image': async () => put(`bad-${word()}`, await emptyIndex(), MANIFEST),
      'no Content-Type, but a mediaType: taken as that, or refused': async () => {
        const body = Buffer.from(await good());
        const answer = await registry.send('PUT', `/v2/${one}/manifests/untyped-${word()}`, { body });
        if (answer.status !== 201) refused(answer, [400, 415], CODES);
      },
      'a million keys': async () => {
        const keys = Array.from({ length: 1_000_000 }, (_, i) => `"k${i}":1`).join();
        const body = Buffer.from(add(keys)(await good()));
        refused(await registry.putManifest(one, `bad-${word()}`, body, MANIFEST), [400, 413]);
        await alive(registry);
      },
      'a key named __proto__: kept, or refused': async () => {
        for (const field of ['"__proto__":{"a":1}', '"annotations":{"__proto__":"a","constructor":"b"}']) {
          const body = Buffer.from(add(field)(await good()));
          const tag = `proto-${word()}`;
          const answer = await registry.putManifest(one, tag, body, MANIFEST);
          if (answer.status === 201) bodyIs(status(await registry.manifest('GET', one, tag), 200), body);
          else refused(answer, [400], CODES);
        }
      },
      'a digest of an algorithm that nobody knows: kept, or refused': async () => {
        const body = Buffer.from(swap(LAYER_DIGEST, '"whirlpool:abcdef"')(await good()));
        const answer = await registry.putManifest(one, `strange-${word()}`, body, MANIFEST);
        if (answer.status !== 201) refused(answer, [400, 404], [...CODES, 'MANIFEST_BLOB_UNKNOWN']);
      },
    }),
  ];
}
