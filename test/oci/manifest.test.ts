import { describe, expect, test } from 'vitest';
import {
  childBlobs,
  childManifests,
  mediaTypes,
  parseManifest,
  referrerDescriptor,
  type Manifest,
} from '../../src/oci/index.ts';
import { bytes, described, named, refusal } from './words.ts';

const { ociManifest, ociIndex, dockerManifest, dockerList } = mediaTypes;
const config = described('a config', { mediaType: mediaTypes.ociConfig });
const layers = ['one', 'two', 'three', 'four'].map((name) => described(name));
const image = { schemaVersion: 2, mediaType: ociManifest, config, layers };
const index = { schemaVersion: 2, mediaType: ociIndex, manifests: [described('amd64'), described('arm64')] };

const parse = (document: object | string, mediaType: string): Manifest =>
  parseManifest(bytes(typeof document === 'string' ? document : JSON.stringify(document)), mediaType);

/** An image whose fourth layer has one field changed. */
const spoilLayer = (fields: object): object => ({
  ...image,
  layers: [...layers.slice(0, 3), { ...layers[3], ...fields }],
});

type Refused = readonly [document: object | string, pointer: string | undefined, words: RegExp];

// Corpus, rows 41 to 49 (conformance-security.md, section 6).
const BAD_IMAGES: Readonly<Record<string, Refused>> = {
  '41: empty': ['', undefined, /not valid JSON/],
  '41: null': ['null', '', /document: want a JSON object/],
  '41: an array': ['[]', '', /want a JSON object/],
  '41: a text': ['"x"', '', /want a JSON object/],
  '41: garbage behind': [`${JSON.stringify(image)} garbage`, undefined, /not valid JSON/],
  '41: a byte order mark': [`\uFEFF${JSON.stringify(image)}`, undefined, /not valid JSON/],
  '42: too deep': [
    { ...image, x: JSON.parse('['.repeat(64) + ']'.repeat(64)) as unknown },
    undefined,
    /nested deeper than 64/,
  ],
  '43: a digest twice': [
    JSON.stringify(image).replace('"digest"', '"digest":"sha256:x","digest"'),
    undefined,
    /duplicate key "digest"/,
  ],
  '43: a media type twice': [
    JSON.stringify(image).replace('{', '{"mediaType":"a/b",'),
    undefined,
    /duplicate key "mediaType"/,
  ],
  '43: __proto__': [JSON.stringify(image).replace('{', '{"__proto__":{},'), undefined, /key "__proto__"/],
  '44: schemaVersion 1': [{ ...image, schemaVersion: 1 }, '/schemaVersion', /must be 2/],
  '44: schemaVersion "2"': [{ ...image, schemaVersion: '2' }, '/schemaVersion', /must be 2/],
  '44: no schemaVersion': [{ ...image, schemaVersion: undefined }, '/schemaVersion', /must be 2/],
  '45: another media type': [
    { ...image, mediaType: ociIndex },
    '/mediaType',
    /is ".*index.*", but .* announced as ".*manifest/,
  ],
  '45: no text as media type': [{ ...image, mediaType: 2 }, '/mediaType', /is 2, but/],
  '45: null as media type': [{ ...image, mediaType: null }, '/mediaType', /is null, but/],
  '45: layers and manifests': [
    { ...image, manifests: [] },
    '/manifests',
    /an image manifest must not have it/,
  ],
  '45: layers and manifests that are null': [{ ...image, manifests: null }, '/manifests', /must not have it/],
  '45: layers as Docker had them first': [{ ...image, fsLayers: [] }, '/fsLayers', /must not have it/],
  '46: no config': [{ ...image, config: undefined }, '/config', /want a descriptor/],
  '46: config null': [{ ...image, config: null }, '/config', /want a descriptor/],
  '46: no layers': [{ ...image, layers: undefined }, '/layers', /want a list of descriptors/],
  '46: layers an object': [{ ...image, layers: {} }, '/layers', /want a list of descriptors/],
  '46: a layer that is null': [{ ...image, layers: [null] }, '/layers/0', /want a descriptor/],
  '46: a size of -1': [spoilLayer({ size: -1 }), '/layers/3/size', /got -1/],
  '46: a size of 1.5': [spoilLayer({ size: 1.5 }), '/layers/3/size', /got 1.5/],
  '46: a size of "12"': [spoilLayer({ size: '12' }), '/layers/3/size', /got "12"/],
  '46: a size of 1e21': [spoilLayer({ size: 1e21 }), '/layers/3/size', /whole number/],
  '46: a size over 2^53': [
    JSON.stringify(spoilLayer({ size: 7777 })).replace('7777', '9007199254740993'),
    '/layers/3/size',
    /whole number/,
  ],
  '47: a digest that is none': [spoilLayer({ digest: 'sha256:bad' }), '/layers/3/digest', /got 3/],
  '47: urls that are no list': [
    spoilLayer({ urls: 'http://127.0.0.1/' }),
    '/layers/3/urls',
    /want a list of texts/,
  ],
  '47: data that is not base64': [spoilLayer({ data: '***' }), '/layers/3/data', /not valid base64/],
  '47: data of other bytes': [spoilLayer({ data: 'b3RoZXI=' }), '/layers/3/data', /does not match/],
  '47: data of the config': [
    { ...image, config: { ...config, data: 'b3RoZXI=' } },
    '/config/data',
    /does not match/,
  ],
  '48: an annotation that is a number': [
    { ...image, annotations: { a: 1 } },
    '/annotations/a',
    /want a text/,
  ],
  '48: an annotation that is null': [{ ...image, annotations: { a: null } }, '/annotations/a', /want a text/],
  '48: one of a layer': [spoilLayer({ annotations: { a: 1 } }), '/layers/3/annotations/a', /want a text/],
  '49: a subject without size': [
    { ...image, subject: { mediaType: ociManifest, digest: named('subject') } },
    '/subject/size',
    /got nothing/,
  ],
  '49: a subject that is a text': [{ ...image, subject: named('subject') }, '/subject', /want a descriptor/],
  'an artifact type that is a number': [{ ...image, artifactType: 7 }, '/artifactType', /want a text/],
};

