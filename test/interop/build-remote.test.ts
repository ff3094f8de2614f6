import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createSocket, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { buildTests, type Builder } from './builder.ts';
import type { Stage } from './stage.ts';

const build = buildTests();

let served: Promise<Remote> | undefined;

/** A repository with `which`, that tells where it is from, in three places; and the same as a tar. */
interface Remote {
  /** Over git's own protocol. */
  readonly git: string;
  /** The commit that no branch is at. */
  readonly first: string;
  /** Over HTTP, without a name. */
  readonly http: string;
}

/** Serves it, once for all tests. */
function remote(stage: Stage): Promise<Remote> {
  return (served ??= (async () => {
    const [work, bare] = [stage.newFolder('work'), stage.newFolder('bare')];
    const git = async (...args: readonly string[]): Promise<string> =>
      (await stage.run('git', '-C', work, '-c', 'user.name=a', '-c', 'user.email=a@b.test', ...args)).trim();
    const commit = async (text: string): Promise<string> => {
      await writeFile(join(work, 'which'), text);
      await git('add', '.');
      await git('commit', '-qm', text);
      return git('rev-parse', 'HEAD');
    };
    await mkdir(join(work, 'sub'), { recursive: true });
    await git('init', '-q', '-b', 'main');
    for (const folder of ['.', 'sub'])
      await writeFile(join(work, folder, 'Dockerfile'), 'FROM scratch\nCOPY which /\n');
    await writeFile(join(work, 'sub/which'), 'sub');
    await writeFile(join(work, 'Other'), 'FROM scratch\nCOPY which /other\n');
    const first = await commit('first');
    await git('tag', 'v1');
    await commit('main');
    await git('checkout', '-q', '-b', 'dev', 'main');
    await commit('dev');
    await git('checkout', '-q', 'main');
    await mkdir(bare);
    await stage.run('git', 'clone', '-q', '--bare', work, join(bare, 'repo.git'));
    await stage.run('git', '-C', join(bare, 'repo.git'), 'config', 'uploadpack.allowAnySHA1InWant', 'true');
    const port = await freePort();
    // Not by way of `git daemon`, which would outlive the program that it was asked of.
    const program = join((await stage.run('git', '--exec-path')).trim(), 'git-daemon');
    const flags = [
      '--export-all',
      '--verbose',
      `--base-path=${bare}`,
      '--listen=127.0.0.1',
      `--port=${port}`,
    ];
    await stage.start(program, flags).line(/Ready to rumble/);
    const archive = join(bare, 'context.tar');
    await stage.run('tar', '-cf', archive, '-C', work, '--exclude=.git', '.');
    const tar = await readFile(archive);
    const server = createServer((request, response) => {
      if (request.url !== '/context.tar') return void response.writeHead(404).end();
      response.writeHead(200, { 'content-type': 'application/x-tar', 'content-length': tar.length });
      response.end(request.method === 'HEAD' ? undefined : tar);
    });
    stage.onClose(async () => void server.close());
    return {
      git: `git://127.0.0.1:${port}/repo.git`,
      first,
      http: `http://127.0.0.1:${await listening(server)}`,
    };
  })());
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return (server.address() as AddressInfo).port;
}

/** git's server takes none that is free by itself. */
async function freePort(): Promise<number> {
  const server = createSocket();
  const port = await listening(server);
  await new Promise((done) => server.close(done));
  return port;
}

/** Builds into a folder. @returns what is in `name` there */
async function built(builder: Builder, name: string, ...args: readonly string[]): Promise<string> {
  const out = builder.stage.newFolder('out');
  const { code, stderr } = await builder.build('-o', out, ...args);
  expect(code, stderr).toBe(0);
  return readFile(join(out, name), 'utf8');
}

describe('the builder gets by itself', () => {
  build('a repository, at a branch, a tag or a commit, and a folder in it', ['git'], async (builder) => {
    const { git, first } = await remote(builder.stage);
    for (const [where, which] of [
      ['', 'main'],
      ['#dev', 'dev'],
      ['#v1', 'first'],
      [`#${first}`, 'first'],
      ['#:sub', 'sub'],
      ['#dev:sub', 'sub'],
    ] as const)
      expect([where, await built(builder, 'which', `${git}${where}`)]).toEqual([where, which]);
  });

  build('a repository, for a Dockerfile in it, and one by name', ['git'], async (builder) => {
    const { git } = await remote(builder.stage);
    expect(await built(builder, 'other', '-f', 'Other', `${git}#dev`)).toBe('dev');
    const file = await builder.dockerfile('FROM scratch\nCOPY --from=source /which /named\n');
    expect(
      await built(builder, 'named', '-f', file, '--context', `source=${git}#:sub`, builder.context),
    ).toBe('sub');
  });

  build('a tar over HTTP', ['git', 'tar'], async (builder) => {
    const { http } = await remote(builder.stage);
    expect(await built(builder, 'which', `${http}/context.tar`)).toBe('main');
  });

  build('nothing that is not there, and says so', ['git'], async (builder) => {
    const { git, http } = await remote(builder.stage);
    for (const [where, message] of [
      [`${git}#nobody`, 'repository does not contain ref nobody'],
      [`${http}/nothing.tar`, '404'],
    ] as const) {
      const { code, stderr } = await builder.build(where);
      expect([code, stderr]).toEqual([1, expect.stringContaining(message)]);
    }
  });
});
