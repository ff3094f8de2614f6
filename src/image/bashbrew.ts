import { normalizeForIndex, type Platform } from '../oci/index.ts';

/**
 * The architectures of the Docker Official Images, by the names that their build tool has for them.
 * @see https://github.com/docker-library/bashbrew/blob/master/architecture/oci-platform.go
 */
const ARCHITECTURES: ReadonlyMap<string, string> = new Map([
  ['linux/amd64', 'amd64'],
  ['linux/arm/v5', 'arm32v5'],
  ['linux/arm/v6', 'arm32v6'],
  ['linux/arm/v7', 'arm32v7'],
  ['linux/arm64/v8', 'arm64v8'],
  ['linux/386', 'i386'],
  ['linux/mips64le', 'mips64le'],
  ['linux/ppc64le', 'ppc64le'],
  ['linux/riscv64', 'riscv64'],
  ['linux/s390x', 's390x'],
  ['windows/amd64', 'windows-amd64'],
]);

/** The name of a platform's architecture: `arm64v8`. @returns undefined for platforms that are not built for. */
export function bashbrewArchitecture(platform: Platform): string | undefined {
  const { os, architecture, variant } = normalizeForIndex(platform);
  return ARCHITECTURES.get([os, architecture, ...(variant === undefined ? [] : [variant])].join('/'));
}
