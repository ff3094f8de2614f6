import { describe, expect, it } from 'vitest';
import {
  canonicalDescriptor,
  canonicalManifest,
  canonicalPlatform,
  sortManifests,
} from '../../src/image/index.ts';
import { formatJson, parseOrdered, type OrderedObject } from '../../src/json/index.ts';

const object = (text: string): OrderedObject => parseOrdered(text) as OrderedObject;
const objects = (...texts: readonly string[]): readonly OrderedObject[] => texts.map(object);
const text = (value: OrderedObject | readonly OrderedObject[]): string =>
  formatJson(value, { compact: true });

describe('canonicalPlatform', () => {
  it.each([
    [
      'its fields in one order',
      '{"variant":"v6","os.features":["x"],"architecture":"arm","os.version":"1","os":"linux"}',
      '{"os":"linux","architecture":"arm","variant":"v6","os.version":"1","os.features":["x"]}',
    ],
    [
      'arm with a variant',
      '{"architecture":"arm","os":"linux"}',
      '{"os":"linux","architecture":"arm","variant":"v7"}',
    ],
    [
      'arm64 too',
      '{"architecture":"arm64","os":"linux","variant":""}',
      '{"os":"linux","architecture":"arm64","variant":"v8"}',
    ],
    ['amd64 without', '{"architecture":"amd64","os":"linux"}', '{"os":"linux","architecture":"amd64"}'],
    [
      'nothing that is null',
      '{"architecture":"amd64","os":"linux","variant":null,"x":null}',
      '{"os":"linux","architecture":"amd64"}',
    ],
  ])('has %s', (_, from, to) => {
    expect(text(canonicalPlatform(object(from)))).toBe(to);
  });

  it('refuses fields that are no texts, and says which', () => {
    expect(() => canonicalPlatform(object('{"os":1}'), '/manifests/0/platform')).toThrow(
      '/manifests/0/platform/os: want a text',
    );
  });
});

describe('canonicalDescriptor', () => {
  it('has the known fields in one order, data last, and annotations by name', () => {
    const from =
      '{"data":"","urls":[],"z":1,"a":2,"annotations":{"b":"1","a":"2","10":"3","9":"4"},"size":0,' +
      '"platform":{"architecture":"arm64","os":"linux"},"digest":"d","artifactType":"t","mediaType":"m"}';
    expect(text(canonicalDescriptor(object(from)))).toBe(
      '{"mediaType":"m","artifactType":"t","digest":"d","size":0,' +
        '"platform":{"os":"linux","architecture":"arm64","variant":"v8"},' +
        '"annotations":{"10":"3","9":"4","a":"2","b":"1"},"a":2,"z":1,"urls":[],"data":""}',
    );
  });

  it('sorts names by their code points, not by the halves of pairs', () => {
    const annotations = text(canonicalDescriptor(object('{"annotations":{"😀":"","\uFF21":"","é":""}}')));
    expect(annotations).toBe('{"annotations":{"é":"","\uFF21":"","😀":""}}');
  });

  it('leaves alone what Go writes for nothing', () => {
    expect(text(canonicalDescriptor(object('{"platform":null,"annotations":null}')))).toBe(
      '{"platform":null,"annotations":null}',
    );
    expect(() => canonicalDescriptor(object('{"annotations":[]}'))).toThrow('/annotations: want an object');
  });
});

