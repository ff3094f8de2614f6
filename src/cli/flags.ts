import type { FlagParametersForType } from '@stricli/core';
import type { Rate } from '../transport/index.ts';
import type { Context } from './context.ts';
import { parseDuration } from './duration.ts';
import { parseBurst, parseRate } from './rate.ts';

/** Flags of every command that talks to registries. */
export interface RegistryFlags {
  readonly stats?: boolean;
  readonly trace?: boolean;
  readonly plainHttp?: readonly string[];
  readonly allowRealm?: readonly string[];
  /** In milliseconds. */
  readonly maxWait?: number;
  readonly rate?: Rate;
  readonly burst?: number;
  /** May have a password in it. */
  readonly redis?: string;
  readonly run?: string;
  readonly registryConfig?: string;
  readonly store?: readonly NamedStore[];
  readonly cache: boolean;
}

/** A folder of image layouts, and the name that stands for it. */
export interface NamedStore {
  readonly name: string;
  readonly folder: string;
}

function parseStore(text: string): NamedStore {
  const [, name, folder] = /^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)=(.+)$/s.exec(text) ?? [];
  if (name !== undefined && folder !== undefined) return { name, folder };
  throw new SyntaxError(`not a store: ${text.slice(0, 100)}; write NAME=DIR`);
}

function parseRunName(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(text)) return text;
  throw new SyntaxError(`not a name: ${text.slice(0, 40)}; it has letters, digits, dots, dashes`);
}

/** How commands that open references declare it. */
export const storeFlag: FlagParametersForType<Pick<RegistryFlags, 'store'>, Context>['store'] = {
  kind: 'parsed',
  parse: parseStore,
  brief: 'Let oci-layout://NAME/IMAGE mean an image in this folder',
  placeholder: 'NAME=DIR',
  variadic: true,
  optional: true,
};

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
    brief: 'How long a registry may have us wait before we give up (default: 5m)',
    placeholder: 'TIME',
    optional: true,
  },
  rate: {
    kind: 'parsed',
    parse: parseRate,
    brief: 'How many requests each registry gets in a time: 6000/1m, 100/s (default: what is set for it)',
    placeholder: 'N/TIME',
    optional: true,
  },
  burst: {
    kind: 'parsed',
    parse: parseBurst,
    brief: 'How many of them it gets at once (default: those of the whole time of --rate)',
    placeholder: 'N',
    optional: true,
  },
  redis: {
    kind: 'parsed',
    parse: String,
    brief: 'Share content, rates and what is found with other machines, over this Redis; needs --run',
    placeholder: 'redis://[USER:PASSWORD@]HOST[:PORT]',
    optional: true,
  },
  run: {
    kind: 'parsed',
    parse: parseRunName,
    brief: 'The name of the run that this process shares with others',
    placeholder: 'NAME',
    optional: true,
  },
  registryConfig: {
    kind: 'parsed',
    parse: String,
    brief: 'The file with the settings of registries: mirrors, certificates, rates',
    placeholder: 'FILE',
    optional: true,
  },
  store: storeFlag,
  cache: {
    kind: 'boolean',
    brief: 'Keep what was read, tokens, and unfinished uploads for the next time',
    default: true,
  },
};

/** How commands that can plan declare it. */
export const planFlag = {
  kind: 'boolean',
  brief: 'Print to standard error how many requests it takes at the most, before they are made',
  optional: true,
  withNegated: false,
} as const;