const BAD_INDEXES: Readonly<Record<string, Refused>> = {
  'no manifests': [{ ...index, manifests: undefined }, '/manifests', /want a list of descriptors/],
  'manifests null': [{ ...index, manifests: null }, '/manifests', /want a list of descriptors/],
  'manifests an object': [{ ...index, manifests: {} }, '/manifests', /want a list of descriptors/],
  'a manifest that is a text': [
    { ...index, manifests: [index.manifests[0], 'x'] },
    '/manifests/1',
    /want a descriptor/,
  ],
  'manifests and layers': [{ ...index, layers: [] }, '/layers', /an index must not have it/],
  'manifests and config': [{ ...index, config }, '/config', /an index must not have it/],
  'another media type': [
    { ...index, mediaType: dockerList },
    '/mediaType',
    /but the manifest was announced as/,
  ],
};

describe('a refused image points at', () => {
  test.each(Object.entries(BAD_IMAGES))('%s', (_, [document, pointer, words]) => {
    const error = refusal(() => parse(document, ociManifest));
    expect(error.pointer).toBe(pointer);
    expect(error.message).toMatch(words);
  });
});

describe('a refused index points at', () => {
  test.each(Object.entries(BAD_INDEXES))('%s', (_, [document, pointer, words]) => {
    const error = refusal(() => parse(document, ociIndex));
    expect(error.pointer).toBe(pointer);
    expect(error.message).toMatch(words);
  });
});

// Go's decoder takes any spelling of a name, so that it would see another document than we do.
describe('names spelt otherwise are refused', () => {
  test.each([
    ['Manifests', 'manifests'],
    ['LAYERS', 'layers'],
    ['MediaType', 'mediaType'],
    ['mediatype', 'mediaType'],
    ['Config', 'config'],
    ['SUBJECT', 'subject'],
    ['schemaversion', 'schemaVersion'],
    ['artifacttype', 'artifactType'],
    ['Annotations', 'annotations'],
    // For Go, U+017F is another spelling of s.
    ['manife\u017fts', 'manifests'],
    ['layer\u017f', 'layers'],
  ])('%s', (name, right) => {
    for (const [document, type] of [
      [image, ociManifest],
      [index, ociIndex],
      [{ schemaVersion: 2 }, 'application/vnd.example+json'],
    ] as const) {
      const error = refusal(() => parse({ ...document, [name]: [] }, type));
      expect(error.message).toContain(`must be spelt "${right}"`);
    }
  });

  test('other names are spelt as one likes', () => {
    expect(parse({ ...image, Extra: 1, extra: 2, 'LAYERS.': 3 }, ociManifest).kind).toBe('image');
  });
});

