import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { buildTests, type Builder } from './builder.ts';
import { cli, dockerFolder } from './peers.ts';
import { attempt } from './processes.ts';

const builds = buildTests();
const OURS = [process.execPath, cli, 'build', '--progress', 'plain'];
const THEIRS = [join(dockerFolder() ?? '', 'usr/bin/docker'), 'buildx', 'build', '--provenance=false'];

/** A folder to build in. */
async function makeContext({ stage }: Builder): Promise<string> {
  const folder = stage.newFolder('input');
  await mkdir(join(folder, 'sub'), { recursive: true });
  await writeFile(join(folder, 'Dockerfile'), 'FROM scratch\nCOPY . /all/\n');
  await writeFile(join(folder, 'sub/other.Dockerfile'), 'FROM scratch\nCOPY sub/file /only\n');
  await writeFile(join(folder, 'sub/file'), 'in a folder');
  return folder;
}

/** Runs `COMMAND | BUILD …`, which has to succeed. */
async function pipe(
  { docker }: Builder,
  command: string,
  words: readonly string[],
  ...args: readonly string[]
): Promise<void> {
  const script = 'command=$1; shift; sh -c "$command" | "$@"';
  const env = { ...docker.env, BUILDKIT_HOST: undefined };
  const { code, stderr } = await attempt('sh', ['-c', script, 'sh', command, ...words, ...args], { env });
  expect(code, stderr).toBe(0);
}

for (const [kind, flag] of [
  ['plain', ''],
  ['with gzip', 'z'],
  ['with bzip2', 'j'],
  ['with xz', 'J'],
] as const)
  builds(
    `a tar from standard input, ${kind}, gives the image that buildx gives`,
    ['tar'],
    async (builder) => {
      const folder = await makeContext(builder);
      const tar = `tar -C ${folder} -c${flag} .`;
      const epoch = ['--build-arg', 'SOURCE_DATE_EPOCH=1'];
      await pipe(builder, tar, OURS, ...epoch, '-t', 'ours:1', '-');
      await pipe(builder, tar, THEIRS, ...epoch, '-t', 'theirs:1', '-');
      const ids = await builder.docker('image', 'inspect', '--format', '{{.Id}}', 'ours:1', 'theirs:1');
      expect(new Set(ids.trim().split('\n')).size, ids).toBe(1);
    },
  );

builds('the Dockerfile may be anywhere in the tar', ['tar'], async (builder) => {
  const folder = await makeContext(builder);
  const out = builder.stage.newFolder('out');
  await pipe(builder, `tar -C ${folder} -c .`, OURS, '-f', 'sub/other.Dockerfile', '-o', out, '-');
  expect(await readdir(out)).toEqual(['only']);
});

builds('a Dockerfile from standard input, with a folder or without', [], async (builder) => {
  const folder = await makeContext(builder);
  const out = builder.stage.newFolder('out');
  await pipe(builder, "printf 'FROM scratch\\nCOPY sub/file /here\\n'", OURS, '-f', '-', '-o', out, folder);
  expect(await readFile(join(out, 'here'), 'utf8')).toBe('in a folder');
  await pipe(builder, "printf 'FROM scratch\\nENV A=b\\n'", OURS, '-t', 'alone:1', '-');
});
