import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Invalid } from '../../src/oci/index.ts';
import {
  formatLocalReference,
  isLocalReference,
  parseLocalReference,
  type LocalReference,
} from '../../src/place/index.ts';

const digest = `sha256:${'0'.repeat(64)}`;
const sha512 = `sha512:${'0'.repeat(128)}`;

test.each([
  ['oci-layout:dir', { path: 'dir' }],
  ['oci-layout:dir:1.0', { path: 'dir', tag: '1.0' }],
  ['oci-layout:/a/b:1.0', { path: '/a/b', tag: '1.0' }],
  ['oci-layout:///a/b:1.0', { path: '/a/b', tag: '1.0' }],
  ['oci-layout://dir:1.0', { path: 'dir', tag: '1.0' }],
  ['oci-layout://./dir', { path: './dir' }],
  [`oci-layout:dir@${digest}`, { path: 'dir', digest }],
  [`oci-layout:dir@${sha512}`, { path: 'dir', digest: sha512 }],
  [`oci-layout:dir:1.0@${digest}`, { path: 'dir', tag: '1.0', digest }],
  ['oci-layout:/a@b/c', { path: '/a@b/c' }],
  ['oci-layout:/a@b/c:1', { path: '/a@b/c', tag: '1' }],
  ['oci-layout:a@b', { path: 'a@b' }],
  [`oci-layout:a@b@${digest}`, { path: 'a@b', digest }],
  ['oci-layout:/a:b/c', { path: '/a:b/c' }],
  ['oci-layout:/a:b/c:1', { path: '/a:b/c', tag: '1' }],
  ['oci-layout:C:\\images', { path: 'C:\\images' }],
  ['oci-layout:C:\\images:1', { path: 'C:\\images', tag: '1' }],
  ['oci-layout:C:/images:1', { path: 'C:/images', tag: '1' }],
  ['oci-layout:.', { path: '.' }],
  ['oci-layout:a folder:1', { path: 'a folder', tag: '1' }],
])('%s', (text, parts) => {
  expect(parseLocalReference(text)).toEqual({ scheme: 'oci-layout', ...parts });
  expect(parseLocalReference(formatLocalReference(parseLocalReference(text)))).toEqual({
    scheme: 'oci-layout',
    ...parts,
  });
});

const alpine = 'docker.io/library/alpine';

test.each([
  ['oci-layout:dir::alpine', { path: 'dir', name: `${alpine}:latest` }],
  ['oci-layout:dir::alpine:3.20', { path: 'dir', name: `${alpine}:3.20` }],
  [`oci-layout:/a/b::library/alpine:3.20@${digest}`, { path: '/a/b', name: `${alpine}:3.20`, digest }],
  ['oci-layout:///a/b::docker.io/library/alpine:3.20', { path: '/a/b', name: `${alpine}:3.20` }],
  ['oci-layout:dir::localhost:5000/x:1', { path: 'dir', name: 'localhost:5000/x:1' }],
  ['oci-layout:dir::[::1]:5000/x:1', { path: 'dir', name: '[::1]:5000/x:1' }],
  ['oci-layout:a folder::x:1', { path: 'a folder', name: 'docker.io/library/x:1' }],
  ['oci-layout:C:\\images::x:1', { path: 'C:\\images', name: 'docker.io/library/x:1' }],
  ['oci-layout:/a@b:c::x', { path: '/a@b:c', name: 'docker.io/library/x:latest' }],
  ['oci-layout:/a::b/c::x', { path: '/a::b/c', name: 'docker.io/library/x:latest' }],
  ['oci-layout:/a::b/c::', { path: '/a::b/c' }],
  ['oci-layout:/a::b/c:::1', { path: '/a::b/c', tag: '1' }],
  ['oci-layout:/a:b::', { path: '/a:b' }],
])('%s: a full name, and whatever path', (text, parts) => {
  const read = parseLocalReference(text);
  expect(read).toEqual({ scheme: 'oci-layout', ...parts });
  expect(parseLocalReference(formatLocalReference(read))).toEqual(read);
});

test.each([
  ['oci-archive:x.tar', { path: 'x.tar' }],
  ['oci-archive:x.tar:1.0', { path: 'x.tar', tag: '1.0' }],
  ['oci-archive:x.tar:alpine', { path: 'x.tar', tag: 'alpine' }],
  ['oci-archive:x.tar::alpine', { path: 'x.tar', name: `${alpine}:latest` }],
  ['oci-archive:x.tar:alpine:3.20', { path: 'x.tar', name: `${alpine}:3.20` }],
  ['oci-archive:x.tar:localhost:5000/x:1', { path: 'x.tar', name: 'localhost:5000/x:1' }],
  ['oci-archive:/a:b/x.tar.gz:1', { path: '/a:b/x.tar.gz', tag: '1' }],
  ['oci-archive:C:\\x.tgz:1', { path: 'C:\\x.tgz', tag: '1' }],
  ['oci-archive:C:\\image:1', { path: 'C:\\image', tag: '1' }],
  ['oci-archive:/a/image:1', { path: '/a/image', tag: '1' }],
  ['oci-archive:/a:b/image::', { path: '/a:b/image' }],
  ['oci-archive:/a:b/image:::1', { path: '/a:b/image', tag: '1' }],
  [`oci-archive:x.tar@${digest}`, { path: 'x.tar', digest }],
  ['docker-archive:x.tar', { path: 'x.tar' }],
  ['docker-archive:x.tar:alpine', { path: 'x.tar', name: `${alpine}:latest` }],
  ['docker-archive:x.tar:alpine:3.20', { path: 'x.tar', name: `${alpine}:3.20` }],
])('%s: an archive', (text, parts) => {
  const [scheme] = text.split(':', 1);
  const read = parseLocalReference(text);
  expect(read).toEqual({ scheme, ...parts });
  expect(parseLocalReference(formatLocalReference(read))).toEqual(read);
});

