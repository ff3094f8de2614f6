import { expect, test } from 'vitest';
import { Invalid } from '../../src/oci/index.ts';
import { formatLayoutReference, isLayoutReference, parseLayoutReference } from '../../src/place/index.ts';

const digest = `sha256:${'0'.repeat(64)}`;
const sha512 = `sha512:${'0'.repeat(128)}`;

test.each([
  ['oci-layout:dir', { directory: 'dir' }],
  ['oci-layout:dir:1.0', { directory: 'dir', tag: '1.0' }],
  ['oci-layout:/a/b:1.0', { directory: '/a/b', tag: '1.0' }],
  ['oci-layout:///a/b:1.0', { directory: '/a/b', tag: '1.0' }],
  ['oci-layout://dir:1.0', { directory: 'dir', tag: '1.0' }],
  ['oci-layout://./dir', { directory: './dir' }],
  [`oci-layout:dir@${digest}`, { directory: 'dir', digest }],
  [`oci-layout:dir@${sha512}`, { directory: 'dir', digest: sha512 }],
  [`oci-layout:dir:1.0@${digest}`, { directory: 'dir', tag: '1.0', digest }],
  ['oci-layout:/a@b/c', { directory: '/a@b/c' }],
  ['oci-layout:/a@b/c:1', { directory: '/a@b/c', tag: '1' }],
  ['oci-layout:a@b', { directory: 'a@b' }],
  [`oci-layout:a@b@${digest}`, { directory: 'a@b', digest }],
  ['oci-layout:/a:b/c', { directory: '/a:b/c' }],
  ['oci-layout:/a:b/c:1', { directory: '/a:b/c', tag: '1' }],
  ['oci-layout:C:\\images', { directory: 'C:\\images' }],
  ['oci-layout:C:\\images:1', { directory: 'C:\\images', tag: '1' }],
  ['oci-layout:C:/images:1', { directory: 'C:/images', tag: '1' }],
  ['oci-layout:.', { directory: '.' }],
  ['oci-layout:a folder:1', { directory: 'a folder', tag: '1' }],
])('%s', (text, parts) => {
  expect(parseLayoutReference(text)).toEqual(parts);
  expect(parseLayoutReference(formatLayoutReference(parseLayoutReference(text)))).toEqual(parts);
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
])('%j is refused: %s', (text, why) => {
  expect(() => parseLayoutReference(text)).toThrow(Invalid);
  expect(() => parseLayoutReference(text)).toThrow(why);
});

test.each([
  ['oci-layout:x', true],
  ['oci-layout://x', true],
  ['oci:x', false],
  ['localhost/oci-layout:x', false],
  ['OCI-LAYOUT:x', false],
])('%s is a layout: %s', (text, layout) => {
  expect(isLayoutReference(text)).toBe(layout);
});
