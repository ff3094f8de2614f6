import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { mkdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { annotations, mediaTypes, type Descriptor } from '../../../src/oci/index.ts';
import type { Registry } from '../../../src/registry/index.ts';
import {
  layoutRegistry,
  singleLayout,
  verifyLayout,
  type Finding,
  type VerifyOptions,
} from '../../../src/store/layout/index.ts';
import { readLayoutFiles } from '../../../src/store/layout/layout-files.ts';
import { temporaryFolder } from './folder.ts';
import { all, config, image, index, pathOf, piece, push, pushBlob, type Piece } from './image.ts';

const folder = temporaryFolder();
const layer = piece('layer', 'application/vnd.oci.image.layer.v1.tar');
const other = piece('other layer', 'application/vnd.oci.image.layer.v1.tar');
const amd = image('amd64', { layers: [layer.descriptor] });
const arm = image('arm64', { layers: [layer.descriptor, other.descriptor] });
const multi = index([amd, arm]);
const signature = image('signature', { subject: multi.descriptor });

let registry: Registry;
beforeEach(async () => {
  registry = singleLayout(folder());
  for (const blob of [config, layer, other]) await pushBlob(registry, 'layout', blob);
  for (const made of [amd, arm]) await push(registry, 'layout', made);
  await push(registry, 'layout', multi, 'v1', 'latest');
  await push(registry, 'layout', signature);
});

const fileOf = ({ descriptor }: Piece): string => join(folder(), pathOf(descriptor.digest));
const verify = (options: VerifyOptions = {}): Promise<Finding[]> => all(verifyLayout(folder(), options));

/** A finding in short: what is wrong, where, and how one gets there. */
const short = ({ kind, severity, path, file }: Finding): string =>
  `${severity === 'error' ? '' : `${severity} `}${kind} ${path.length === 0 ? file : path.join(' ')}`;

async function writeIndex(...entries: readonly Descriptor[]): Promise<void> {
  const document = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: entries };
  await writeFile(join(folder(), 'index.json'), JSON.stringify(document));
}

/** The shortest of three times: the machine may have other things to do. */
async function best(time: () => Promise<number>): Promise<number> {
  return Math.min(await time(), await time(), await time());
}

async function put(one: Piece): Promise<void> {
  await writeFile(fileOf(one), one.bytes);
}

test('of a layout that is right it says nothing, having hashed all of it', async () => {
  const hashed = new Map<string, number>();
  expect(await verify({ onBlob: ({ digest, size }) => hashed.set(digest, size) })).toEqual([]);
  const pieces = [config, layer, other, amd, arm, multi, signature];
  expect(hashed).toEqual(new Map(pieces.map(({ descriptor }) => [descriptor.digest, descriptor.size])));
});