const stores = { store: '/srv/images', a: '/a' };

test.each([
  ['oci-layout://store', { path: '/srv/images' }],
  ['oci-layout://store:1', { path: '/srv/images', tag: '1' }],
  [`oci-layout://store@${digest}`, { path: '/srv/images', digest }],
  ['oci-layout://store/alpine', { path: '/srv/images', name: `${alpine}:latest` }],
  [`oci-layout://store/alpine:3.20@${digest}`, { path: '/srv/images', name: `${alpine}:3.20`, digest }],
  ['oci-layout://store/localhost:5000/x:1', { path: '/srv/images', name: 'localhost:5000/x:1' }],
  ['oci-layout://stores/alpine', { path: 'stores/alpine' }],
  ['oci-layout://./store', { path: './store' }],
  ['oci-layout:store', { path: 'store' }],
  ['oci-layout:///store/alpine', { path: '/store/alpine' }],
  ['oci-layout://toString/alpine', { path: 'toString/alpine' }],
])('%s, where there is a store of that name', (text, parts) => {
  expect(parseLocalReference(text, stores)).toEqual({ scheme: 'oci-layout', ...parts });
});

test.each([
  ['oci-layout:', 'the folder is missing'],
  ['oci-layout://', 'the folder is missing'],
  ['oci-layout::1', 'the folder is missing'],
  [`oci-layout:@${digest}`, 'the folder is missing'],
  ['oci-layout:dir:', 'empty tag'],
  ['oci-layout:dir:-x', 'invalid tag "-x"'],
  ['oci-layout:dir:a b', 'invalid tag'],
  ['oci-layout:dir@sha256:abc', '64 hex'],
  [`oci-layout:dir@sha256:${'A'.repeat(64)}`, 'lowercase'],
  ['oci-layout:a\0b', 'not allowed'],
  ['oci-layout:dir::UPPER', 'lowercase'],
  ['oci-layout:dir::a b', 'invalid'],
  ['oci-layout:dir:::', 'empty tag'],
  ['oci-archive:', 'the file is missing'],
  ['oci-archive::1', 'the file is missing'],
  ['oci-archive:x.tar:', 'empty tag'],
  ['docker-archive:x.tar:', 'invalid'],
])('%j is refused: %s', (text, why) => {
  expect(() => parseLocalReference(text)).toThrow(Invalid);
  expect(() => parseLocalReference(text)).toThrow(why);
});

test.each([
  ['oci-layout:x', true],
  ['oci-layout://x', true],
  ['oci-archive:x', true],
  ['docker-archive:x', true],
  ['oci:x', false],
  ['localhost/oci-layout:x', false],
  ['OCI-LAYOUT:x', false],
])('%s is on the disk: %s', (text, local) => {
  expect(isLocalReference(text)).toBe(local);
});

test.each([
  ['oci-layout', '//srv/x', 'oci-layout:/srv/x'],
  ['oci-layout', 'a:', 'oci-layout:a:/'],
  ['oci-layout', 'a:1', 'oci-layout:a:1::'],
  ['oci-archive', 'a b.tar', 'oci-archive:a b.tar'],
  ['oci-archive', 'a:b', 'oci-archive:a:b::'],
] as const)('%s at %j is written as %s', (scheme, path, text) => {
  expect(formatLocalReference({ scheme, path })).toBe(text);
});

test('a file whose name ends in a colon cannot be written', () => {
  expect(() => formatLocalReference({ scheme: 'oci-archive', path: 'a:' })).toThrow('ends in a colon');
});

test('whatever is in a path, what is written is read as the same', () => {
  const path = fc
    .string({
      unit: fc.constantFrom(':', '/', '@', '.', '\\', ' ', '-', 'a', 'x', '1', '::', 'sha256:', '.tar', 'C:'),
      minLength: 1,
      maxLength: 12,
    })
    .filter((text) => !text.startsWith('//') && !text.endsWith(':'));
  fc.assert(
    fc.property(
      fc.constantFrom('oci-layout', 'oci-archive', 'docker-archive'),
      path,
      fc.constantFrom({}, { tag: '1.0' }, { name: 'localhost:5000/x:1' }, { name: `${alpine}:3.20` }),
      fc.constantFrom({}, { digest }),
      (scheme, path, image, behind) => {
        const reference = { scheme, path, ...image, ...behind } as LocalReference;
        expect(parseLocalReference(formatLocalReference(reference))).toEqual(reference);
      },
    ),
    { numRuns: 2000 },
  );
});
