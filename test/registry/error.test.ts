import { describe, expect, test } from 'vitest';
import { Invalid } from '../../src/oci/index.ts';
import {
  errorCode,
  fromInvalid,
  isDenied,
  isMissingChild,
  isNotFound,
  isRateLimited,
  isRegistryError,
  isVerificationFailure,
  missingDigests,
  notFound,
  RegistryError,
  repositoryNotFound,
  type ErrorFacts,
} from '../../src/registry/index.ts';
import { named } from '../oci/words.ts';

type Answer = 'not found' | 'denied' | 'rate limited' | 'not verified' | 'missing child';

/** All that can be asked of an error, and is true of it. */
function answers(error: unknown): readonly Answer[] {
  const questions: Readonly<Record<Answer, (error: unknown) => boolean>> = {
    'not found': isNotFound,
    denied: isDenied,
    'rate limited': isRateLimited,
    'not verified': isVerificationFailure,
    'missing child': isMissingChild,
  };
  return (Object.keys(questions) as Answer[]).filter((question) => questions[question](error));
}

describe('what an error means', () => {
  test.each<readonly [code: string, facts: ErrorFacts, is: readonly Answer[]]>([
    ['BLOB_UNKNOWN', {}, ['not found', 'missing child']],
    ['MANIFEST_UNKNOWN', {}, ['not found']],
    ['NAME_UNKNOWN', {}, ['not found']],
    ['BLOB_UPLOAD_UNKNOWN', {}, ['not found']],
    // Codes that servers invent: the status tells. Harbor's, GitLab's, and none at all.
    ['NOT_FOUND', { status: 404 }, ['not found']],
    ['PROJECT_UNKNOWN', { status: 404 }, ['not found']],
    ['UNKNOWN', { status: 404 }, ['not found']],
    ['NOT_FOUND', {}, []],
    // A refused push of a manifest is about what it refers to.
    ['MANIFEST_BLOB_UNKNOWN', { status: 404 }, ['missing child']],
    ['MANIFEST_BLOB_UNKNOWN', { status: 400 }, ['missing child']],
    ['MANIFEST_UNKNOWN', { status: 404, method: 'PUT' }, ['not found', 'missing child']],
    ['MANIFEST_UNKNOWN', { status: 404, method: 'GET' }, ['not found']],
    ['UNAUTHORIZED', {}, ['denied']],
    ['DENIED', {}, ['denied']],
    ['UNKNOWN', { status: 401 }, ['denied']],
    ['FORBIDDEN', { status: 403 }, ['denied']],
    ['TOOMANYREQUESTS', {}, ['rate limited']],
    ['TOO_MANY_REQUESTS', { status: 429 }, ['rate limited']],
    ['DIGEST_MISMATCH', {}, ['not verified']],
    ['SIZE_MISMATCH', {}, ['not verified']],
    ['MEDIA_TYPE_CONFLICT', {}, ['not verified']],
    ['BLOB_CORRUPT', {}, ['not verified']],
    // What was pushed was wrong, not what was read.
    ['DIGEST_INVALID', { status: 400 }, []],
    ['UNAVAILABLE', { status: 503 }, []],
    ['UNKNOWN', { status: 500 }, []],
  ])('%s %j: %j', (code, facts, is) => {
    expect(answers(new RegistryError(code, 'x', facts))).toEqual(is);
  });

  test.each([
    undefined,
    null,
    'BLOB_UNKNOWN',
    404,
    {},
    new Error('x'),
    { code: 'BLOB_UNKNOWN', status: 404 },
  ])('nothing is known of %s', (thing) => {
    expect(answers(thing)).toEqual([]);
    expect([isRegistryError(thing), errorCode(thing)]).toEqual([false, undefined]);
  });

  test('an error of another copy of this package is one as well', () => {
    const theirs = Object.assign(new Error('x'), { name: 'RegistryError', code: 'BLOB_UNKNOWN' });
    expect(isRegistryError(theirs)).toBe(true);
    expect(errorCode(theirs)).toBe('BLOB_UNKNOWN');
    expect(isNotFound(theirs)).toBe(true);
  });
});

test('an error says what, where and why', () => {
  const cause = new Error('why');
  const facts = {
    status: 429,
    method: 'GET',
    url: 'https://registry.test/v2/',
    repository: 'a/b',
    reference: 'v1',
    detail: { a: 1 },
    retryAfter: 3,
    cause,
  };
  const error = new RegistryError('TOOMANYREQUESTS', 'too often', facts);
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({
    name: 'RegistryError',
    code: 'TOOMANYREQUESTS',
    message: 'too often',
    ...facts,
  });
  expect(Object.hasOwn(new RegistryError('UNKNOWN', 'x'), 'cause')).toBe(false);
});

test('missing digests, as far as the server named them', () => {
  const detail = [named('a layer')];
  expect(missingDigests(new RegistryError('MANIFEST_BLOB_UNKNOWN', 'x', { detail }))).toEqual(detail);
  expect(missingDigests(new RegistryError('MANIFEST_BLOB_UNKNOWN', 'x'))).toEqual([]);
  expect(missingDigests(new RegistryError('MANIFEST_BLOB_UNKNOWN', 'x', { detail: 'sha256:x' }))).toEqual([]);
});

test('a malformed word becomes the error of the operation; other errors stay', () => {
  const invalid = new Invalid('descriptor', 'want a text', '/layers/3/size');
  expect(fromInvalid(invalid, 'MANIFEST_INVALID', { status: 400 })).toMatchObject({
    code: 'MANIFEST_INVALID',
    message: '/layers/3/size: want a text',
    status: 400,
    cause: invalid,
  });
  const other = new TypeError('x');
  expect(fromInvalid(other, 'MANIFEST_INVALID')).toBe(other);
});

test('what stores say of what they do not have', () => {
  expect(notFound('MANIFEST_UNKNOWN', 'a/b', 'v1')).toMatchObject({
    code: 'MANIFEST_UNKNOWN',
    status: 404,
    repository: 'a/b',
    reference: 'v1',
  });
  expect(repositoryNotFound('a/b')).toMatchObject({ code: 'NAME_UNKNOWN', status: 404, repository: 'a/b' });
});
