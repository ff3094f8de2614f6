import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'vitest';
import { cli, lacks, lacksTools, type Need } from './peers.ts';
import { attempt, run, start, type Ending, type ProcessOptions, type Running } from './processes.ts';

/** The surroundings of a test: a folder, and what was started for it. Both are gone when it is over. */
export interface Stage {
  readonly folder: string;
  /** A path in it that nobody has, for a folder to be made. */
  newFolder(name: string): string;
  /** What has to happen in the end; the last that was said comes first. */
  onClose(action: () => Promise<unknown>): void;
  /** Starts a program, which is killed in the end. */
  start(command: string, args: readonly string[], options?: ProcessOptions): Running;
  /** Runs a program that has to succeed, with a home of its own. @returns its standard output */
  run(command: string, ...args: readonly string[]): Promise<string>;
  /** Runs our command line, which has to succeed. */
  stowage(...args: readonly string[]): Promise<string>;
  /** Runs our command line, however it ends. */
  tryStowage(...args: readonly string[]): Promise<Ending>;
  close(): Promise<void>;
}

/** A stage for several tests; whoever opens it closes it. */
export async function createStage(): Promise<Stage> {
  // Not by mkdtemp, whose names podman takes for those of images, and finds fault with their capitals.
  const folder = join(tmpdir(), `stowage-interop-${randomBytes(6).toString('hex')}`);
  const home = join(folder, 'home');
  await mkdir(home, { recursive: true });
  // Nobody finds the settings, or the credentials, of whoever runs the tests.
  const env = {
    HOME: home,
    XDG_CONFIG_HOME: join(home, '.config'),
    XDG_RUNTIME_DIR: join(home, 'run'),
    DOCKER_CONFIG: undefined,
    REGISTRY_AUTH_FILE: undefined,
  };
  const closing: (() => Promise<unknown>)[] = [];
  let folders = 0;
  const stage: Stage = {
    folder,
    newFolder: (name) => join(folder, `${name}-${++folders}`),
    onClose: (action) => void closing.unshift(action),
    start(command, args, options = {}) {
      const running = start(command, args, { ...options, env: { ...env, ...options.env } });
      stage.onClose(async () => {
        running.kill('SIGKILL');
        await running.ended;
      });
      return running;
    },
    run: (command, ...args) => run(command, args, { env, timeout: 50_000 }),
    stowage: (...args) => run(process.execPath, [cli, ...args], { env }),
    tryStowage: (...args) => attempt(process.execPath, [cli, ...args], { env }),
    async close() {
      for (const action of closing.splice(0)) await action().catch(() => {});
      await unmountBelow(folder);
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  return stage;
}

/**
 * A test on a stage of its own, which is left out, with the reason, where the machine lacks what it needs.
 * @param timeout in milliseconds
 */
export function play(
  name: string,
  needs: readonly Need[],
  act: (stage: Stage) => Promise<void>,
  timeout = 60_000,
): void {
  test(name, { timeout }, async ({ skip, onTestFinished }) => {
    const reason = lacksTools() ?? needs.map(lacks).find((lack) => lack !== undefined);
    if (reason !== undefined) skip(reason);
    if (!existsSync(cli)) throw new Error(`there is no ${cli}: npm run build`);
    const stage = await createStage();
    // Also when it takes too long.
    onTestFinished(stage.close, 60_000);
    await act(stage);
  });
}

/** Engines leave mounts behind, and a mounted folder cannot be removed. */
async function unmountBelow(folder: string): Promise<void> {
  const mounts = await readFile('/proc/self/mounts', 'utf8').catch(() => '');
  const below = mounts
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => path.startsWith(`${folder}/`));
  for (const path of below.reverse()) await attempt('umount', ['-l', path]);
}
