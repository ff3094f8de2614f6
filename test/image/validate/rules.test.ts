import { describe, expect, test } from 'vitest';
import { validateDocument } from '../../../src/image/index.ts';
import { digestOf, Invalid } from '../../../src/oci/index.ts';
import { specimens, spoilt } from './specimens.ts';
import { furtherTable, table } from './table.ts';

const bytesOf = (document: unknown): Uint8Array => Buffer.from(JSON.stringify(document));

test.each(Object.entries(specimens))('there is nothing wrong with a good %s', (_, document) => {
  expect(validateDocument(bytesOf(document), { official: true })).toEqual([]);
});

describe.each([...table, ...furtherTable])('%s (%s)', (_, specimen, change, weight, pointer) => {
  const bytes = bytesOf(spoilt(specimen, change));

  test(`${weight} ${pointer}`, () => {
    const problems = validateDocument(bytes);
    expect(problems).toContainEqual(expect.objectContaining({ rule: weight, document: '', pointer }));
    expect(problems.some(({ severity }) => severity === 'error')).toBe(weight === 'must');
    const strict = validateDocument(bytes, { official: true });
    expect(strict.map((problem) => ({ ...problem, severity: '' }))).toEqual(
      problems.map((problem) => ({ ...problem, severity: '' })),
    );
  });
});

test('all that is wrong is told, and not only the first', () => {
  const bytes = bytesOf(
    spoilt('index', {
      '/schemaVersion': 1,
      '/manifests/0/digest': 'x',
      '/manifests/0/size': -1,
      '/manifests/1/platform': undefined,
      '/annotations/x.y': 1,
    }),
  );
  expect(validateDocument(bytes).map(({ pointer, severity }) => [pointer, severity])).toEqual([
    ['/schemaVersion', 'error'],
    ['/annotations/x.y', 'error'],
    ['/manifests/0/digest', 'error'],
    ['/manifests/0/size', 'error'],
    ['/manifests/1/platform', 'warning'],
    ['/manifests/1/annotations/vnd.docker.reference.digest', 'warning'],
  ]);
});

test('what the Docker Official Images do not have is a warning, unless it is to be an error', () => {
  const bytes = bytesOf(spoilt('image', { '/artifactType': 'a/b' }));
  expect(validateDocument(bytes)).toEqual([
    {
      severity: 'warning',
      rule: 'official',
      document: '',
      pointer: '/artifactType',
      message: 'want none, got "a/b"',
    },
  ]);
  expect(validateDocument(bytes, { official: true })).toMatchObject([{ severity: 'error' }]);
});

test('the index of a layout need not say platforms', () => {
  const bytes = bytesOf(spoilt('index', { '/manifests/0/platform': undefined }));
  expect(validateDocument(bytes, { platformsOptional: true })).toEqual([]);
});

test('whether it is an attestation can be told', () => {
  const bytes = bytesOf(spoilt('attestation', { '/artifactType': undefined }));
  expect(validateDocument(bytes, { official: true })).toEqual([]);
  expect(validateDocument(bytes, { attestation: false })).toMatchObject([{ pointer: '/layers/0/mediaType' }]);
});

test('embedded data that is what it stands for', () => {
  const data = { '/config/data': 'e30=', '/config/size': 2, '/config/digest': digestOf(Buffer.from('{}')) };
  expect(validateDocument(bytesOf(spoilt('image', data)), { official: true })).toEqual([]);
});

test.each<[string, unknown, string]>([
  ['a list', [], ''],
  ['an object of no kind', {}, '/mediaType'],
  ['a media type that is a number', { mediaType: 1, schemaVersion: 2 }, '/mediaType'],
])('%s', (_, document, pointer) => {
  expect(validateDocument(bytesOf(document))).toMatchObject([{ severity: 'error', pointer }]);
});

test.each([['{'], ['{"a":1,"a":2}'], ['\xff']])('what is no JSON document is not looked at: %s', (text) => {
  expect(() => validateDocument(Buffer.from(text, 'latin1'))).toThrow(Invalid);
});
