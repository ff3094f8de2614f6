import { expect, test } from 'vitest';
import { requestKind } from '../../src/protocol/index.ts';

test.each([
  ['/v2/', 'ping'],
  ['/v2', 'ping'],
  ['/mirror/v2/', 'ping'],
  ['/v2/_catalog', 'catalog'],
  ['/v2/a/b/manifests/latest', 'manifest'],
  ['/v2/a/manifests/v2', 'manifest'],
  ['/v2/a/manifests/token', 'manifest'],
  ['/v2/v2/manifests/sha256:00', 'manifest'],
  ['/v2/a/blobs/sha256:00', 'blob'],
  ['/v2/a/blobs/uploads/', 'upload'],
  ['/v2/a/tags/list', 'tags'],
  ['/v2/a/referrers/sha256:00', 'referrers'],
  ['/token', 'token'],
  ['/service/auth', 'token'],
  ['/v2/auth', 'token'],
  ['/v2/token', 'token'],
  ['/elsewhere/sha256/00', 'other'],
])('%s is asked for %s', (path, kind) => {
  expect(requestKind(path)).toBe(kind);
});
