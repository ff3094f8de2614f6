import type { FlagParametersForType } from '@stricli/core';
import type { Context } from './context.ts';
import { parseDuration } from './duration.ts';

/** Flags of every command that talks to registries. */
export interface RegistryFlags {
  readonly stats?: boolean;
  readonly trace?: boolean;
  readonly plainHttp?: readonly string[];
  readonly allowRealm?: readonly string[];
  /** In milliseconds. */
  readonly maxWait?: number;
  readonly registryConfig?: string;
  readonly cache: boolean;
}

/** How they are declared to the parser. */
export const registryFlags: FlagParametersForType<RegistryFlags, Context> = {
  stats: {
    kind: 'boolean',
    brief: 'Print the requests that were made, by kind, to standard error',
    optional: true,
    withNegated: false,
  },
  trace: {
    kind: 'boolean',
    brief: 'Print each request, wait, retry, token and use of the cache to standard error, without secrets',
    optional: true,
    withNegated: false,
  },
  plainHttp: {
    kind: 'parsed',
    parse: String,
    brief: 'Speak plain HTTP with this host',
    placeholder: 'HOST[:PORT]',
    variadic: true,
    optional: true,
  },
  allowRealm: {
    kind: 'parsed',
    parse: String,
    brief: 'Give credentials to this token server, though it is on another host',
    placeholder: 'HOST',
    variadic: true,
    optional: true,
  },
  maxWait: {
    kind: 'parsed',
    parse: parseDuration,
    brief: 'How long a registry may have us wait before we give up; 5m unless told',
    placeholder: 'TIME',
    optional: true,
  },
  registryConfig: {
    kind: 'parsed',
    parse: String,
    brief: 'The file with the settings of registries: mirrors, certificates, rates',
    placeholder: 'FILE',
    optional: true,
  },
  cache: {
    kind: 'boolean',
    brief: 'Keep what was read, tokens, and unfinished uploads for the next time',
    default: true,
  },
};
