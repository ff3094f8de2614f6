import { resolve } from 'node:path';
import type { LayoutNames } from '../../layout-index/index.ts';
import type { Platform } from '../../oci/index.ts';
import { checkRepository, type Options, type Registry } from '../../registry/index.ts';
import { commitArchive, compressionByName } from './commit/commit.ts';
import type { ArchiveFormat } from './contents/contents.ts';
import { deleteOperations } from './delete.ts';
import type { Compression } from './file/compression.ts';
import type { ArchiveLimits } from './holdings/base.ts';
import { createHoldings } from './holdings/holdings.ts';
import { listOperations } from './list.ts';
import { archiveNames } from './names.ts';
import { readOperations } from './read.ts';
import { uploadOperations } from './upload.ts';
import { writeOperations } from './write.ts';

/** Settings of a registry that is an archive. */
export interface ArchiveOptions {
  /**
   * What it is, or is to be: a tar with an OCI image layout, or one for `docker load`. Of Docker's, all ages are read;
   * written is that of Docker 25 and later, which is both at once.
   */
  readonly format: ArchiveFormat;
  /** What its one repository is called; `archive`, unless told. */
  readonly repository?: string;
  /**
   * How it is written. Unless told, the file's name says it: `.tar.gz` and `.tgz`, `.tar.zst`, all others not compressed.
   * What is read is recognised by its content.
   */
  readonly compression?: Compression;
  /** Of images for several platforms, the one that old readers of Docker's archives get; linux/amd64 unless told. */
  readonly platform?: Platform;
  /** Whether a commit waits until the file is on the disk (`fsync`). On, unless told. */
  readonly durable?: boolean;
  /** Bounds on what is read. */
  readonly limits?: ArchiveLimits;
}

/** An archive, whose images have names beside their tags. */
export interface ArchiveRegistry extends Registry {
  readonly names: LayoutNames;
  /**
   * Writes the archive: its manifests, with and without names, and all that they lead to, of what it had and of what was
   * pushed, less what was deleted. Blobs that no manifest leads to are left out, unless something that we cannot read may
   * lead to them: a manifest of a type that we do not know, one that is malformed, or an index of more than 4 MiB. While
   * there is one, every blob stays that was not deleted. The file is replaced when all is on the disk. What somebody else
   * has written into its place before that is part of it.
   * @throws {RegistryError} `UNSUPPORTED` for zstd with Node before 22.15; what the disk says.
   */
  commit(options?: Options): Promise<void>;
  /** Ends it: what was not committed is gone. */
  close(): Promise<void>;
}

/**
 * A registry that is one archive, as one repository; for others it answers `NAME_UNKNOWN`.
 *
 * It is read where it stands, without unpacking: contents are read from their places in the tar. Of one that is
 * compressed, the tar is brought into a temporary file beside it, by one pass, which goes with `close`. A file that is
 * replaced is seen, and read anew. What is written is kept beside the file until `commit`; who never commits has
 * changed nothing. Many may commit to one file, in many processes: each writes what those before it wrote as well. They
 * wait for each other by the kernel's locks, as far as the disk has those.
 * @param file its path; it need not be there
 * @throws {RegistryError} `NAME_INVALID` when the repository's name is none. Operations, besides the codes of `Registry`:
 *   `ARCHIVE_INVALID` for a file that is no archive, or a hostile one; `REFERENCE_AMBIGUOUS`; `UNKNOWN` when the disk fails;
 *   `UNSUPPORTED` for the deletion of a manifest that cannot be read, if blobs would go with it that it may lead to.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 */
export function archiveRegistry(file: string, options: ArchiveOptions): ArchiveRegistry {
  const { format, repository = 'archive', platform = { os: 'linux', architecture: 'amd64' } } = options;
  const { compression = compressionByName(file), durable = true, limits } = options;
  checkRepository(repository);
  const holdings = createHoldings(resolve(file), { repository, format, limits });
  return {
    ...readOperations(holdings),
    ...writeOperations(holdings),
    ...uploadOperations(holdings),
    ...deleteOperations(holdings),
    ...listOperations(holdings),
    names: archiveNames(holdings),
    commit: ({ signal } = {}) => commitArchive(holdings, { format, compression, platform, durable, signal }),
    close: () => holdings.close(),
  };
}