describe('a blob', () => {
  const toArm = [`index.json/manifests/0`, `${multi.descriptor.digest}/manifests/1`];

  test.each<[string, string, () => Promise<unknown>]>([
    ['is missing', 'missing', () => rm(fileOf(other))],
    ['has one other bit', 'corrupt', () => writeFile(fileOf(other), 'other lazer')],
    ['is cut off', 'corrupt', () => truncate(fileOf(other), 3)],
    ['is empty', 'corrupt', () => truncate(fileOf(other), 0)],
    [
      'is a folder',
      'not-regular',
      async () => {
        await rm(fileOf(other));
        await mkdir(fileOf(other));
      },
    ],
    [
      'is a link, be it to the right bytes',
      'not-regular',
      async () => {
        await rm(fileOf(other));
        await writeFile(join(folder(), 'elsewhere'), other.bytes);
        await symlink(join(folder(), 'elsewhere'), fileOf(other));
      },
    ],
  ])('%s', async (_, kind, damage) => {
    await damage();
    expect(await verify()).toEqual([
      {
        kind,
        severity: 'error',
        message: expect.any(String) as string,
        repository: 'layout',
        file: pathOf(other.descriptor.digest),
        path: [...toArm, `${arm.descriptor.digest}/layers/1`],
        descriptor: other.descriptor,
        names: ['v1', 'latest'],
      },
    ]);
  });

  test('a manifest that is missing, or wrong, is told once, and what it led to as not referred to', async () => {
    await rm(fileOf(arm));
    expect((await verify()).map(short)).toEqual([
      `missing ${toArm.join(' ')}`,
      `warning unreferenced ${pathOf(other.descriptor.digest)}`,
    ]);
    await writeFile(fileOf(arm), '{}');
    expect((await verify()).map(short)).toEqual([
      `corrupt ${toArm.join(' ')}`,
      `warning unreferenced ${pathOf(other.descriptor.digest)}`,
    ]);
  });

  test('that nothing leads to is hashed as well', async () => {
    const [right, wrong] = [piece('right'), piece('wrong')];
    await put(right);
    await writeFile(fileOf(wrong), 'other');
    await writeFile(join(folder(), 'blobs/sha256/x.tmp'), '');
    expect((await verify()).map(short).sort()).toEqual(
      [
        `corrupt ${pathOf(wrong.descriptor.digest)}`,
        'warning misnamed blobs/sha256/x.tmp',
        `warning unreferenced ${pathOf(right.descriptor.digest)}`,
        `warning unreferenced ${pathOf(wrong.descriptor.digest)}`,
      ].sort(),
    );
  });

  test('of which a descriptor says another size', async () => {
    const wrong = { ...amd.descriptor, size: amd.descriptor.size + 1 };
    await writeIndex(multi.descriptor, signature.descriptor, wrong);
    expect((await verify()).map(short)).toEqual(['size index.json/manifests/2']);
  });

  test('that cannot be verified is named, and harms nobody', async () => {
    await mkdir(join(folder(), 'blobs/blake3'), { recursive: true });
    await writeFile(join(folder(), 'blobs/blake3/00ff'), 'x');
    const unknown = { mediaType: 'application/x', digest: 'blake3:00ff', size: 1 } as Descriptor;
    await writeIndex(multi.descriptor, signature.descriptor, unknown);
    expect((await verify()).map(short)).toEqual(['warning unverifiable index.json/manifests/2']);
  });

  test('a layer that may not be distributed, and a subject, need not be here', async () => {
    const foreign = piece('foreign', 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip');
    const windows = image('windows', { layers: [foreign.descriptor] });
    const loose = image('loose', { subject: image('elsewhere').descriptor });
    for (const each of [windows, loose]) await put(each);
    await writeIndex(multi.descriptor, signature.descriptor, windows.descriptor, loose.descriptor);
    expect((await verify()).map(short)).toEqual([
      `warning missing index.json/manifests/3 ${loose.descriptor.digest}/subject`,
    ]);
  });
});

describe('a document', () => {
  test.each<[string, string, Piece]>([
    [
      'is of another type than its descriptor says',
      'type',
      piece(
        JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.dockerList, manifests: [] }),
        mediaTypes.ociIndex,
      ),
    ],
    ['is no JSON', 'malformed', piece('{', mediaTypes.ociManifest)],
    [
      'is an index and a manifest at once',
      'malformed',
      index([amd], { config: config.descriptor, layers: [] }),
    ],
    ['is larger than a manifest may be', 'malformed', piece(' '.repeat(5_000_000), mediaTypes.ociIndex)],
  ])('%s', async (_, kind, wrong) => {
    await put(wrong);
    await writeIndex(multi.descriptor, signature.descriptor, wrong.descriptor);
    expect((await verify()).map(short)).toEqual([`${kind} index.json/manifests/2`]);
  });

  test('indexes in one another a thousand deep, and in a circle by their subject, are followed to the end', async () => {
    let nested = amd;
    for (let depth = 0; depth < 1000; depth++) {
      nested = index([nested], depth % 100 === 0 ? { subject: multi.descriptor } : {});
      await put(nested);
    }
    await writeIndex(multi.descriptor, signature.descriptor, nested.descriptor);
    await rm(fileOf(layer));
    const [finding, ...more] = await verify();
    expect(more).toEqual([]);
    expect(finding?.kind).toBe('missing');
  });
});

