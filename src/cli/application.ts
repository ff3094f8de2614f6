import { buildApplication, buildCommand, buildRouteMap, type Application } from '@stricli/core';
import { isHost } from '../oci/index.ts';
import { version } from '../version.ts';
import { cache } from './cache-routes.ts';
import type { Context } from './context.ts';
import { exitCodeOf } from './exit-code.ts';
import { registryFlags } from './flags.ts';

const lookup = buildCommand({
  loader: () => import('./lookup.ts'),
  parameters: {
    flags: {
      ...registryFlags,
      digest: { kind: 'boolean', brief: 'Print the digest alone', optional: true, withNegated: false },
      platform: {
        kind: 'parsed',
        parse: String,
        brief: 'Only what is for this platform',
        placeholder: 'OS/ARCH[/VARIANT]',
        optional: true,
      },
    },
    positional: {
      kind: 'array',
      minimum: 1,
      parameter: { brief: 'A tag or digest in a registry or layout', parse: String, placeholder: 'REF' },
    },
  },
  docs: {
    brief: 'Describe what stands at a reference, as an index',
    fullDescription:
      'Prints the index that describes each reference: platforms read from configs where they are missing, attestations\n' +
      'paired with their images, and for each entry where it is to be found.\n\n' +
      'A REF is docker.io/library/alpine:3.20 (or alpine:3.20), localhost:5000/x:y, oci-layout:DIR:TAG, each also with @DIGEST.',
  },
});

const copy = buildCommand({
  loader: () => import('./copy.ts'),
  parameters: {
    flags: {
      ...registryFlags,
      platform: {
        kind: 'parsed',
        parse: String,
        brief: 'Keep this platform of an index (may be repeated)',
        placeholder: 'OS/ARCH[/VARIANT]',
        variadic: true,
        optional: true,
      },
      referrers: {
        kind: 'boolean',
        brief: 'Copy signatures, SBOMs and whatever else refers to the image',
        optional: true,
        withNegated: false,
      },
    },
    positional: {
      kind: 'tuple',
      parameters: [
        { brief: 'What to copy', parse: String, placeholder: 'FROM' },
        { brief: 'Where to', parse: String, placeholder: 'TO' },
      ],
    },
  },
  docs: { brief: 'Copy an image, all platforms and byte for byte, between registries and layouts' },
});

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65535) return port;
  throw new SyntaxError(`not a port: ${text.slice(0, 40)}`);
}

function parseHost(text: string): string {
  if (text !== '') return text;
  throw new SyntaxError('the address is missing');
}

const serve = buildCommand({
  loader: () => import('./serve.ts'),
  parameters: {
    flags: {
      port: {
        kind: 'parsed',
        parse: parsePort,
        brief: 'Where to listen; 0 takes any that is free',
        default: '5000',
        placeholder: 'PORT',
      },
      host: {
        kind: 'parsed',
        parse: parseHost,
        brief: 'Address to listen on',
        default: '127.0.0.1',
        placeholder: 'ADDRESS',
      },
    },
    positional: {
      kind: 'tuple',
      parameters: [
        { brief: 'Where the data is kept', parse: String, placeholder: 'DIR', default: './stowage-data' },
      ],
    },
  },
  docs: { brief: 'Run a registry over a folder of OCI image layouts' },
});

function parseRegistry(text: string): string {
  if (isHost(text) || /^[A-Za-z0-9-]+$/.test(text)) return text;
  throw new SyntaxError('not the host of a registry, as in docker.io or localhost:5000');
}

const registryHost = {
  kind: 'tuple',
  parameters: [{ brief: 'The registry', parse: parseRegistry, placeholder: 'HOST', default: 'docker.io' }],
} as const;

const { cache: _, ...connectionFlags } = registryFlags;

const login = buildCommand({
  loader: () => import('./login.ts'),
  parameters: {
    flags: {
      ...connectionFlags,
      username: {
        kind: 'parsed',
        parse: String,
        brief: 'Who you are there',
        placeholder: 'USER',
        optional: true,
      },
      passwordStdin: {
        kind: 'boolean',
        brief: 'Read the password from standard input',
        optional: true,
        withNegated: false,
      },
    },
    aliases: { u: 'username' },
    positional: registryHost,
  },
  docs: {
    brief: 'Try a password at a registry, and keep it if it is good',
    fullDescription:
      'Keeps it where docker does: in the credential helper that ~/.docker/config.json names, else in that file.\n' +
      'Asks for user name and password on a terminal; elsewhere, the password is read with --password-stdin.',
  },
});

const logout = buildCommand({
  loader: () => import('./logout.ts'),
  parameters: { flags: { registryConfig: registryFlags.registryConfig }, positional: registryHost },
  docs: { brief: 'Forget the password for a registry' },
});

const token = buildCommand({
  loader: () => import('./token.ts'),
  parameters: {
    flags: {
      ...registryFlags,
      push: {
        kind: 'boolean',
        brief: 'For writing as well as reading',
        optional: true,
        withNegated: false,
      },
    },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'An image, or its repository', parse: String, placeholder: 'REF' }],
    },
  },
  docs: {
    brief: 'Print what a request for a repository needs as its Authorization',
    fullDescription:
      'Prints `Bearer …` or `Basic …`, a secret, for a request of your own:\n' +
      '  curl -H "Authorization: $(stowage token docker.io/library/alpine)" https://registry-1.docker.io/v2/library/alpine/tags/list\n' +
      'Prints nothing where the registry does not ask who we are.',
  },
});

/** The commands. Each is loaded when it is called. */
export const application: Application<Context> = buildApplication(
  buildRouteMap({
    routes: { lookup, copy, serve, cache, login, logout, token },
    docs: { brief: 'Container images, wherever they are' },
  }),
  {
    name: 'stowage',
    versionInfo: { currentVersion: version },
    determineExitCode: exitCodeOf,
    scanner: { caseStyle: 'allow-kebab-for-camel' },
    documentation: { caseStyle: 'convert-camel-to-kebab' },
  },
);