describe('what is taken', () => {
  test.each([
    ['an OCI image', image, ociManifest, 'image'],
    ['a Docker image', { ...image, mediaType: dockerManifest }, dockerManifest, 'image'],
    ['an OCI index', index, ociIndex, 'index'],
    ['a Docker list', { ...index, mediaType: dockerList }, dockerList, 'index'],
    ['an image that does not say what it is', { ...image, mediaType: undefined }, ociManifest, 'image'],
    ['an image without layers', { ...image, layers: [] }, ociManifest, 'image'],
    ['an empty index', { ...index, manifests: [] }, ociIndex, 'index'],
    [
      'nulls, as Go writes for what is not there',
      { ...image, annotations: null, subject: null },
      ociManifest,
      'image',
    ],
    [
      'a type that nobody knows',
      { schemaVersion: 2, what: 'ever' },
      'application/vnd.example+json',
      'opaque',
    ],
  ] as const)('%s', (_, document, type, kind) => {
    const manifest = parse(document, type);
    expect([manifest.kind, manifest.mediaType]).toEqual([kind, type]);
    expect(manifest.document).toEqual(JSON.parse(JSON.stringify(document)));
  });

  test.each([
    '',
    'text/html',
    'application/json',
    'application/octet-stream',
    'application/x+json; a=b',
    `application/${'x'.repeat(300)}+json`,
  ])('not as %j', (type) => {
    expect(refusal(() => parse(image, type)).message).toMatch(/^not the media type of a manifest/);
  });
});

test('children are config and layers, or manifests; a subject is none', () => {
  const subject = described('subject');
  const digests = (list: readonly { digest: string }[]): string[] => list.map(({ digest }) => digest);
  const one = parse({ ...image, subject }, ociManifest);
  expect(digests(childBlobs(one))).toEqual(
    ['a config', 'one', 'two', 'three', 'four'].map((name) => named(name)),
  );
  expect(childManifests(one)).toEqual([]);
  const many = parse({ ...index, subject }, ociIndex);
  expect(digests(childManifests(many))).toEqual(['amd64', 'arm64'].map((name) => named(name)));
  expect(childBlobs(many)).toEqual([]);
  const opaque = parse({ schemaVersion: 2, subject }, 'application/vnd.example+json');
  expect([childBlobs(opaque), childManifests(opaque), opaque.subject]).toEqual([[], [], subject]);
});

// @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
describe('as a referrer, it is listed with', () => {
  const annotations = { 'org.example.a': 'b' };
  test.each([
    ['its own type', { ...image, artifactType: 'a/b' }, ociManifest, { artifactType: 'a/b' }],
    ["its config's type", image, ociManifest, { artifactType: mediaTypes.ociConfig }],
    [
      "its config's type, where its own is empty",
      { ...image, artifactType: '' },
      ociManifest,
      { artifactType: mediaTypes.ociConfig },
    ],
    ['no type, as an index without one', index, ociIndex, {}],
    ['no type, where that of the index is empty', { ...index, artifactType: '' }, ociIndex, {}],
    ['the type of the index', { ...index, artifactType: 'a/b' }, ociIndex, { artifactType: 'a/b' }],
    ['its annotations', { ...index, annotations }, ociIndex, { annotations }],
  ] as const)('%s', (_, document, type, more) => {
    const whole = described('referrer', {
      mediaType: type,
      platform: { os: 'linux', architecture: 'amd64' },
    });
    const { mediaType, digest, size } = whole;
    expect(referrerDescriptor(parse(document, type), whole)).toEqual({ mediaType, digest, size, ...more });
  });
});
