import { expect, onTestFinished, test } from 'vitest';
import { parseDocument } from '../../src/image/index.ts';
import { withDeployPlan } from '../../src/cli/deploy/plan.ts';
import type { Session } from '../../src/cli/session.ts';
import { planOf } from '../../src/plan/index.ts';
import { createHandler, listen } from '../../src/server/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import type { Registry } from '../../src/registry/index.ts';
import { multi } from '../image/graph.ts';
import { stowage } from './stowage.ts';
import { watched } from './terminal.ts';

/** A registry with the images of the graph in `staging`. */
async function staged(): Promise<{ readonly host: string; readonly registry: Registry }> {
  const registry = memoryRegistry();
  await multi.push(registry, 'staging', { without: ['index'] });
  const server = await listen(createHandler(registry));
  onTestFinished(() => server.close());
  return { host: new URL(server.url).host, registry };
}

const stream = (...documents: readonly object[]): string =>
  documents.map((document) => JSON.stringify(document, null, 2)).join('\n');
const indexAt = (host: string, ...tags: readonly string[]): object => ({
  type: 'manifest',
  refs: tags.map((tag) => `${host}/app:${tag}`),
  lookup: { '': `${host}/staging` },
  data: Buffer.from(multi.bytes('index')).toString('base64'),
});

test('a line for each reference that was changed, and none the next time', async () => {
  const { host, registry } = await staged();
  const input = stream(indexAt(host, '1', 'latest'));
  const first = await stowage(['deploy'], { input });
  expect(first).toEqual({
    stdout: '',
    stderr: [
      `${host}/app:1 is ${multi.digest('index')}`,
      `${host}/app:latest is ${multi.digest('index')}`,
      '2 changed, 0 as they should be',
      '',
    ].join('\n'),
    code: 0,
  });
  expect(await multi.held(registry, 'app')).toEqual([...multi.nodes.keys()]);
  const again = await stowage(['deploy', '--parallel', '--stats'], { input });
  expect(again).toMatchObject({
    stderr: '0 changed, 2 as they should be\nrequests: 2 (HEAD manifest 2)\n',
    code: 0,
  });
});

test('--dry-run prints documents that can be deployed, one for each reference; nothing when there is nothing to do', async () => {
  const { host } = await staged();
  const input = stream(indexAt(host, '1', 'latest'));
  const dry = await stowage(['deploy', '--dry-run'], { input });
  expect(dry).toMatchObject({ stderr: '2 would change, 0 as they should be\n', code: 0 });
  const [first = ''] = dry.stdout.split('\n}\n');
  expect(first).toBe(
    [
      '{',
      '\t"type": "manifest",',
      '\t"refs": [',
      `\t\t"${host}/app:1@${multi.digest('index')}"`,
      '\t],',
      '\t"lookup": {',
      `\t\t"": "${host}/staging"`,
      '\t},',
      `\t"data": "${Buffer.from(multi.bytes('index')).toString('base64')}",`,
      '\t"mediaType": "application/vnd.oci.image.index.v1+json"',
    ].join('\n'),
  );
  expect(parseDocument(`${first}\n}`).refs).toMatchObject([{ tag: '1' }]);
  expect((await stowage(['deploy'], { input: dry.stdout })).stderr).toContain('2 changed');
  expect(await stowage(['deploy', '--dry-run'], { input })).toMatchObject({ stdout: '', code: 0 });
});

test('--plan: what it takes at the most, before anything is asked, and what it took', async () => {
  const { host } = await staged();
  const input = stream(indexAt(host, '1', 'latest'));
  const plan = async (...flags: readonly string[]): Promise<readonly string[]> =>
    (await stowage(['deploy', '--plan', ...flags], { input })).stderr
      .split('\n')
      .filter((line) => line.includes('plan'));
  expect(await plan('--dry-run')).toEqual([
    'plan, from the documents alone: at most 7 requests (GET ping 1, GET token 4, HEAD manifest 2), 0 count as pulls',
    'planned 7 requests, made 2 (HEAD manifest 2)',
  ]);
  const first = await plan();
  expect(first[0]).toMatch(/^plan, from the documents alone: at most \d+ requests .*GET manifest 3/);
  expect(first.at(-1)).toMatch(/^planned \d+ requests, made \d+ \(.*\), and 1 again$/);
  expect(first.join('\n')).not.toContain('more than was planned');
  expect((await plan()).slice(1)).toEqual([
    'plan, after asking what is there: at most 2 requests (HEAD manifest 2), 0 count as pulls',
    'planned 2 requests, made 2 (HEAD manifest 2)',
  ]);
});

