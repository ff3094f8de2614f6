import {
  digestOf,
  isConfigType,
  parseManifest,
  verifiableAlgorithm,
  type Descriptor,
  type Manifest,
  type Platform,
} from '../oci/index.ts';
import { fromInvalid, RegistryError, type Options, type Registry } from '../registry/index.ts';

/** A manifest that was read, with the bytes that it came as. */
export interface ReadManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly manifest: Manifest;
}

/**
 * Reads a manifest and checks its form.
 * @param expected what refers to it says of it, which it has to meet
 * @throws {RegistryError} `MANIFEST_INVALID`, `SIZE_MISMATCH`.
 */
export async function readManifest(
  registry: Registry,
  repository: string,
  reference: string,
  options: Options & { readonly expected?: Descriptor } = {},
): Promise<ReadManifest> {
  const { expected, signal } = options;
  const bytes = expected === undefined ? undefined : embedded(expected);
  if (expected !== undefined && bytes !== undefined) return parsed(bytes, expected, repository);
  const content = await registry.getManifest(repository, reference, signal === undefined ? {} : { signal });
  const { digest, size } = content.descriptor;
  // Who asked by digest has the right bytes, so the type by which it was referred to is the type meant.
  const mediaType = expected?.mediaType ?? content.descriptor.mediaType;
  if (expected !== undefined && expected.size !== size) {
    await content.cancel();
    throw new RegistryError(
      'SIZE_MISMATCH',
      `${repository}@${digest} has ${size} bytes, it was referred to with ${expected.size}`,
      { repository, reference },
    );
  }
  return parsed(await content.bytes(), { mediaType, digest, size }, repository);
}

function parsed(
  bytes: Uint8Array,
  { mediaType, digest, size }: Descriptor,
  repository: string,
): ReadManifest {
  try {
    return { descriptor: { mediaType, digest, size }, bytes, manifest: parseManifest(bytes, mediaType) };
  } catch (error) {
    throw fromInvalid(error, 'MANIFEST_INVALID', { repository, reference: digest });
  }
}

/**
 * The platform that an image's config says it is for.
 * @returns undefined for what is no image, or says nothing.
 */
export async function configPlatform(
  registry: Registry,
  repository: string,
  manifest: Manifest,
  options: Options = {},
): Promise<Platform | undefined> {
  if (manifest.kind !== 'image') return undefined;
  const { config } = manifest.document;
  if (!isConfigType(config.mediaType)) return undefined;
  const { os, architecture, ...rest } = await readConfig(registry, repository, config, options);
  if (!isText(os) || !isText(architecture)) return undefined;
  const { 'os.version': version, 'os.features': features, variant } = rest;
  return {
    architecture,
    os,
    ...(isText(version) && { 'os.version': version }),
    ...(Array.isArray(features) && { 'os.features': features }),
    ...(isText(variant) && { variant }),
  };
}

async function readConfig(
  registry: Registry,
  repository: string,
  config: Descriptor,
  options: Options,
): Promise<Partial<Platform>> {
  const bytes = embedded(config);
  const text =
    bytes === undefined
      ? await (await registry.getBlob(repository, config.digest, options)).text()
      : new TextDecoder().decode(bytes);
  try {
    return (JSON.parse(text) as Partial<Platform> | null) ?? {};
  } catch (error) {
    throw new RegistryError(
      'MANIFEST_INVALID',
      `the config ${config.digest} of an image in ${repository} is not JSON`,
      { repository, reference: config.digest, cause: error },
    );
  }
}

/** What a descriptor carries itself, if that is what it names: then it spares a request. */
function embedded({ data, digest, size }: Descriptor): Uint8Array | undefined {
  if (data == null) return undefined;
  const algorithm = verifiableAlgorithm(digest);
  const bytes = Buffer.from(data, 'base64');
  // What cannot be verified, or is something else, is not believed: the registry is asked.
  return algorithm !== undefined && bytes.length === size && digestOf(bytes, algorithm) === digest
    ? bytes
    : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
