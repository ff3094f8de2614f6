import { buildCommand, buildRouteMap, type RouteMap } from '@stricli/core';
import type { ListFlags, PruneFlags } from './cache.ts';
import type { Context } from '../context.ts';
import { parseDuration } from '../duration.ts';
import { parseSize } from '../size.ts';

const ls = buildCommand<ListFlags, [], Context>({
  loader: async () => (await import('./cache.ts')).list,
  parameters: {
    flags: { json: { kind: 'boolean', brief: 'Print it as JSON', optional: true, withNegated: false } },
  },
  docs: { brief: 'List what is kept, by repository' },
});

const prune = buildCommand<PruneFlags, [], Context>({
  loader: async () => (await import('./cache.ts')).prune,
  parameters: {
    flags: {
      maxSize: {
        kind: 'parsed',
        parse: parseSize,
        brief: 'How much may stay; what was used least recently goes first (1G unless told)',
        placeholder: 'SIZE',
        optional: true,
      },
      olderThan: {
        kind: 'parsed',
        parse: parseDuration,
        brief: 'Remove what was not used for so long',
        placeholder: 'TIME',
        optional: true,
      },
      all: {
        kind: 'boolean',
        brief: 'Remove all of it, with the tokens that are kept and the notes on uploads that broke off',
        optional: true,
        withNegated: false,
      },
    },
  },
  docs: { brief: 'Remove what was not used for long, and what killed processes left' },
});

const verify = buildCommand({
  loader: async () => (await import('./cache.ts')).verify,
  parameters: {},
  docs: { brief: 'Hash all that is kept, and remove what is wrong' },
});

/** `stowage cache …` */
export const cache: RouteMap<Context> = buildRouteMap({
  routes: { ls, prune, verify },
  docs: { brief: 'Look after what is kept of registries on this machine' },
});