describe('the files of the layout', () => {
  test.each<[string, string, string]>([
    ['oci-layout', '', 'not valid JSON'],
    ['oci-layout', '{"imageLayoutVersion":"2.0.0"}', 'must be "1.0.0"'],
    ['index.json', '{"schemaVersion":2,', 'not valid JSON'],
    ['index.json', '{"schemaVersion":2,"manifests":null}', 'want a list of descriptors'],
  ])('%s is %s', async (file, text, problem) => {
    await writeFile(join(folder(), file), text);
    const [finding] = await verify();
    expect(finding).toMatchObject({ kind: 'malformed', severity: 'error', file });
    expect(finding?.message).toContain(problem);
  });

  test('one that is missing does not keep it from hashing the blobs', async () => {
    await rm(join(folder(), 'index.json'));
    await writeFile(fileOf(layer), 'lazer');
    const found = await verify();
    expect(found[0]).toMatchObject({ kind: 'missing', file: 'index.json' });
    expect(found.map(short)).toContain(`corrupt ${pathOf(layer.descriptor.digest)}`);
  });

  test('a name at two manifests is an error, unless full names tell them apart', async () => {
    const named = ({ descriptor }: Piece, tag: string, name?: string): Descriptor => ({
      ...descriptor,
      annotations: { [annotations.refName]: tag, ...(name && { [annotations.imageName]: name }) },
    });
    await writeIndex(named(multi, 'v1'), named(signature, 'v1'), named(amd, 'v2'), named(amd, 'v2'));
    expect((await verify()).map(short)).toEqual(['ambiguous index.json/manifests/0 index.json/manifests/1']);
    await writeIndex(named(multi, 'v1', 'docker.io/a/x:v1'), named(signature, 'v1', 'docker.io/b/x:v1'));
    expect((await verify()).map(short)).toEqual([
      'warning ambiguous index.json/manifests/0 index.json/manifests/1',
    ]);
  });

  test('one name at very many entries takes no longer than many names', { timeout: 120_000 }, async () => {
    const time = async (nameAt: (at: number) => string): Promise<number> => {
      const entryAt = (at: number): Descriptor => ({
        ...(at % 2 === 0 ? amd : arm).descriptor,
        annotations: { [annotations.refName]: nameAt(at) },
      });
      await writeIndex(...Array.from({ length: 40_000 }, (_, at) => entryAt(at)));
      const begin = performance.now();
      await readLayoutFiles(folder());
      return performance.now() - begin;
    };
    const many = await best(() => time((at) => `v${at}`));
    expect(await best(() => time(() => 'v1'))).toBeLessThan(4 * many);
  });

  test.each<[string, (at: number) => Descriptor]>([
    [
      'of one manifest, each with a name of its own and a wrong size',
      (at) => ({ ...amd.descriptor, size: 1, annotations: { [annotations.refName]: `v${at}` } }),
    ],
    [
      'that say two types of one manifest',
      (at) => ({ ...amd.descriptor, mediaType: at < 10_000 ? mediaTypes.octetStream : mediaTypes.ociIndex }),
    ],
  ])('four times the entries %s take about four times as long', { timeout: 120_000 }, async (_, entryAt) => {
    const time = async (count: number): Promise<number> => {
      await writeIndex(...Array.from({ length: count }, (_unused, at) => entryAt(at)));
      const begin = performance.now();
      expect(await verify()).not.toEqual([]);
      return performance.now() - begin;
    };
    const quarter = await best(() => time(5000));
    expect(await best(() => time(20_000))).toBeLessThan(12 * quarter);
  });

  test('all layouts of a folder are looked at, each by its name', async () => {
    const root = join(folder(), 'root');
    const many = layoutRegistry(root);
    for (const name of ['a/b', 'c']) {
      await pushBlob(many, name, config);
      await push(many, name, image('base'), 'v1');
    }
    await rm(join(root, 'c', pathOf(config.descriptor.digest)));
    expect(await all(verifyLayout(root))).toMatchObject([{ kind: 'missing', repository: 'c' }]);
  });

  test('a folder without any is an error', async () => {
    await expect(all(verifyLayout(join(folder(), 'blobs')))).rejects.toMatchObject({
      code: 'LAYOUT_INVALID',
    });
  });
});

