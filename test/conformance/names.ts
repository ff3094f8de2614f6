/**
 * Names, tags and paths outside the grammar: refused, however they are written, and not read as another name.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
 */
import { bodyIs, demand, refused, status } from './answer.ts';
import { group, once, rowsOf, table, type Case } from './case.ts';
import { randomContent, word } from './content.ts';
import { artifact } from './documents.ts';
import { MANIFEST } from './mediatype.ts';
import type { Registry } from './registry.ts';

/** Ways to write the path of a repository that is there; none of them is its name. */
const PATHS: Readonly<Record<string, (name: string) => string>> = {
  'an encoded slash before "manifests"': (name) => `${name}%2f`,
  'a slash encoded twice': (name) => `${name}%252f`,
  'a dot segment': (name) => `./${name}/`,
  'an encoded dot segment': (name) => `%2e/${name}/`,
  'a double dot segment': (name) => `x/../${name}/`,
  'an encoded double dot segment': (name) => `x/%2e%2e/${name}/`,
  'a half encoded double dot segment': (name) => `x/.%2E/${name}/`,
  'a double dot segment with an encoded slash': (name) => `x%2f..%2f${name}/`,
  'dots that leave /v2/': (name) => `../v2/${name}/`,
  'a slash too many before': (name) => `/${name}/`,
  'a slash too many behind': (name) => `${name}//`,
  'a backslash': (name) => `x\\..\\${name}/`,
  'an encoded backslash': (name) => `x%5c..%5c${name}/`,
  'upper case': (name) => `${name.toUpperCase()}/`,
  'an encoded space': (name) => `${name}%20/`,
  'an encoded NUL': (name) => `${name}%00/`,
  'encoded line ends': (name) => `${name}%0d%0aX:%20y/`,
  'an overlong encoding': (name) => `x%c0%ae%c0%ae/${name}/`,
  'a broken escape': (name) => `${name}%zz/`,
  'half an escape': (name) => `${name}%2/`,
};

const BAD_NAMES = [
  'a/'.repeat(200) + 'a',
  'a'.repeat(5000),
  'UPPER',
  'a..b',
  'a-',
  '-a',
  'a_-b',
  'a___b',
  '_a',
  'a.',
  'a/-b',
  'a%2f',
  '%C3%A9',
  'a:b',
  'a@b',
  'a+b',
];
const GOOD_NAMES = [
  'a__b',
  'a---b',
  'a.b-c_d/e',
  '0',
  'a/b/c/d/e/f/g',
  'a/v2/blobs',
  'a/manifests/b',
  'a/blobs/uploads',
  'tags/list',
];
const BAD_TAGS = [
  '-a',
  '.a',
  'a+b',
  'a%20b',
  'a%2fb',
  'a:b',
  'a@b',
  '%C3%A9',
  '%00',
  'x'.repeat(129),
  'a%0ab',
  '..',
  '%2e%2e',
];
const GOOD_TAGS = ['_a', '0', 'A', 'a.b-c_d', 'a..', 'x'.repeat(128), '__proto__', 'constructor', 'null'];

const NAME_CODES = ['NAME_INVALID', 'NAME_UNKNOWN', 'UNSUPPORTED'];

export function nameCases(registry: Registry): Case[] {
  const { one } = registry;
  const pushed = once(async () => {
    const { manifest, blob } = artifact();
    await registry.push(one, blob);
    const tag = `named-${word()}`;
    status(await registry.putManifest(one, tag, manifest.bytes, MANIFEST), 201);
    return { manifest, blob, tag };
  });
  const paths = one.includes('/') ? { ...PATHS, ...SLASHES } : PATHS;
  return [
    ...table('paths', paths, async (write) => {
      const { tag, blob } = await pushed();
      const base = `/v2/${write(one)}`;
      refused(await registry.send('GET', `${base}manifests/${tag}`), [400, 404]);
      refused(await registry.send('GET', `${base}blobs/${blob.digest}`), [400, 404]);
      const { digest, bytes } = randomContent(10);
      const uploads = `${base}blobs/uploads/?digest=${digest}`;
      refused(await registry.send('POST', uploads, { body: bytes }), [400, 404, 405]);
    }),
    ...group('paths', {
      'a slash too many at the end': async () => {
        const { tag } = await pushed();
        refused(await registry.send('GET', `/v2/${one}/manifests/${tag}/`), [400, 404]);
        refused(await registry.send('GET', `/v2/${one}/tags/list/`), [400, 404]);
      },
      'an unreserved character encoded is the character itself': async () => {
        const { tag, manifest } = await pushed();
        const encoded = `%${tag.charCodeAt(0).toString(16)}${tag.slice(1)}`;
        bodyIs(status(await registry.manifest('GET', one, encoded), 200), manifest.bytes);
      },
      'nothing at the end': async () => {
        for (const path of [
          'manifests/',
          'manifests',
          'blobs/',
          'blobs',
          'referrers/',
          'tags/',
          'tags',
          '',
        ]) {
          const answer = await registry.send('GET', `/v2/${one}/${path}`);
          demand(answer.status < 500, answer, 'no 5xx');
          refused(answer, [400, 404, 405]);
        }
      },
    }),
    ...table('names', rowsOf(BAD_NAMES, 'not '), async (name) => {
      refused(await registry.tags(name), [400, 404], NAME_CODES);
      refused(await registry.post(name), [400, 404, 405], NAME_CODES);
    }),
    ...table('names', rowsOf(GOOD_NAMES), async (name) => {
      const list = await registry.tags(`${one}/${name}-${word()}`);
      if (list.status !== 200) refused(list, [404], ['NAME_UNKNOWN']);
      const unknown = await registry.manifest('GET', `${one}/${name}`, `unknown-${word()}`);
      refused(unknown, [404], ['MANIFEST_UNKNOWN', 'NAME_UNKNOWN']);
    }),
    ...table('grammar of tags', rowsOf(BAD_TAGS, 'not '), async (tag) => {
      const { manifest } = await pushed();
      refused(await registry.putManifest(one, tag, manifest.bytes, MANIFEST), [400, 404, 405]);
      refused(await registry.manifest('GET', one, tag), [400, 404, 405]);
    }),
    ...table('grammar of tags', rowsOf(GOOD_TAGS), async (tag) => {
      const { manifest } = await pushed();
      status(await registry.putManifest(one, tag, manifest.bytes, MANIFEST), 201);
      bodyIs(status(await registry.manifest('GET', one, tag), 200), manifest.bytes);
      status(await registry.manifest('DELETE', one, tag), 202);
    }),
  ];
}

/** The same for a name of several components. */
const SLASHES: Readonly<Record<string, (name: string) => string>> = {
  'an encoded slash': (name) => `${name.replace('/', '%2f')}/`,
  'an encoded slash in upper case': (name) => `${name.replace('/', '%2F')}/`,
  'a slash encoded twice, in the name': (name) => `${name.replace('/', '%252f')}/`,
  'a slash too many in the name': (name) => `${name.replace('/', '//')}/`,
  'a dot segment in the name': (name) => `${name.replace('/', '/./')}/`,
  'a double dot segment in the name': (name) => `${name.replace('/', '/x/../')}/`,
};
