import { rename } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Descriptor } from '../../oci/index.ts';
import { openable, verifyPushed, type Options, type Source } from '../../registry/index.ts';
import { lstatOrNone } from './age.ts';
import { blobPath, holds } from './blob-file.ts';
import { onDisk } from './failure.ts';
import type { Finding } from './finding.ts';
import { ONLY } from './layouts-in.ts';
import { oneRepository, type LayoutOptions } from './repositories.ts';
import { verifyLayout, type VerifyOptions } from './verify.ts';

/** A layout whose blobs can be put right. */
export interface RepairableLayout {
  /** What a verification finds missing or wrong that bytes by digest can repair: each with the names of its images. */
  lacks(
    options?: Options,
  ): AsyncGenerator<{ readonly descriptor: Descriptor; readonly names: readonly string[] }>;
  /** Whether a blob is there, whole. */
  has(descriptor: Descriptor, options?: Options): Promise<boolean>;
  /**
   * Puts a blob in its place, whatever stands there: atomically, and only if the bytes are right.
   * @throws {RegistryError} `DIGEST_INVALID`, `SIZE_INVALID`, and what the source fails with.
   */
  put(blob: Pick<Descriptor, 'digest' | 'size'>, source: Source, options?: Options): Promise<void>;
}

/** Settings of repairing. */
export interface RepairableOptions
  extends Pick<LayoutOptions, 'durable'>, Pick<VerifyOptions, 'concurrency'> {
  /** Is told of what else is wrong, for which there is nothing to be fetched. */
  readonly onOther?: (finding: Finding) => void;
}

/**
 * Opens a layout for repairing. Its `index.json` is not touched.
 * @param directory one layout; of a folder that `layoutRegistry` serves, that of one repository
 */
export function repairableLayout(directory: string, options: RepairableOptions = {}): RepairableLayout {
  const { onOther, concurrency, ...rest } = options;
  const root = resolve(directory);
  const repository = oneRepository(root, ONLY, rest).open(ONLY);
  const { shelf, path: layout } = repository;
  return {
    async *lacks({ signal } = {}) {
      const how = { ...(concurrency !== undefined && { concurrency }), ...(signal && { signal }) };
      for await (const finding of verifyLayout(root, how)) {
        const { kind, severity, descriptor, names } = finding;
        const isRepairable = kind === 'missing' || kind === 'corrupt' || kind === 'not-regular';
        if (isRepairable && severity === 'error' && descriptor !== undefined) yield { descriptor, names };
        else onOther?.(finding);
      }
    },
    has: ({ digest, size }, { signal } = {}) =>
      onDisk(root, async () => {
        const path = blobPath(layout, digest);
        return path !== undefined && holds(path, digest, size, signal);
      }),
    put: ({ digest, size }, source, { signal } = {}) =>
      onDisk(root, async () => {
        const stream = verifyPushed(openable(source).open(), { digest, size }, signal);
        const file = await shelf.receive(digest, size, stream, signal);
        const path = blobPath(layout, digest);
        // No file can be put in the place of a folder.
        if (path !== undefined && (await lstatOrNone(path))?.isDirectory())
          await rename(path, await shelf.temporary());
        await shelf.place(file, digest, size, async () => {});
      }),
  };
}