describe('while it runs', () => {
  test('it ends with its signal, in the middle of a blob', async () => {
    const large = piece(randomBytes(20_000_000));
    await pushBlob(registry, 'layout', large);
    const controller = new AbortController();
    const blobs: number[] = [];
    const verifying = verify({
      signal: controller.signal,
      concurrency: 1,
      onBlob: ({ size }) => {
        blobs.push(size);
        if (blobs.length === 7) setImmediate(() => controller.abort(new Error('enough')));
      },
    });
    await expect(verifying).rejects.toThrow('enough');
    expect(blobs).toHaveLength(7);
  });

  test('what a writer takes away meanwhile is not missed', async () => {
    let done = false;
    const onBlob = (): void => {
      // The index was read, and is being followed, when what it leads to goes.
      if (done) return;
      done = true;
      const document = { schemaVersion: 2, manifests: [amd.descriptor] };
      writeFileSync(join(folder(), 'index.json'), JSON.stringify(document));
      for (const gone of [arm, other]) rmSync(fileOf(gone));
    };
    expect((await verify({ concurrency: 1, onBlob })).filter(({ severity }) => severity === 'error')).toEqual(
      [],
    );
    expect(done).toBe(true);
  });

  test(
    'a change of index.json costs no more than one look at what it leads to',
    { timeout: 120_000 },
    async () => {
      const images = Array.from({ length: 200 }, (_, at) => image(`image ${at}`));
      const entries = images.map(({ descriptor }) => descriptor);
      for (const each of images) await put(each);
      for (let at = 0; at < 200; at++) await put(piece(`stray ${at}`));
      const time = async (isChanged: boolean): Promise<number> => {
        await writeIndex(...entries);
        const begin = performance.now();
        let done = !isChanged;
        const onBlob = (): void => {
          if (done) return;
          done = true;
          const document = { schemaVersion: 2, manifests: entries.slice(1) };
          writeFileSync(join(folder(), 'index.json'), JSON.stringify(document));
        };
        expect(await verify({ onBlob })).not.toEqual([]);
        return performance.now() - begin;
      };
      const quiet = await best(() => time(false));
      expect(await best(() => time(true))).toBeLessThan(6 * quiet);
    },
  );

  test('what a writer enters meanwhile is no stray, and what stays one is told', async () => {
    const [entered, stray] = [piece('entered'), piece('stray')];
    const late = image('late', { layers: [entered.descriptor] });
    for (const each of [entered, stray, late]) await put(each);
    let done = false;
    const onBlob = (): void => {
      if (done) return;
      done = true;
      const manifests = [multi, signature, late].map(({ descriptor }) => descriptor);
      writeFileSync(join(folder(), 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
    };
    expect((await verify({ concurrency: 1, onBlob })).map(short)).toEqual([
      `warning unreferenced ${pathOf(stray.descriptor.digest)}`,
    ]);
  });

  test('what is wrong beside a change is told, also where another manifest cannot be read', async () => {
    await rm(fileOf(other));
    await writeFile(fileOf(signature), '{}');
    let done = false;
    const onBlob = (): void => {
      if (done) return;
      done = true;
      const manifests = [signature, multi].map(({ descriptor }) => descriptor);
      writeFileSync(join(folder(), 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
    };
    expect((await verify({ concurrency: 1, onBlob })).map(({ kind, file }) => `${kind} ${file}`)).toEqual([
      `corrupt ${pathOf(signature.descriptor.digest)}`,
      `missing ${pathOf(other.descriptor.digest)}`,
    ]);
  });

  test('who has enough leaves', async () => {
    await rm(fileOf(other));
    for await (const finding of verifyLayout(folder())) {
      expect(finding.kind).toBe('missing');
      break;
    }
  });
});
