import { formatPlatform, Invalid, printable } from '../../oci/index.ts';
import type { BuildOptions } from './build-options.ts';

/** What reads the build's definition, and what it is told. */
export interface Frontend {
  readonly name: string;
  readonly attrs: Readonly<Record<string, string>>;
  /** What the build may do that builders do not grant by themselves. */
  readonly entitlements: readonly string[];
}

/**
 * What the Dockerfile frontend is told of the options that are about neither files nor images.
 * @throws {Invalid} subject `context`, for a host that is none.
 * @see https://github.com/moby/buildkit/blob/master/frontend/dockerui/config.go
 */
export function frontendOf(options: BuildOptions): Frontend {
  const { daemon, target, platforms = [], buildArgs = {}, labels = {}, network, addHosts = [] } = options;
  const { noCache = false, pull = false, attestations = {} } = options;
  const syntax = buildArgs['BUILDKIT_SYNTAX']?.trim();
  const resolveMode = pull ? 'pull' : daemon.kind === 'docker' ? 'local' : undefined;
  const hasNetwork = network !== undefined && network !== 'default';
  return {
    name: syntax === undefined || syntax === '' ? 'dockerfile.v0' : 'gateway.v0',
    attrs: {
      // The first word is an image that reads Dockerfiles; it is told the others.
      ...(syntax !== undefined &&
        syntax !== '' && { source: syntax.split(' ', 1)[0] ?? '', cmdline: syntax }),
      ...(target !== undefined && { target }),
      ...(platforms.length > 0 && { platform: platforms.map(formatPlatform).join(',') }),
      ...(noCache !== false && { 'no-cache': noCache === true ? '' : noCache.join(',') }),
      // An engine's own images come first there, as users of Docker expect.
      ...(resolveMode !== undefined && { 'image-resolve-mode': resolveMode }),
      ...(hasNetwork && { 'force-network-mode': network }),
      ...(addHosts.length > 0 && { 'add-hosts': addHosts.map(formatHost).join(',') }),
      ...prefixed('build-arg:', buildArgs),
      ...prefixed('label:', labels),
      ...prefixed('attest:', attestations),
    },
    entitlements: network === 'host' ? ['network.host'] : [],
  };
}

/** `NAME=ADDRESS`, also from Docker's `NAME:ADDRESS`, and an address of IPv6 in brackets. */
function formatHost(text: string): string {
  const [, name, address] = /^([^=:]+)[=:]\[?([0-9A-Fa-f:.]+)\]?$/.exec(text) ?? [];
  if (name !== undefined && address !== undefined) return `${name}=${address}`;
  throw new Invalid('context', `invalid host "${printable(text)}": want NAME=ADDRESS`);
}

function prefixed(prefix: string, entries: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(entries).map(([name, value]) => [`${prefix}${name}`, value]));
}
