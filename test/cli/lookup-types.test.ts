import { describe, expect, onTestFinished, test } from 'vitest';
import { base64Json } from '../../src/cli/output.ts';
import { digestOf, mediaTypes } from '../../src/oci/index.ts';
import { contentOfBytes, type Registry } from '../../src/registry/index.ts';
import { createHandler, listen } from '../../src/server/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { multi } from '../image/graph.ts';
import { stowage } from './stowage.ts';

async function serve(registry: Registry): Promise<string> {
  const server = await listen(createHandler(registry));
  onTestFinished(() => server.close());
  return new URL(server.url).host;
}

async function holding(): Promise<Registry> {
  const registry = memoryRegistry();
  await multi.push(registry, 'r', { tags: { 1: 'index' } });
  return registry;
}
const lookup = (...words: readonly string[]) => stowage(['lookup', '--no-cache', ...words]);
const tabs = (value: unknown): string => `${JSON.stringify(value, null, '\t')}\n`;
const head = (name: string, mediaType = multi.descriptor(name).mediaType) => {
  const { digest, size } = multi.descriptor(name);
  return { mediaType, digest, size };
};
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

test('behind two dashes there are references alone', async () => {
  const host = await serve(await holding());
  const { stdout, stderr, code } = await lookup('--head', `${host}/r:1`, '--', '--head', '-x');
  expect({ stdout, code }).toEqual({ stdout: '', code: 2 });
  expect(stderr).toMatch(/invalid reference "--head".*\n.*invalid reference "-x"/);
});

test('--type and --head are said before a reference, and hold for that one alone', async () => {
  const host = await serve(await holding());
  const config = `${host}/r@${multi.digest('amd-config')}`;
  const tag = `${host}/r:1`;
  const words = [
    ['--type', 'blob', config],
    ['--head', '--type', 'blob', config],
    ['--type=manifest', `${host}/r@${multi.digest('amd')}`],
    ['--type', 'manifest', '--head', tag],
    ['--head', tag],
    [tag],
  ];
  const { stdout, stderr, code } = await lookup(...words.flat());
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
  const index = JSON.parse((await lookup(tag)).stdout) as unknown;
  expect(stdout).toBe(
    `"${base64(multi.bytes('amd-config'))}"\n` +
      tabs(head('amd-config', mediaTypes.octetStream)) +
      tabs(JSON.parse(Buffer.from(multi.bytes('amd')).toString())) +
      tabs(head('index')) +
      tabs(head('index')) +
      tabs(index),
  );
});

test('--digest is about all of them', async () => {
  const host = await serve(await holding());
  const config = `${host}/r@${multi.digest('amd-config')}`;
  const { stdout } = await lookup('--digest', '--type', 'blob', config, `${host}/r:1`);
  expect(multi.named(stdout)).toBe('amd-config\nindex\n');
});

test('a manifest is printed as it is: its order, its digits, and what nobody knows', async () => {
  const registry = memoryRegistry();
  const text = '{"manifests":[],"z":{"10":1.50,"2":12345678901234567890},"schemaVersion":2,"a":"<&>"}';
  await registry.pushManifest('r', Buffer.from(text), { mediaType: mediaTypes.ociIndex, tags: ['1'] });
  const { stdout } = await lookup('--type', 'manifest', `${await serve(registry)}/r:1`);
  expect(stdout.replaceAll(/[\n\t]/g, '').replaceAll('": ', '":')).toBe(text);
  expect(stdout).toContain('\n\t"z": {\n\t\t"10": 1.50,');
});

test('Docker Hub’s names are short, and have a tag if one was given', async () => {
  const registry = memoryRegistry();
  await multi.push(registry, 'library/r', { tags: { latest: 'index' } });
  const environment = { DOCKERHUB_PUBLIC_PROXY: `http://${await serve(registry)}` };
  for (const [reference, name] of [
    ['r', 'r@index'],
    ['docker.io/library/r:latest', 'r:latest@index'],
  ] as const) {
    const { stdout } = await stowage(['lookup', '--no-cache', reference], { environment });
    const { annotations } = multi.named(JSON.parse(stdout)) as { annotations: object };
    expect(annotations).toEqual({ 'org.opencontainers.image.ref.name': name });
  }
});

