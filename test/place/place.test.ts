import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import type { Digest } from '../../src/oci/index.ts';
import { createPlaces, type Places } from '../../src/place/index.ts';
import { scripted } from '../../src/testing/index.ts';

const digest = `sha256:${'0'.repeat(64)}` as Digest;

test.each([
  ['alpine', 'library/alpine', 'latest', `alpine@${digest}`],
  ['alpine:latest', 'library/alpine', 'latest', `alpine:latest@${digest}`],
  ['index.docker.io/a/b:1', 'a/b', '1', `a/b:1@${digest}`],
  ['localhost:5000/x:y', 'x', 'y', `localhost:5000/x:y@${digest}`],
  [`ghcr.io/a/b@${digest}`, 'a/b', digest, `ghcr.io/a/b@${digest}`],
  [`ghcr.io/a/b:1@${digest}`, 'a/b', digest, `ghcr.io/a/b:1@${digest}`],
  ['oci-layout:dir', 'layout/only', 'latest', `oci-layout:dir@${digest}`],
  ['oci-layout:dir:1', 'layout', '1', `oci-layout:dir:1@${digest}`],
  ['oci-layout:dir::x:1', 'docker.io/library/x', '1', `oci-layout:dir::docker.io/library/x:1@${digest}`],
  [
    'oci-layout:dir::localhost:5000/x',
    'localhost__5000/x',
    'latest',
    `oci-layout:dir::localhost:5000/x:latest@${digest}`,
  ],
  [`oci-layout:dir@${digest}`, 'layout', digest, `oci-layout:dir@${digest}`],
])('%s', (text, repository, reference, name) => {
  const place = createPlaces().open(text);
  expect(place).toMatchObject({ repository, reference });
  expect(place.nameOf(digest)).toBe(name);
});

test('a digest alone brings no tag', () => {
  for (const text of [`ghcr.io/a/b@${digest}`, `oci-layout:dir@${digest}`])
    expect(createPlaces().open(text)).not.toHaveProperty('tag');
});

test.each([
  ['alpine', 'docker.io/library/busybox:1', true],
  ['index.docker.io/a/b', 'registry-1.docker.io/c/d', true],
  ['localhost:5000/a', 'localhost:5000/b', true],
  ['localhost:5000/a', 'localhost:5001/a', false],
  ['localhost:5000/a', '127.0.0.1:5000/a', false],
  ['oci-layout:dir:1', 'oci-layout://./dir:2', true],
  ['oci-layout:dir:1', `oci-layout:${resolve('dir')}`, true],
  ['oci-layout:dir', 'oci-layout:dir::alpine', true],
  ['oci-layout:dir', 'oci-layout:other', false],
])('%s and %s share a registry: %s', (a, b, shared) => {
  const places = createPlaces();
  expect(places.open(a).registry === places.open(b).registry).toBe(shared);
});

test.each(['', 'UPPER/x', 'http://host/x', 'a//b', 'oci-layout:', 'host:99999/x', 'x@sha256:abc'])(
  '%j is refused',
  (text) => {
    expect(() => createPlaces().open(text)).toThrow(
      expect.objectContaining({ code: 'REFERENCE_INVALID', reference: text }),
    );
  },
);

test.each([
  ['localhost:5000/r', [], 'http://localhost:5000'],
  ['localhost/r', [], 'http://localhost'],
  ['127.0.0.1:5000/r', [], 'http://127.0.0.1:5000'],
  ['[::1]:5000/r', [], 'http://[::1]:5000'],
  ['127.0.0.1.evil.example/r', [], 'https://127.0.0.1.evil.example'],
  ['printer.local/r', [], 'https://printer.local'],
  ['10.0.0.1:5000/r', [], 'https://10.0.0.1:5000'],
  ['10.0.0.1:5000/r', ['10.0.0.1:5000'], 'http://10.0.0.1:5000'],
  ['10.0.0.1:5001/r', ['10.0.0.1:5000'], 'https://10.0.0.1:5001'],
  ['10.0.0.1/r', ['10.0.0.1:80'], 'https://10.0.0.1'],
  ['alpine', [], 'https://registry-1.docker.io'],
])('%s, with plain HTTP allowed for %j, is asked at %s', async (text, plainHttp, origin) => {
  const { transport, requests } = scripted([], { origin });
  const { registry, repository } = createPlaces({ transport, plainHttp }).open(text);
  await registry.resolveManifest(repository, '1').catch(() => undefined);
  expect(requests.map(({ url }) => url.origin)).toEqual([origin]);
});

test('closing, also where nothing was opened', async () => {
  const places: Places = createPlaces();
  await places.close();
  places.open('localhost:5000/a');
  await places.close();
});
