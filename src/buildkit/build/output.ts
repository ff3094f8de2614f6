import type { Registry } from '../../registry/index.ts';
import type { DaemonKind } from '../daemon/address.ts';

/** Attributes of an exporter that pass as they are: `compression`, `rewrite-timestamp`, `annotation.…`. */
interface WithAttrs {
  readonly attrs?: Readonly<Record<string, string>>;
}

/** An image among those of the builder, or of the engine that it is a part of. */
export interface ImageOutput extends WithAttrs {
  readonly type: 'image';
  readonly names?: readonly string[];
  /** The builder pushes it to the registries of its names. */
  readonly push?: boolean;
}

/** A tar: an image as an OCI layout or as `docker load` takes it, or the files of the last stage. */
export interface TarOutput extends WithAttrs {
  readonly type: 'oci' | 'docker' | 'tar';
  /** Of the image. */
  readonly names?: readonly string[];
  /** The path of the file, or what takes the bytes in order. */
  readonly to: string | ((bytes: AsyncIterable<Uint8Array>) => Promise<void>);
}

/** The files of the last stage, in a folder; those of several platforms in a folder each. */
export interface FolderOutput extends WithAttrs {
  readonly type: 'local';
  /** Its path; it is made if it is not there. */
  readonly folder: string;
}

/**
 * Straight into a registry of any kind, with nothing between: only what it does not have is sent. One for each build.
 *
 * A Docker engine with graph drivers keeps the image for a moment, and pushes it from there, through `serve` of the build:
 * with layers in gzip, and without annotations. The manifest is OCI's, or Docker's with `oci-mediatypes=false`.
 */
export interface RegistryOutput extends WithAttrs {
  readonly type: 'registry';
  readonly registry: Registry;
  readonly repository: string;
  /** None: it is there by its digest alone. */
  readonly tags?: readonly string[];
}

/** Where what was built goes. */
export type Output = ImageOutput | TarOutput | FolderOutput | RegistryOutput;

/** What the builder is told of an output. */
export interface Exporter {
  readonly type: string;
  readonly attrs: Readonly<Record<string, string>>;
}

/**
 * What the builder is told of where it all goes.
 * @see https://github.com/moby/buildkit/blob/master/README.md#output
 */
export function exporterOf(output: Exclude<Output, RegistryOutput>, kind: DaemonKind): Exporter {
  switch (output.type) {
    case 'image':
      return {
        // An engine has an exporter of its own, which enters the image where `docker run` finds it.
        type: kind === 'docker' ? 'moby' : 'image',
        attrs: {
          ...nameAttrs(output.names),
          ...(output.push === true && { push: 'true' }),
          ...(kind === 'docker' && { 'prefer-image-digest': 'true' }),
          ...output.attrs,
        },
      };
    case 'local':
      return { type: 'local', attrs: { ...output.attrs } };
    case 'oci':
    case 'docker':
    case 'tar':
      return { type: output.type, attrs: { ...nameAttrs(output.names), ...output.attrs } };
  }
}

function nameAttrs(names: readonly string[] = []): Record<string, string> {
  return names.length === 0 ? {} : { name: names.join(',') };
}
