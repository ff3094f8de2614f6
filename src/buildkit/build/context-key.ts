import { familiarReference, formatPlatform, parseDockerName, type Platform } from '../../oci/index.ts';
import { fromInvalid } from '../../registry/index.ts';

/**
 * How the Dockerfile frontend calls what stands for a name: `context:alpine:3.20`, `context:base::linux/arm64`. It asks
 * with the platform first, then without; always for the short form of the name, and never for `:latest`.
 * @throws {RegistryError} `REFERENCE_INVALID`, if the name can stand in no Dockerfile.
 * @see https://github.com/moby/buildkit/blob/master/frontend/dockerui/config.go `NamedContext`
 */
export function contextKey(name: string, platform?: Platform): string {
  const suffix = platform === undefined ? '' : `::${formatPlatform(platform)}`;
  return `context:${familiarContextName(name)}${suffix}`;
}

/** The name of a context in the form in which the frontend asks for it. @throws {RegistryError} `REFERENCE_INVALID`. */
function familiarContextName(name: string): string {
  try {
    return familiarReference(parseDockerName(name)).replace(/:latest$/, '');
  } catch (error) {
    throw fromInvalid(error, 'REFERENCE_INVALID', { reference: name });
  }
}
