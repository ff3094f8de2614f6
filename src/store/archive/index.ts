/** A registry that is one file: a tar with an OCI image layout, or what `docker save` writes. */
export { archiveRegistry, type ArchiveOptions, type ArchiveRegistry } from './archive.ts';
export type { ArchiveLimits } from './holdings/base.ts';
export type { Compression } from './file/compression.ts';
export type { ArchiveFormat } from './contents/contents.ts';
export type {
  Compatibility,
  ImageName,
  ImageNames,
  ImageQuery,
  LayoutNames,
} from '../../layout-index/index.ts';