describe('several references', () => {
  /** A registry in which `r:1` takes longer than the others, and how many were asked for at one time. */
  const slow = async () => {
    const asked = { now: 0, most: 0 };
    const held = await holding();
    const resolveManifest: Registry['resolveManifest'] = async (repository, reference) => {
      asked.most = Math.max(asked.most, ++asked.now);
      await new Promise((resolve) => setTimeout(resolve, reference === '1' ? 30 : 5));
      asked.now--;
      return held.resolveManifest(repository, reference);
    };
    return { asked, host: await serve({ ...held, resolveManifest }) };
  };
  const names = ['amd', 'arm', 'att', 'index', 'amd', 'arm', 'att', 'index', 'amd', 'arm', 'att', 'index'];

  test.each([[[]], [['--parallel']]])('are answered in their order: %j', async (flags) => {
    const { host } = await slow();
    const references = [`${host}/r:1`, ...names.map((name) => `${host}/r@${multi.digest(name)}`)];
    const { stdout, code } = await lookup('--digest', ...flags, ...references);
    expect(multi.named(stdout)).toBe(['index', ...names, ''].join('\n'));
    expect(code).toBe(0);
  });

  test('are asked for 8 at a time, or all at once', async () => {
    const tags = (host: string) => Array.from({ length: 20 }, (_, at) => `${host}/other-${at}:1`);
    const some = await slow();
    await lookup('--digest', ...tags(some.host));
    expect(some.asked.most).toBeLessThanOrEqual(8);
    const all = await slow();
    await lookup('--digest', '--parallel', ...tags(all.host));
    expect(all.asked.most).toBeGreaterThan(8);
  });
});

describe('large blobs', () => {
  const large = Buffer.alloc(5 * 1024 * 1024 + 1, 'large');
  const digest = digestOf(large);

  test('come in pieces, in their turn', async () => {
    const registry = await holding();
    await registry.pushBlob('r', { digest, size: large.length }, large);
    const blob = ['--type', 'blob', `${await serve(registry)}/r@${digest}`];
    const pieces: string[] = [];
    const { stdout, code } = await stowage(['lookup', '--no-cache', ...blob, ...blob], {
      onOutput: (text) => void pieces.push(text),
    });
    expect(code).toBe(0);
    expect(stdout === `"${base64(large)}"\n`.repeat(2)).toBe(true);
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(large.length / 2);
  });

  test('that are next are asked for once', async () => {
    const registry = await holding();
    await registry.pushBlob('r', { digest, size: large.length }, large);
    const { stderr } = await lookup('--stats', '--type', 'blob', `${await serve(registry)}/r@${digest}`);
    expect(stderr).toMatch(/^requests: 1 \(GET blob 1\)/m);
  });

  test('6: one that turns out to be another is not ended', async () => {
    const other = Buffer.from(large);
    other[other.length - 1] = 0;
    const host = await serve({
      ...memoryRegistry(),
      getBlob: async () =>
        contentOfBytes(other, { descriptor: { mediaType: '', digest: digestOf(other), size: other.length } }),
    });
    const { stdout, stderr, code } = await lookup('--type', 'blob', `${host}/r@${digest}`);
    expect(code).toBe(6);
    expect(stderr).toContain('[DIGEST_MISMATCH]');
    expect(stdout).toMatch(/^"[^"]*\n$/);
  });

  test.each([[0], [1], [2], [3], [4], [7]])('base64 of pieces of any length: %i bytes', async (length) => {
    const bytes = Buffer.from('stowage').subarray(0, length);
    let text = '';
    const inPieces = async function* () {
      for (let at = 0; at < length; at += 2) yield bytes.subarray(at, at + 2);
    };
    for await (const piece of base64Json(inPieces())) text += piece;
    expect(text).toBe(JSON.stringify(base64(bytes)));
  });
});
