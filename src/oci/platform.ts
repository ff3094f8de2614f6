import { Invalid, printable } from './invalid.ts';

/**
 * What an image runs on.
 * @see https://github.com/opencontainers/image-spec/blob/main/image-index.md#image-index-property-descriptions
 */
export interface Platform {
  readonly architecture: string;
  readonly os: string;
  readonly 'os.version'?: string;
  readonly 'os.features'?: readonly string[];
  readonly variant?: string;
}

/**
 * The form in which platforms are compared, as containerd has it: one name per architecture,
 * `arm` always with a variant, `arm64` v8 and `amd64` v1 without.
 * @see https://github.com/containerd/platforms/blob/main/database.go
 */
export function normalizePlatform(platform: Platform): Platform {
  const os = platform.os.toLowerCase();
  const [architecture, variant] = normalizeArchitecture(
    platform.architecture.toLowerCase(),
    (platform.variant ?? '').toLowerCase(),
  );
  return compose(platform, os === 'macos' ? 'darwin' : os, architecture, variant);
}

/**
 * The form that the Docker Official Images write into synthesized indexes: containerd's,
 * but arm64 says `v8`, since their name for it is `arm64v8`. Features of the system are sorted, each once.
 * @see https://github.com/docker-library/bashbrew/blob/master/architecture/oci-platform.go
 */
export function normalizeForIndex(platform: Platform): Platform {
  const normal = normalizePlatform(platform);
  const {
    os,
    architecture,
    variant = architecture === 'arm64' ? 'v8' : '',
    'os.features': features = [],
  } = normal;
  return compose({ ...normal, 'os.features': [...new Set(features)].sort() }, os, architecture, variant);
}

/** `linux/arm/v7`, in the normal form. A Windows version follows the system: `windows(10.0.20348)/amd64`. */
export function formatPlatform(platform: Platform): string {
  const { os, architecture, variant, 'os.version': version } = normalizePlatform(platform);
  const system = version === undefined ? os : `${os}(${version})`;
  return [system, architecture, ...(variant === undefined ? [] : [variant])].join('/');
}

const PART = /^[A-Za-z0-9_.-]{1,64}$/;

/**
 * Reads `os/architecture[/variant]`, where `os` may carry a version: `windows(10.0.20348)`.
 * @throws {Invalid} subject `platform`.
 */
export function parsePlatform(text: string): Platform {
  const [system = '', architecture = '', variant, ...rest] = text.split('/');
  const versioned = /^([^()]*)\(([^()]*)\)$/.exec(system.slice(0, 256));
  const os = versioned?.[1] ?? system;
  const parts = [os, architecture, ...(variant === undefined ? [] : [variant])];
  if (versioned?.[2] !== undefined) parts.push(versioned[2]);
  if (rest.length > 0 || !parts.every((part) => PART.test(part))) {
    throw new Invalid('platform', `invalid platform "${printable(text)}": want os/architecture[/variant]`);
  }
  return normalizePlatform({
    architecture,
    os,
    ...(versioned?.[2] !== undefined && { 'os.version': versioned[2] }),
    ...(variant !== undefined && { variant }),
  });
}

/**
 * Whether an image for `have` is one that was asked for with `want`. What `want` leaves open, matches;
 * a Windows version matches by its leading parts, so that `10.0.20348` takes every patch of it.
 */
export function matchesPlatform(want: Platform, have: Platform): boolean {
  const a = normalizePlatform(want);
  const b = normalizePlatform(have);
  if (a.os !== b.os || a.architecture !== b.architecture || a.variant !== b.variant) return false;
  const version = a['os.version'];
  if (version !== undefined && b['os.version'] !== version && !b['os.version']?.startsWith(`${version}.`))
    return false;
  return (a['os.features'] ?? []).every((feature) => b['os.features']?.includes(feature) ?? false);
}

function normalizeArchitecture(architecture: string, variant: string): [string, string] {
  switch (architecture) {
    case 'i386':
      return ['386', ''];
    case 'amd64':
    case 'x86_64':
    case 'x86-64':
      return ['amd64', variant === 'v1' ? '' : variant];
    case 'arm64':
    case 'aarch64':
      return ['arm64', variant === 'v8' || variant === '8' ? '' : variant];
    case 'armhf':
      return ['arm', 'v7'];
    case 'armel':
      return ['arm', 'v6'];
    case 'arm':
      if (variant === '') return ['arm', 'v7'];
      return ['arm', /^[5-8]$/.test(variant) ? `v${variant}` : variant];
    default:
      return [architecture, variant];
  }
}

/** A platform with its fields in the order in which Go's types write them, and none that is empty. */
function compose(rest: Platform, os: string, architecture: string, variant: string): Platform {
  return {
    architecture,
    os,
    ...(rest['os.version'] && { 'os.version': rest['os.version'] }),
    ...(rest['os.features']?.length && { 'os.features': rest['os.features'] }),
    ...(variant !== '' && { variant }),
  };
}
