import { describe, expect, test } from 'vitest';
import { formatIndexes, mergeCaches, parseIndexCache } from '../../src/builds/index.ts';
import { digest } from './world.ts';

/** As the original writes it. */
const cacheFile = `{
	"indexes": {
		"a/b:1": {
			"schemaVersion": 2,
			"mediaType": "application/vnd.oci.image.index.v1+json",
			"manifests": [],
			"annotations": {
				"x": "\\u003ca\\u003e \\u0026 \\u2028 é"
			}
		},
		"alpine@${digest('alpine')}": {
			"schemaVersion": 2,
			"mediaType": "application/vnd.docker.distribution.manifest.list.v2+json",
			"manifests": [
				{
					"mediaType": "application/vnd.docker.distribution.manifest.v2+json",
					"digest": "${digest('amd64')}",
					"size": 428,
					"annotations": {
						"com.docker.official-images.bashbrew.arch": "windows-amd64",
						"org.opencontainers.image.ref.name": "alpine@${digest('amd64')}"
					},
					"platform": {
						"architecture": "amd64",
						"os": "windows",
						"os.version": "10.0.1",
						"os.features": [
							"win32k"
						]
					}
				}
			],
			"annotations": {
				"org.opencontainers.image.ref.name": "alpine@${digest('alpine')}"
			}
		}
	}
}
`;

const written = (cache: Awaited<ReturnType<typeof parseIndexCache>>): string =>
  [...formatIndexes(cache.kept())].join('');

test('what is used again is written as it was, in order; the rest is dropped', async () => {
  const cache = await parseIndexCache(cacheFile);
  expect(written(cache)).toBe('{\n\t"indexes": {}\n}\n');
  cache.keep(`alpine@${digest('alpine')}`);
  cache.keep('a/b:1');
  expect(written(cache)).toBe(cacheFile);
});

test('it may come in any pieces', async () => {
  for (const size of [1, 7, 1000]) {
    const pieces = Array.from({ length: Math.ceil(cacheFile.length / size) }, (_, at) =>
      cacheFile.slice(at * size, (at + 1) * size),
    );
    const cache = await parseIndexCache(pieces);
    for (const name of cache.names()) cache.keep(name);
    expect(written(cache)).toBe(cacheFile);
  }
});

test('names as Docker writes them at length are the same images', async () => {
  const long = cacheFile
    .replace('"a/b:1"', '"docker.io/a/b:1"')
    .replace('"alpine@', '"docker.io/library/alpine@');
  const cache = await parseIndexCache(long);
  expect([...cache.names()]).toEqual(['a/b:1', `alpine@${digest('alpine')}`]);
});

test('what others have written is put in the order of Go', async () => {
  const cache = await parseIndexCache(
    `{"indexes":{"x:1":{"annotations":{"b":"","a":""},"unknown":1,"manifests":[{"platform":{"variant":"v8","os":"linux","architecture":"arm64"},"size":1,"digest":"${digest('x')}","mediaType":"application/vnd.oci.image.manifest.v1+json"}],"mediaType":"application/vnd.oci.image.index.v1+json","schemaVersion":2}}}`,
  );
  expect(JSON.stringify(cache.get('x:1'))).toBe(
    `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"${digest('x')}","size":1,"platform":{"architecture":"arm64","os":"linux","variant":"v8"}}],"annotations":{"a":"","b":""}}`,
  );
});

const index = (over: object): string =>
  JSON.stringify({
    indexes: {
      'a/x:1': {
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.index.v1+json',
        manifests: [],
        ...over,
      },
    },
  });

describe('malformed', () => {
  test.each<[what: string, text: string, message: string]>([
    ['nothing', '', 'want {"indexes": {…}}'],
    ['no object', '[]', 'want {"indexes": {…}}'],
    ['no indexes', '{}', 'want {"indexes": {…}}'],
    ['indexes that are none', '{"indexes": []}', 'want {"indexes": {…}}'],
    ['something beside them', '{"indexes": {}, "more": {}}', '/indexes: '],
    ['cut off', cacheFile.slice(0, 500), '/indexes: '],
    ['cut off between', '{"indexes": {}', '/indexes: the document ends in the middle'],
    ['no reference', '{"indexes": {"A B": {}}}', '/indexes/A B: invalid reference "A B"'],
    [
      'a name twice',
      cacheFile.replace(/"alpine@[^"]*": /, '"docker.io/a/b:1": '),
      '/indexes/docker.io~1a~1b:1: is there twice',
    ],
    ['no JSON', '{"indexes": {"x:1": tru}}', '/indexes/x:1: not valid JSON'],
    ['no index', '{"indexes": {"x:1": 5}}', '/indexes/x:1: want an index'],
    ['nothing for an index', '{"indexes": {"x:1": null}}', '/indexes/x:1: want an index'],
    ['another version', index({ schemaVersion: 1 }), '/indexes/a~1x:1/schemaVersion: must be 2'],
    [
      'an image',
      index({ mediaType: 'application/vnd.oci.image.manifest.v1+json' }),
      '/indexes/a~1x:1/mediaType: want the media type of an index',
    ],
    ['no manifests', index({ manifests: null }), '/indexes/a~1x:1/manifests: want a list'],
    [
      'a manifest that is none',
      index({ manifests: [{}] }),
      '/indexes/a~1x:1/manifests/0/mediaType: want a media type',
    ],
    [
      'annotations that are none',
      index({ annotations: { a: 1 } }),
      '/indexes/a~1x:1/annotations/a: want a text',
    ],
  ])('%s', async (_, text, message) => {
    const error: unknown = await parseIndexCache(text).catch((failure: unknown) => failure);
    expect(error).toMatchObject({ name: 'Invalid', subject: 'cache' });
    expect((error as Error).message).toContain(message);
  });
});

describe('merging', () => {
  test('what any has, in order', async () => {
    const one = await parseIndexCache(cacheFile);
    const cache = await parseIndexCache(index({}));
    const merged = mergeCaches([
      { name: 'one', cache: one },
      { name: 'two', cache },
      { name: 'again', cache: await parseIndexCache(cacheFile) },
    ]);
    expect([...merged].map(([name]) => name)).toEqual(['a/b:1', 'a/x:1', `alpine@${digest('alpine')}`]);
  });

  test('different things for one image are an error, before anything is given', async () => {
    const parts = [
      { name: 'one.json', cache: await parseIndexCache(index({})) },
      { name: 'two.json', cache: await parseIndexCache(index({ annotations: { other: '' } })) },
    ];
    expect(() => mergeCaches(parts)).toThrow(
      'two.json: /indexes/a~1x:1: is not what one.json has for the same image',
    );
  });
});
