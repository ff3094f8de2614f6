import { INDEX_LIMIT } from '../../../../layout-index/index.ts';
import {
  Invalid,
  isObject,
  parseDockerReference,
  parseJson,
  printable,
  type FullReference,
} from '../../../../oci/index.ts';
import { archivePath } from '../../../../tar/index.ts';
import { reading } from '../../failure.ts';
import { readDocument, type ArchiveReader } from '../document.ts';

/**
 * One image of a `manifest.json`, the list that `docker save` writes.
 * @see https://github.com/moby/docker-image-spec/blob/v1.3.1/spec.md
 */
export interface DockerImage {
  /** The path of its config. */
  readonly config: string;
  /** Its names. */
  readonly names: readonly FullReference[];
  /** The paths of its layers, the lowest first. */
  readonly layers: readonly string[];
}

/** How many images, and layers of one, there may be. */
const IMAGE_LIMIT = 10_000;
const LAYER_LIMIT = 1000;

/** Reads the `manifest.json`. @throws {RegistryError} `ARCHIVE_INVALID`. */
export async function readDockerManifest(reader: ArchiveReader): Promise<readonly DockerImage[]> {
  const bytes = await readDocument(reader, 'manifest.json', INDEX_LIMIT);
  return reading(reader.file, 'manifest.json', () => {
    const list = parseJson(bytes);
    if (!Array.isArray(list)) throw wrong('want a list of images', '');
    if (list.length > IMAGE_LIMIT) throw wrong(`${list.length} images, more than ${IMAGE_LIMIT}`, '');
    return list.map(imageOf);
  });
}

function imageOf(value: unknown, at: number): DockerImage {
  const image = value as Parameters<typeof isObject>[0];
  if (!isObject(image)) throw wrong('want an object', `/${at}`);
  const { Config: config, RepoTags: names, Layers: layers } = image;
  if (typeof config !== 'string') throw wrong('want the path of a config', `/${at}/Config`);
  if (names != null && !areTexts(names)) throw wrong('want a list of names', `/${at}/RepoTags`);
  // Go writes null for a list that is empty.
  if (layers != null && !areTexts(layers)) throw wrong('want a list of paths', `/${at}/Layers`);
  if (layers != null && layers.length > LAYER_LIMIT)
    throw wrong(`${layers.length} layers, more than ${LAYER_LIMIT}`, `/${at}/Layers`);
  return {
    config: pathAt(config, `/${at}/Config`),
    names: (names ?? []).map((name, which) => nameAt(name, `/${at}/RepoTags/${which}`)),
    layers: (layers ?? []).map((path, which) => pathAt(path, `/${at}/Layers/${which}`)),
  };
}

function pathAt(path: string, pointer: string): string {
  try {
    return archivePath(path);
  } catch (error) {
    throw wrong(`"${printable(path, 200)}": ${(error as Error).message}`, pointer);
  }
}

function nameAt(name: string, pointer: string): FullReference {
  try {
    return parseDockerReference(name);
  } catch (error) {
    throw wrong((error as Error).message, pointer);
  }
}

function areTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function wrong(message: string, pointer: string): Invalid {
  return new Invalid('manifest', message, pointer);
}
