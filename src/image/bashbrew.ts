import { normalizeForIndex, type Platform } from '../oci/index.ts';

/**
 * The architectures of the Docker Official Images, by the names that their build tool has for them.
 * @see https://github.com/docker-library/bashbrew/blob/master/architecture/oci-platform.go
 */
const ARCHITECTURES: ReadonlyMap<string, string> = new Map(
  Object.entries<readonly [os: string, architecture: string, variant?: string]>({
    amd64: ['linux', 'amd64'],
    arm32v5: ['linux', 'arm', 'v5'],
    arm32v6: ['linux', 'arm', 'v6'],
    arm32v7: ['linux', 'arm', 'v7'],
    arm64v8: ['linux', 'arm64', 'v8'],
    i386: ['linux', '386'],
    mips64le: ['linux', 'mips64le'],
    ppc64le: ['linux', 'ppc64le'],
    riscv64: ['linux', 'riscv64'],
    s390x: ['linux', 's390x'],
    'windows-amd64': ['windows', 'amd64'],
  }).map(([name, platform]) => [keyOf(...platform), name]),
);

/** The name of a platform's architecture: `arm64v8`. @returns undefined for platforms that are not built for. */
export function bashbrewArchitecture(platform: Platform): string | undefined {
  const { os, architecture, variant } = normalizeForIndex(platform);
  return ARCHITECTURES.get(keyOf(os, architecture, variant));
}

function keyOf(os: string, architecture: string, variant?: string): string {
  return JSON.stringify([os, architecture, variant]);
}
