import { buildCommand, type Command } from '@stricli/core';
import { isHost } from '../../oci/index.ts';
import type { Context } from '../context.ts';
import { registryFlags } from '../flags.ts';

function parseRegistry(text: string): string {
  if (isHost(text) || /^[A-Za-z0-9-]+$/.test(text)) return text;
  throw new SyntaxError('not the host of a registry, as in docker.io or localhost:5000');
}

const registryHost = {
  kind: 'tuple',
  parameters: [{ brief: 'The registry', parse: parseRegistry, placeholder: 'HOST', default: 'docker.io' }],
} as const;

const { cache: _, redis: __, run: ___, ...connectionFlags } = registryFlags;

/** How `stowage login` is declared. */
export const login: Command<Context> = buildCommand({
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

/** How `stowage logout` is declared. */
export const logout: Command<Context> = buildCommand({
  loader: () => import('./logout.ts'),
  parameters: { flags: { registryConfig: registryFlags.registryConfig }, positional: registryHost },
  docs: { brief: 'Forget the password for a registry' },
});

/** How `stowage token` is declared. */
export const token: Command<Context> = buildCommand({
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
