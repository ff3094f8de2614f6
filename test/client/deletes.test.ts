import { expect, test } from 'vitest';
import type { RegistryClient } from '../../src/client/index.ts';
import { isNotFound, RegistryError } from '../../src/registry/index.ts';
import type { Answer, Exchange } from '../../src/testing/index.ts';
import { leapingClock } from '../transport/clock.ts';
import { during, failure, hello, image } from './talk.ts';

const deleted = (path: string, answer: Answer): Exchange => ({ request: `DELETE /v2/r/${path}`, answer });
const byDigest = `manifests/${image.digest}`;
const removeManifest = (registry: RegistryClient) => registry.deleteManifest('r', image.digest);
const removeTag = (registry: RegistryClient) => registry.deleteManifest('r', '1');

test.each([202, 200, 204])('[row 71] a manifest by its digest, answered with %i', async (status) => {
  await during([deleted(byDigest, { status })], removeManifest);
});

test('[row 71] what is not there, and what may not be deleted, can be told from one another', async () => {
  const gone = await failure(during([deleted(byDigest, { status: 404 })], removeManifest));
  expect(gone).toMatchObject({ code: 'MANIFEST_UNKNOWN', status: 404 });
  expect(isNotFound(gone)).toBe(true);
  const off = await failure(during([deleted(byDigest, { status: 405 })], removeManifest));
  expect(off).toMatchObject({ code: 'UNSUPPORTED', status: 405 });
});

test('[row 72] a tag, and then once more', async () => {
  await during([deleted('manifests/1', { status: 202 })], removeTag);
  const error = await failure(during([deleted('manifests/1', { status: 404 })], removeTag));
  expect(error.code).toBe('MANIFEST_UNKNOWN');
});

test('[row 77] a blob', async () => {
  await during([deleted(`blobs/${hello.digest}`, { status: 202 })], (registry) =>
    registry.deleteBlob('r', hello.digest),
  );
});

test('a 404 to a request that was sent again: the first one had been heeded, and its answer was lost', async () => {
  const options = { retries: 5, clock: leapingClock() };
  for (const lost of [{ reset: true }, { status: 502 }]) {
    await during([deleted('manifests/1', lost), deleted('manifests/1', { status: 404 })], removeTag, options);
    const blob = `blobs/${hello.digest}`;
    await during(
      [deleted(blob, lost), deleted(blob, { status: 404 })],
      (registry) => registry.deleteBlob('r', hello.digest),
      options,
    );
  }
});

const refused = new RegistryError('UNAVAILABLE', 'nobody listens', {
  cause: Object.assign(new Error(), { code: 'ECONNREFUSED' }),
});

test.each<readonly [string, Answer]>([
  ['429 says that it was not done', { status: 429 }],
  ['nobody listened', { fail: refused }],
])('a 404 to a request that was sent again as %s: there was nothing to delete', async (_, first) => {
  const options = { retries: 5, clock: leapingClock() };
  const rows = [deleted('manifests/1', first), deleted('manifests/1', { status: 404 })];
  expect((await failure(during(rows, removeTag, options))).code).toBe('MANIFEST_UNKNOWN');
});

test('a 404 behind an answer that was lost and a 429: the first may have been heeded', async () => {
  const options = { retries: 5, clock: leapingClock() };
  const rows = [{ reset: true }, { status: 429 }, { status: 404 }].map((answer) =>
    deleted('manifests/1', answer),
  );
  await during(rows, removeTag, options);
});

test('a 404 behind an answer that was lost and a token that ended meanwhile: the first may have been heeded', async () => {
  const realm = 'https://registry.test/token';
  const challenge: Answer = { status: 401, headers: { 'www-authenticate': `Bearer realm="${realm}"` } };
  const answered = (answer: Answer): Exchange => deleted('manifests/1', answer);
  const token = (word: string): Exchange => ({
    request: 'GET /token?scope=repository:r:delete',
    answer: { status: 200, body: JSON.stringify({ token: word }) },
  });
  const options = { retries: 5, clock: leapingClock() };
  const gone: Answer = { status: 404 };
  await during(
    [
      answered(challenge),
      token('one'),
      answered({ status: 202 }),
      answered({ reset: true }),
      answered(challenge),
      token('two'),
      answered(gone),
    ],
    async (registry) => {
      await removeTag(registry);
      await removeTag(registry);
    },
    options,
  );
  // Nothing is done for somebody who has not said who he is.
  const unnamed = [answered({ reset: true }), answered(challenge), token('one'), answered(gone)];
  expect((await failure(during(unnamed, removeTag, options))).code).toBe('MANIFEST_UNKNOWN');
});
