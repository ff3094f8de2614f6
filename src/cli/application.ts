import { buildApplication, buildCommand, buildRouteMap, type Application } from '@stricli/core';
import { isHost } from '../oci/index.ts';
import { version } from '../version.ts';
import { build } from './build/command.ts';
import { builds } from './builds/routes.ts';
import { cache } from './cache/routes.ts';
import type { Context } from './context.ts';
import { copy } from './copy/command.ts';
import { deploy } from './deploy/command.ts';
import { exitCodeOf } from './exit-code.ts';
import { registryFlags, storeFlag } from './flags.ts';
import { layout } from './layout/routes.ts';
import { lookup } from './lookup/command.ts';
import { parserText } from './parser-text.ts';
import { sources } from './sources/command.ts';
import { validate } from './validate/command.ts';

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
  loader: () => import('./serve/serve.ts'),
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
      store: storeFlag,
    },
    positional: {
      kind: 'tuple',
      parameters: [
        {
          brief:
            'Where the data is kept; or a layout or archive to read from: oci-layout:DIR, oci-archive:FILE',
          parse: String,
          placeholder: 'DIR|REF',
          default: './stowage-data',
        },
      ],
    },
  },
  docs: { brief: 'Run a registry over a folder of OCI image layouts, or a read-only one over an archive' },
});

function parseRegistry(text: string): string {
  if (isHost(text) || /^[A-Za-z0-9-]+$/.test(text)) return text;
  throw new SyntaxError('not the host of a registry, as in docker.io or localhost:5000');
}

const registryHost = {
  kind: 'tuple',
  parameters: [{ brief: 'The registry', parse: parseRegistry, placeholder: 'HOST', default: 'docker.io' }],
} as const;

const { cache: _, redis: __, run: ___, ...connectionFlags } = registryFlags;

const login = buildCommand({
  loader: () => import('./account/login.ts'),
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
  loader: () => import('./account/logout.ts'),
  parameters: { flags: { registryConfig: registryFlags.registryConfig }, positional: registryHost },
  docs: { brief: 'Forget the password for a registry' },
});

const token = buildCommand({
  loader: () => import('./account/token.ts'),
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
    routes: {
      lookup,
      layout,
      validate,
      copy,
      build,
      builds,
      deploy,
      sources,
      serve,
      cache,
      login,
      logout,
      token,
    },
    docs: { brief: 'Container images, wherever they are' },
  }),
  {
    name: 'stowage',
    versionInfo: { currentVersion: version },
    determineExitCode: exitCodeOf,
    localization: { text: parserText },
    scanner: { caseStyle: 'allow-kebab-for-camel' },
    documentation: { caseStyle: 'convert-camel-to-kebab' },
  },
);
