import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, test } from 'vitest';
import { cli, lacks, lacksTools, type Need } from './peers.ts';
import { attempt, start, type Ending, type Running } from './processes.ts';
import { dockerd, type Docker, type DockerOptions } from './servers.ts';
import { createStage, type Stage } from './stage.ts';

/** A Docker engine that builds, for all tests of a file. */
export interface Builder {
  readonly stage: Stage;
  readonly docker: Docker;
  /** A folder with a program `hello`, which prints `hello`, and nothing that it needs. */
  readonly context: string;
  /** Runs `stowage build`, however it ends. */
  build(...args: readonly string[]): Promise<Ending>;
  /** Begins to run it. */
  startBuild(...args: readonly string[]): Running;
  /** Runs `docker buildx build`, which has to succeed. @returns how long it took, in milliseconds */
  buildx(...args: readonly string[]): Promise<number>;
  /** Writes a Dockerfile. @returns its path */
  dockerfile(text: string): Promise<string>;
  /** How many sessions of clients the engine has. */
  sessions(): Promise<number>;
}

const NEEDS: readonly Need[] = ['dockerd', 'cc'];

async function createBuilder(options: DockerOptions): Promise<Builder> {
  const stage = await createStage();
  const context = join(stage.folder, 'context');
  await mkdir(context);
  await writeFile(join(stage.folder, 'hello.c'), '#include <stdio.h>\nint main(void) { puts("hello"); }\n');
  await stage.run('cc', '-static', '-s', '-o', join(context, 'hello'), join(stage.folder, 'hello.c'));
  const docker = await dockerd(stage, options);
  const env = { ...docker.env, HOME: join(stage.folder, 'home'), BUILDKIT_HOST: undefined };
  const words = (args: readonly string[]): string[] => [
    cli,
    'build',
    ...(args.includes('--progress') ? [] : ['--progress', 'plain']),
    ...args,
  ];
  let files = 0;
  return {
    stage,
    docker,
    context,
    build: (...args) => attempt(process.execPath, words(args), { env, timeout: 120_000 }),
    startBuild: (...args) => start(process.execPath, words(args), { env }),
    async buildx(...args) {
      const begun = performance.now();
      await docker('buildx', 'build', '--progress', 'plain', '--provenance=false', ...args);
      return performance.now() - begun;
    },
    async dockerfile(text) {
      const path = join(stage.folder, `Dockerfile.${++files}`);
      await writeFile(path, text);
      return path;
    },
    sessions: () => countSessions(docker),
  };
}

/** Counts the sessions that an engine holds, by the stacks that it writes down when it is asked to. */
async function countSessions({ pid, folder }: Docker): Promise<number> {
  const exec = join(folder, 'exec');
  const dumps = async (): Promise<readonly string[]> =>
    (await readdir(exec))
      .filter((name) => name.startsWith('goroutine-stacks'))
      .map((name) => join(exec, name));
  for (const old of await dumps()) await rm(old);
  process.kill(pid, 'SIGUSR1');
  for (const until = Date.now() + 10_000; Date.now() < until;) {
    await new Promise((done) => setTimeout(done, 300));
    const [dump] = await dumps();
    const text = dump === undefined ? '' : await readFile(dump, 'utf8');
    if (text !== '') return text.split(/buildkit\/session\.\(\*Manager\)\.handleConn\(/).length - 1;
  }
  throw new Error('the engine does not write down what it does');
}

/** Tests that share an engine, which starts with the first of them. */
export function buildTests(
  options: DockerOptions = {},
): (
  name: string,
  needs: readonly Need[],
  act: (builder: Builder) => Promise<void>,
  timeout?: number,
) => void {
  let builder: Promise<Builder> | undefined;
  afterAll(async () => (await builder)?.stage.close(), 60_000);
  return (name, needs, act, timeout = 120_000) => {
    test(name, { timeout }, async ({ skip }) => {
      const reason = lacksTools() ?? [...NEEDS, ...needs].map(lacks).find((lack) => lack !== undefined);
      if (reason !== undefined) skip(reason);
      await act(await (builder ??= createBuilder(options)));
    });
  };
}
