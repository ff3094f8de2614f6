import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A home directory of a test's own, which is gone after it. */
export interface Home {
  readonly path: string;
  /** An environment with this home, where programs of `bin` are found before the system's. */
  readonly environment: NodeJS.ProcessEnv;
  /** Writes a file; an object is written as JSON. */
  write(name: string, content: unknown): string;
  /** Puts a helper on the PATH: a shell script that appends each server that it is asked for to `asked`. */
  helper(name: string, script: string): void;
  at(name: string): string;
}

/** Makes a home for the test that runs. */
export function home(): Home {
  const path = mkdtempSync(join(tmpdir(), 'stowage-auth-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  const at = (name: string): string => join(path, name);
  const write = (name: string, content: unknown): string => {
    mkdirSync(dirname(at(name)), { recursive: true });
    writeFileSync(at(name), typeof content === 'string' ? content : JSON.stringify(content));
    return at(name);
  };
  return {
    path,
    environment: { HOME: path, PATH: `${at('bin')}${delimiter}${process.env['PATH']}` },
    at,
    write,
    helper(name, script) {
      const file = write(
        `bin/docker-credential-${name}`,
        `#!/bin/sh\nserver=$(cat)\necho "$1 $server" >>'${at('asked')}'\n${script}\n`,
      );
      chmodSync(file, 0o755);
    },
  };
}

/** What `auth` has in a file. */
export function base64(user: string): string {
  return Buffer.from(user).toString('base64');
}
