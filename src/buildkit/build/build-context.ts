import type { Platform } from '../../oci/index.ts';
import type { ImageSource } from './image-source.ts';

/** The path of a folder on this machine. The builder is sent what it asks for, without what `.dockerignore` excludes. */
export interface FolderContext {
  readonly folder: string;
}

/** The URL of a git repository, or of a tar or a Dockerfile over HTTP: what the builder gets by itself. */
export interface UrlContext {
  readonly url: string;
}

/**
 * A tar, plain or compressed with gzip, bzip2 or xz, which goes to the builder while it is read: once, from its beginning
 * to its end, and not at all where the builder does not ask for it.
 */
export interface TarContext {
  readonly tar: AsyncIterable<Uint8Array>;
}

/** What `COPY` and `ADD` copy from. */
export type BuildContext = FolderContext | UrlContext | TarContext;

/** Where a Dockerfile is, or what is in it. */
export type DockerfileSource =
  /** The path of a file on this machine. */
  | { readonly file: string }
  /** The path of a file in the context, with slashes. */
  | { readonly inContext: string }
  | { readonly text: string };

/** A name in a Dockerfile, and what is to be taken for it. */
export interface NamedContext {
  /** As `FROM` and `COPY --from` have it: `base`, `alpine`, `docker.io/library/alpine:3.20`. */
  readonly name: string;
  /** For this platform alone; others take what is given without one. */
  readonly platform?: Platform;
  readonly source: ContextSource;
}

/** What a name in a Dockerfile stands for: an image, a folder, or what the builder gets by itself over git or HTTP. */
export type ContextSource = ImageSource | FolderContext | UrlContext;
