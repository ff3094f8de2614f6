import { describe, expect, test } from 'vitest';
import { formatDocument, parseDocument, readDocuments } from '../../../src/image/index.ts';
import { digestOf, Invalid } from '../../../src/oci/index.ts';

const A = `sha256:${'a'.repeat(64)}`;
const B = `sha256:${'b'.repeat(64)}`;
const INDEX = 'application/vnd.oci.image.index.v1+json';

const normal = (document: object | string): unknown =>
  JSON.parse(
    formatDocument(parseDocument(typeof document === 'string' ? document : JSON.stringify(document))),
  );
const inBase64 = (text: string): string => Buffer.from(text).toString('base64');
const digest = (text: string): string => digestOf(Buffer.from(text));

/** What is written of a document; and that it is the same when it is read again. */
function becomes(document: object | string, want: object): void {
  const first = normal(document);
  expect(first).toEqual(want);
  expect(normal(first as object)).toEqual(want);
}

describe('data', () => {
  test('JSON is taken as jq --tab writes it, with a newline at its end', () => {
    const text = `{\n\t"mediaType": "${INDEX}",\n\t"manifests": []\n}\n`;
    becomes(
      { type: 'manifest', refs: ['localhost:5000/app:1'], data: { mediaType: INDEX, manifests: [] } },
      {
        type: 'manifest',
        refs: [`localhost:5000/app:1@${digest(text)}`],
        data: inBase64(text),
        mediaType: INDEX,
      },
    );
  });

  test.each([
    ['what fits on one line has none', '{}', '{}'],
    ['not even a number', '1.50', '1.50'],
    ['nor false', 'false', 'false'],
    [
      'names keep their order, and numbers their digits',
      '{"b":1e2,"1":0.10}',
      '{\n\t"b": 1e2,\n\t"1": 0.10\n}\n',
    ],
  ])('%s', (_, json, text) => {
    becomes(`{"type":"blob","refs":["localhost:5000/app"],"data":${json}}`, {
      type: 'blob',
      refs: [`localhost:5000/app@${digest(text)}`],
      data: inBase64(text),
    });
  });

  test('a string is base64, and its bytes stay what they are', () => {
    const text = `{"mediaType": "${INDEX}"}`;
    becomes(
      { type: 'manifest', refs: ['localhost:5000/app'], data: inBase64(text) },
      {
        type: 'manifest',
        refs: [`localhost:5000/app@${digest(text)}`],
        data: inBase64(text),
        mediaType: INDEX,
      },
    );
  });

  test('bytes may be none at all', () => {
    becomes(
      { type: 'blob', refs: ['localhost:5000/app'], data: '' },
      {
        type: 'blob',
        refs: [`localhost:5000/app@${digest('')}`],
        data: '',
      },
    );
  });

  test('an index says where its images are; tags and digests there do not matter any more', () => {
    const text = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [] });
    becomes(
      {
        type: 'manifest',
        refs: ['app:1', 'docker.io/library/app:latest', 'localhost:5000/a/b:1'],
        lookup: { [B]: `staging/app:b@${B}`, [A]: 'staging/app:a', '': 'staging/other:1' },
        data: inBase64(text),
      },
      {
        type: 'manifest',
        refs: ['app:1', 'app:latest', 'localhost:5000/a/b:1'].map((name) => `${name}@${digest(text)}`),
        lookup: { '': 'staging/other', [A]: 'staging/app', [B]: 'staging/app' },
        data: inBase64(text),
        mediaType: INDEX,
      },
    );
  });

  test('a digest of another algorithm is computed as well', () => {
    const sha512 = digestOf(Buffer.from('{}'), 'sha512');
    becomes(
      { type: 'blob', refs: [`localhost:5000/app@${sha512}`], data: {} },
      {
        type: 'blob',
        refs: [`localhost:5000/app@${sha512}`],
        data: inBase64('{}'),
      },
    );
  });
});

describe('without data something is copied', () => {
  const refs = ['localhost:5000/app'];
  for (const type of ['manifest', 'blob'] as const) {
    test.each<[string, object, object]>([
      [
        'from the only entry of lookup',
        { refs, lookup: { [A]: 'staging/app' } },
        {
          refs: [`${refs[0]}@${A}`],
          lookup: { '': 'staging/app', [A]: 'staging/app' },
          copyFrom: `staging/app@${A}`,
        },
      ],
      [
        'from a fallback with a digest',
        { refs, lookup: { '': `staging/app@${A}` } },
        { refs: [`${refs[0]}@${A}`], lookup: { '': 'staging/app' }, copyFrom: `staging/app@${A}` },
      ],
      [
        'from a fallback with a tag and a digest',
        { refs, lookup: { '': `staging/app:1@${A}` } },
        { refs: [`${refs[0]}@${A}`], lookup: { '': 'staging/app' }, copyFrom: `staging/app@${A}` },
      ],
      [
        'from a fallback, by the digest of refs',
        { refs: [`${refs[0]}@${A}`, 'localhost:5000/other'], lookup: { '': 'staging/app' } },
        {
          refs: [`${refs[0]}@${A}`, `localhost:5000/other@${A}`],
          lookup: { '': 'staging/app' },
          copyFrom: `staging/app@${A}`,
        },
      ],
      [
        'from a fallback, by the digest of refs though it has a tag',
        { refs: [`${refs[0]}@${A}`], lookup: { '': 'staging/app:1' } },
        { refs: [`${refs[0]}@${A}`], lookup: { '': 'staging/app' }, copyFrom: `staging/app@${A}` },
      ],
      [
        'from the entry for the digest of refs, where there are several',
        { refs: [`${refs[0]}@${A}`], lookup: { [B]: 'staging/b', [A]: 'staging/a' }, data: null },
        {
          refs: [`${refs[0]}@${A}`],
          lookup: { '': 'staging/a', [A]: 'staging/a', [B]: 'staging/b' },
          copyFrom: `staging/a@${A}`,
        },
      ],
    ])(`a ${type}: %s`, (_, document, want) => becomes({ type, ...document }, { type, ...want }));
  }

  test('a manifest also by its tag, whose digest nobody has said', () => {
    becomes(
      { type: 'manifest', refs: ['localhost:5000/app:1'], lookup: { '': 'staging/app:1' } },
      {
        type: 'manifest',
        refs: ['localhost:5000/app:1'],
        lookup: { '': 'staging/app:1' },
        copyFrom: 'staging/app:1',
      },
    );
  });
});