describe('sortManifests', () => {
  const platform = (
    digest: string,
    ...[os, architecture, variant, version]: readonly string[]
  ): OrderedObject =>
    object(JSON.stringify({ digest, platform: { os, architecture, variant, 'os.version': version } }));
  const digests = (list: readonly OrderedObject[]): string =>
    list.map((each) => each.get('digest') as string).join(' ');

  it('puts Linux first, then amd64 and arm64, the others by name', () => {
    const list = [
      platform('win', 'windows', 'amd64'),
      platform('bsd', 'freebsd', 'amd64'),
      platform('s390x', 'linux', 's390x'),
      platform('386', 'linux', '386'),
      platform('arm64', 'linux', 'arm64'),
      platform('amd64', 'linux', 'amd64'),
    ];
    expect(digests(sortManifests(list))).toBe('amd64 arm64 386 s390x bsd win');
  });

  it('puts newer variants and versions first, by the value of their numbers', () => {
    const variants = ['v8', '', 'v10', 'v8.1', 'v9'].map((variant) =>
      platform(variant || 'none', 'linux', 'arm64', variant),
    );
    expect(digests(sortManifests(variants))).toBe('v10 v9 v8 v8.1 none');
    const versions = ['10.0.17763.5576', '10.0.20348.1', '10.0.9600'].map((version) =>
      platform(version, 'windows', 'amd64', '', version),
    );
    expect(digests(sortManifests(versions))).toBe('10.0.20348.1 10.0.17763.5576 10.0.9600');
  });

  it('puts attestations behind their image, and keeps the order of equal ones', () => {
    const attestation = (digest: string, subject: string): string =>
      `{"digest":"${digest}","platform":{"os":"unknown","architecture":"unknown"},` +
      `"annotations":{"vnd.docker.reference.digest":"${subject}"}}`;
    const list = objects(
      attestation('of arm', 'arm'),
      attestation('of amd', 'amd'),
      '{"digest":"arm","platform":{"os":"linux","architecture":"arm64"}}',
      '{"digest":"amd","platform":{"os":"linux","architecture":"amd64"}}',
      attestation('of amd too', 'amd'),
      '{"digest":"without a platform"}',
    );
    expect(digests(sortManifests(list))).toBe('amd of amd of amd too arm of arm without a platform');
  });

  it.each([
    [
      'an attestation of nothing',
      '{"digest":"a","annotations":{"vnd.docker.reference.digest":"b"}}',
      '/manifests/0/annotations/vnd.docker.reference.digest: it speaks of b, which is not in the list',
    ],
    ['what has no digest', '{"size":1}', '/manifests/0/digest: want a digest'],
    ['a platform that is none', '{"digest":"a","platform":"linux"}', '/manifests/0/platform: want an object'],
  ])('refuses %s', (_, entry, message) => {
    expect(() => sortManifests(objects(entry), '/manifests')).toThrow(message);
  });
});

describe('canonicalManifest', () => {
  it('has the fields of an index in one order, and its entries', () => {
    const index =
      '{"annotations":{"b":"","a":""},"subject":{"size":1,"digest":"s"},"x":1,"manifests":[' +
      '{"digest":"b","platform":{"os":"windows","architecture":"amd64"}},' +
      '{"digest":"a","platform":{"architecture":"amd64","os":"linux"}}],"mediaType":"m","schemaVersion":2}';
    expect(text(canonicalManifest(object(index)))).toBe(
      '{"schemaVersion":2,"mediaType":"m","manifests":[' +
        '{"digest":"a","platform":{"os":"linux","architecture":"amd64"}},' +
        '{"digest":"b","platform":{"os":"windows","architecture":"amd64"}}],' +
        '"x":1,"subject":{"size":1,"digest":"s"},"annotations":{"a":"","b":""}}',
    );
  });

  it('leaves layers in their order', () => {
    const image =
      '{"layers":[{"size":2,"digest":"b"},{"size":1,"digest":"a"}],"config":{"size":3,"digest":"c"}}';
    expect(text(canonicalManifest(object(image)))).toBe(
      '{"config":{"digest":"c","size":3},"layers":[{"digest":"b","size":2},{"digest":"a","size":1}]}',
    );
  });

  it('says where a list is none', () => {
    expect(() => canonicalManifest(object('{"manifests":null}'))).toThrow('/manifests: want a list');
    expect(() => canonicalManifest(object('{"layers":[1]}'))).toThrow('/layers/0: want a descriptor');
  });
});
