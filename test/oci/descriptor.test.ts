import { describe, expect, test } from 'vitest';
import { checkAnnotations, parseDescriptor, type Json } from '../../src/oci/index.ts';
import { bytes, described, named, refusal } from './words.ts';

const layer = described('a layer');
const text = (content: string): Record<string, Json> => ({
  mediaType: 'text/plain',
  digest: named(content),
  size: content.length,
  data: Buffer.from(bytes(content)).toString('base64'),
});

type Spoiled = readonly [value: Json | undefined, pointer: string, words: RegExp];

/** A good descriptor with one field changed: the error points at that field. */
function spoiled(field: string, value: Json, words: RegExp): Spoiled {
  return [{ ...layer, [field]: value } as unknown as Json, `/layers/3/${field}`, words];
}

const REFUSED: Readonly<Record<string, Spoiled>> = {
  'no descriptor': [undefined, '/layers/3', /want a descriptor/],
  null: [null, '/layers/3', /want a descriptor/],
  'an array': [[], '/layers/3', /want a descriptor/],
  'a text': ['x', '/layers/3', /want a descriptor/],
  'no media type': [
    { digest: layer.digest, size: 1 },
    '/layers/3/mediaType',
    /want a media type, got nothing/,
  ],
  'a media type that is none': spoiled('mediaType', 'text', /want a media type, got "text"/),
  'a media type with parameters': spoiled('mediaType', 'text/plain; charset=utf-8', /want a media type/),
  'a digest that is a number': spoiled('digest', 7, /want a digest, got 7/),
  'a digest that is none': spoiled('digest', 'sha256:bad', /sha256 needs 64 hex characters, got 3/),
  'a digest in upper case': spoiled('digest', `sha256:${'A'.repeat(64)}`, /lowercase/),
  'a digest that leads elsewhere': spoiled('digest', 'sha256:../../etc/passwd', /invalid digest/),
  'a size below zero': spoiled('size', -1, /want a whole number of bytes, got -1/),
  'a size of half a byte': spoiled('size', 1.5, /got 1.5/),
  'a size that is a text': spoiled('size', '12', /got "12"/),
  'a size over 2^53': spoiled('size', 2 ** 53, /whole number/),
  'a size of 1e21': spoiled('size', 1e21, /whole number/),
  'a size of null': spoiled('size', null, /got null/),
  'urls that are a text': spoiled('urls', 'http://127.0.0.1/', /want a list of texts/),
  'urls with a number': spoiled('urls', ['http://127.0.0.1/', 1], /want a list of texts/),
  'annotations that are a list': spoiled('annotations', ['a'], /want an object of texts/),
  'an annotation that is a number': [
    { ...layer, annotations: { 'org.example/a~b': 1 } } as unknown as Json,
    '/layers/3/annotations/org.example~1a~0b',
    /want a text/,
  ],
  'an artifact type that is a number': spoiled('artifactType', 1, /want a text, got 1/),
  'a platform that is a text': spoiled('platform', 'linux/amd64', /want an object/),
  'an architecture that is a number': [
    { ...text('x'), platform: { os: 'linux', architecture: 386 } },
    '/layers/3/platform/architecture',
    /want a text, got 386/,
  ],
  'features that are a text': [
    { ...text('x'), platform: { 'os.features': 'win32k' } },
    '/layers/3/platform/os.features',
    /want a list of texts/,
  ],
  'data that is a number': spoiled('data', 1, /want base64/),
  'data that is not base64': spoiled('data', '***', /not valid base64/),
  'data without its padding': [{ ...text('ab'), data: 'YWI' }, '/layers/3/data', /not valid base64/],
  'data of other bytes': [
    { ...text('ab'), data: 'Y2Q=' },
    '/layers/3/data',
    /does not match digest and size/,
  ],
  'data of another length': [{ ...text('ab'), size: 3 }, '/layers/3/data', /does not match digest and size/],
};

describe('parseDescriptor', () => {
  test.each(Object.entries(REFUSED))('refuses %s', (_, [value, pointer, words]) => {
    const error = refusal(() => parseDescriptor(value, '/layers/3'));
    expect(error).toMatchObject({ subject: 'descriptor', pointer });
    expect(error.message).toMatch(words);
    expect(error.message.startsWith(`${pointer}: `)).toBe(true);
  });

  test.each<readonly [string, Record<string, Json>]>([
    ['the least', layer as unknown as Record<string, Json>],
    ['no bytes', { ...text(''), size: 0 }],
    ['its own bytes', text('hello')],
    ['an algorithm that cannot be verified', { ...text('x'), digest: 'whirlpool:abcdef' }],
    ['an empty platform, as some indexes have', { ...text('x'), platform: {} }],
    [
      'nulls, as Go writes for what is not there',
      { ...text('x'), annotations: null, urls: null, platform: null },
    ],
    ['fields that nobody knows', { ...text('x'), 'org.example': [1] }],
    ['empty annotations', { ...text('x'), annotations: { 'org.example.empty': '' } }],
  ])('takes %s, and gives the same object', (_, value) => {
    expect(parseDescriptor(value, '')).toBe(value);
  });

  test('what is printed of a value is short and plain', () => {
    const error = refusal(() =>
      parseDescriptor({ ...layer, size: `\u001b[31m${'x'.repeat(5000)}` } as unknown as Json, ''),
    );
    expect(error.message.length).toBeLessThan(200);
    expect(error.message).not.toContain('\u001b');
  });
});

test('annotations may be missing, and are texts', () => {
  checkAnnotations(undefined, '/annotations');
  checkAnnotations({ a: '', 'b/c': 'd' }, '/annotations');
  expect(refusal(() => checkAnnotations({ a: 'x', b: null }, '/annotations')).pointer).toBe('/annotations/b');
});
