import { parseDescriptor, parseDigest, parseJson, type Descriptor, type Digest } from '../../oci/index.ts';

/** What became of a build. */
export interface BuildResult {
  /** Of the image, or of the index of images; undefined where nothing is an image. */
  readonly digest?: Digest;
  readonly descriptor?: Descriptor;
  /** Of the config of an image for one platform. */
  readonly configDigest?: Digest;
  /** What the exporters told, as it came: `containerimage.digest`, `image.name`, … */
  readonly response: Readonly<Record<string, string>>;
}

/** Reads what exporters tell of what they made. */
export function resultOf(response: Readonly<Record<string, string>>): BuildResult {
  const digest = response['containerimage.digest'];
  const configDigest = response['containerimage.config.digest'];
  const descriptor = response['containerimage.descriptor'];
  return {
    ...(digest !== undefined && { digest: parseDigest(digest) }),
    ...(configDigest !== undefined && { configDigest: parseDigest(configDigest) }),
    ...(descriptor !== undefined && {
      descriptor: parseDescriptor(parseJson(Buffer.from(descriptor, 'base64')), ''),
    }),
    response,
  };
}