test('--plan: the last one counts by kind, also where its sum is that of the one before', async () => {
  const terminal = watched();
  let tell: Parameters<Session['listen']>[0] | undefined;
  await withDeployPlan(
    terminal.context,
    {
      places: { rate: () => undefined },
      session: { listen: (listener) => void (tell = listener) },
      documents: [],
    },
    async ({ onPlan }) => {
      onPlan?.(planOf({ 'HEAD manifest': 1, 'PUT manifest': 1 }), 'survey');
      tell?.({
        type: 'request',
        method: 'GET',
        url: 'http://r.test/v2/app/manifests/1',
        kind: 'manifest',
        status: 200,
        duration: 1,
      });
      onPlan?.(planOf({ 'HEAD manifest': 1, 'GET manifest': 1 }), 'end');
      return { present: 0, changed: 1, failed: [] };
    },
  );
  expect(terminal.written.trimEnd().split('\n')).toEqual([
    'plan, after asking what is there: at most 2 requests (HEAD manifest 1, PUT manifest 1), 0 count as pulls',
    'planned 2 requests, made 1 (GET manifest 1)',
  ]);
});

test('two documents at odds: 2, and where they were read', async () => {
  const { host } = await staged();
  const lookup = { [multi.digest('amd')]: `${host}/staging` };
  const other = { type: 'manifest', refs: [`${host}/app:1`], lookup };
  const ran = await stowage(['deploy'], { input: stream(indexAt(host, '1'), other) });
  expect(ran).toMatchObject({ stdout: '', code: 2 });
  expect(ran.stderr).toMatch(/^stowage: standard input: document 2, line \d+: \/refs\/0: .* in document 1$/m);
});

test('7, where some could be done; the others say where they stand in the stream', async () => {
  const { host } = await staged();
  const lost = {
    type: 'manifest',
    refs: [`${host}/app:lost`],
    lookup: { [`sha256:${'0'.repeat(64)}`]: `${host}/staging` },
  };
  const both = await stowage(['deploy'], { input: stream(lost, indexAt(host, '1')) });
  expect(both.code).toBe(7);
  expect(both.stderr).toMatch(
    new RegExp(`^stowage: ${host}/app:lost \\(document 1, line 1\\): .* \\[MANIFEST_UNKNOWN\\]$`, 'm'),
  );
  expect(both.stderr).toContain('1 changed, 0 as they should be, 1 failed');
  expect((await stowage(['deploy'], { input: stream(lost) })).code).toBe(3);
});

test.each([
  ['no JSON', 'document 2, line 8: not valid JSON', '{ "type": }'],
  ['half a document', 'document 2, line 8: ends in the middle', '{ "type"'],
  ['a key that is missing', 'document 2, line 8: /refs: is missing', '{ "type": "blob" }'],
  [
    'a child of a manifest that has no digest',
    'document 2, line 8: /data/manifests/0/digest: invalid digest "sha256:zz"',
    `{ "type": "manifest", "refs": ["r.test/app:1"], "data": { "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
      "manifests": [{ "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": "sha256:zz", "size": 1 }] } }`,
  ],
  ['bytes that are no text', 'not valid UTF-8, in or after line', '\xff'],
])('2, and nothing is asked or written, for %s', async (_, message, malformed) => {
  const { host, registry } = await staged();
  const good = stream({ type: 'blob', refs: [`${host}/app`], data: '' });
  const input = Buffer.concat([Buffer.from(`${good}\n`), Buffer.from(malformed, 'latin1')]);
  const { Readable } = await import('node:stream');
  for (const flag of ['--stats', '--dry-run']) {
    const ran = await stowage(['deploy', flag], { input: Readable.from([input]) });
    expect(ran).toMatchObject({ stdout: '', code: 2 });
    expect(ran.stderr).toContain(`stowage: standard input: ${message}`);
    expect(ran.stderr).not.toMatch(/requests: [1-9]/);
  }
  await expect(registry.tags('app')[Symbol.asyncIterator]().next()).rejects.toMatchObject({
    code: 'NAME_UNKNOWN',
  });
});
