import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { loadSettings, type Settings } from '../../src/settings/index.ts';
import { pemFile } from '../transport/secure-server.ts';

/** A home directory of a test's own, which is gone after it. */
export interface Home {
  readonly at: (name: string) => string;
  /** Writes a file; an object is written as JSON. */
  write(name: string, content: unknown): string;
  /** Copies certificates of test/transport/certificates: to each name, from which. */
  certificates(files: Readonly<Record<string, string>>): void;
  /** Settings from a document, with nothing of this machine's. */
  settings(document: unknown, environment?: Readonly<Record<string, string>>): Promise<Settings>;
}

export function home(): Home {
  const path = mkdtempSync(join(tmpdir(), 'stowage-settings-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  const at = (name: string): string => {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    return join(path, name);
  };
  const write = (name: string, content: unknown): string => {
    writeFileSync(at(name), typeof content === 'string' ? content : JSON.stringify(content));
    return at(name);
  };
  return {
    at,
    write,
    certificates(files) {
      for (const [to, from] of Object.entries(files)) copyFileSync(pemFile(from), at(to));
    },
    settings: (document, environment = {}) =>
      loadSettings({
        ...(document !== undefined && { file: write('registries.json', document) }),
        environment: { HOME: path, ...environment },
        certificateFolders: [join(path, 'user.d'), join(path, 'certs.d')],
      }),
  };
}
