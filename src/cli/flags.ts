import type { FlagParametersForType } from '@stricli/core';
import type { Context } from './context.ts';

/** Flags of every command that talks to registries. */
export interface RegistryFlags {
  readonly stats?: boolean;
  readonly plainHttp?: readonly string[];
  readonly allowRealm?: readonly string[];
}

/** How they are declared to the parser. */
export const registryFlags: FlagParametersForType<RegistryFlags, Context> = {
  stats: {
    kind: 'boolean',
    brief: 'Print the requests that were made, by kind, to standard error',
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
};