describe('what is refused, with its place', () => {
  const refs = ['localhost:5000/app'];
  test.each<[string, unknown]>([
    ['document: want a JSON object', []],
    ['/type: is missing: want "manifest" or "blob"', { refs }],
    ['/type: "index": want "manifest" or "blob"', { type: 'index', refs }],
    ['/refs: is missing', { type: 'blob' }],
    ['/refs: is missing', { type: 'blob', refs: null }],
    ['/refs: is empty', { type: 'blob', refs: [] }],
    ['/refs: "app": want a list', { type: 'blob', refs: 'app' }],
    ['/refs/1: 7: want a reference', { type: 'manifest', refs: ['app', 7] }],
    ['/refs/0: invalid reference "app@bad"', { type: 'manifest', refs: ['app@bad'] }],
    ['/refs/0: invalid reference "..."', { type: 'manifest', refs: ['...'] }],
    ['/refs/0: invalid reference "app:#"', { type: 'manifest', refs: ['app:#'] }],
    ['/refs/0: invalid reference "app?x"', { type: 'manifest', refs: ['app?x'] }],
    [
      `/refs/1: has the digest ${B}, but another one has ${A}`,
      { type: 'manifest', refs: [`a@${A}`, `b@${B}`] },
    ],
    ['/refs/0: a blob cannot have the tag "1"', { type: 'blob', refs: ['app:1'] }],
    ['/lookup: []: want an object', { type: 'blob', refs, lookup: [] }],
    ['/lookup/not a digest: invalid digest', { type: 'blob', refs, lookup: { 'not a digest': 'app' } }],
    [`/lookup/${A}: invalid reference "://#"`, { type: 'blob', refs, lookup: { [A]: '://#' } }],
    [`/lookup/${A}: has the digest ${B}`, { type: 'blob', refs, lookup: { [A]: `app@${B}` } }],
    [
      `/lookup: has only ${B} to copy, but refs name ${A}`,
      { type: 'blob', refs: [`a@${A}`], lookup: { [B]: 'b' } },
    ],
    [
      '/lookup: blobs go by their digests, and app:1 has none',
      { type: 'blob', refs, lookup: { '': 'app:1' } },
    ],
    ['/data: is missing', { type: 'blob', refs }],
    ['/data: is missing', { type: 'manifest', refs, lookup: { '': 'app' } }],
    ['/data: is missing', { type: 'manifest', refs, lookup: { [A]: 'a', [B]: 'b' } }],
    ['/data: a string there has to be base64', { type: 'blob', refs, data: 'no base64!' }],
    ['/data: a string there has to be base64', { type: 'blob', refs, data: 'abc' }],
    [`/data: is ${digest('{}')}, but refs name ${A}`, { type: 'blob', refs: [`app@${A}`], data: {} }],
    ['/data: a manifest has to be JSON', { type: 'manifest', refs, data: inBase64('{') }],
    ['/data: a manifest has to be a JSON object', { type: 'manifest', refs, data: [] }],
    ['/data/mediaType: is missing', { type: 'manifest', refs, data: {} }],
    ['/data/mediaType: is missing', { type: 'manifest', refs, data: { mediaType: '' } }],
  ])('%s', (message, document) => {
    let error: unknown;
    try {
      parseDocument(JSON.stringify(document));
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(Invalid);
    expect(error).toMatchObject({ subject: 'document' });
    expect((error as Invalid).message.slice(0, message.length)).toBe(message);
  });
});

test('a stream is read document by document; a malformed one is named with its number and line', async () => {
  const good = '{ "type": "blob",\n "refs": ["localhost:5000/app"],\n "data": {} }';
  const read = async (text: string): Promise<readonly [number, number][]> => {
    const found: [number, number][] = [];
    for await (const { number, line } of readDocuments(chunks(text))) found.push([number, line]);
    return found;
  };
  expect(await read(`${good}\n\n${good}${good}\n`)).toEqual([
    [1, 1],
    [2, 5],
    [3, 7],
  ]);
  await expect(read(`${good}\n{ "type": "blob" }`)).rejects.toThrow('document 2, line 4: /refs: is missing');
  await expect(read(`${good}\n{ "type": }`)).rejects.toThrow('document 2, line 4: not valid JSON');
  await expect(read(`${good}\n{ "type"`)).rejects.toThrow('document 2, line 4: ends in the middle');
});

async function* chunks(text: string): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += 10) yield text.slice(at, at + 10);
}
