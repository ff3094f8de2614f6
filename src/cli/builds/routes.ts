import { buildCommand, buildRouteMap, type RouteMap } from '@stricli/core';
import type { BuildsFlags } from './find.ts';
import type { MergeFlags } from './merge.ts';
import { commands, provenance } from './commands-command.ts';
import { deploy } from './deploy-command.ts';
import { completed, queue } from './queue-command.ts';
import { status } from './status-command.ts';
import type { Context } from '../context.ts';
import { planFlag, registryFlags } from '../flags.ts';
import { parseShard } from './shard.ts';

const { cache: _, ...flags } = registryFlags;

const find = buildCommand<BuildsFlags, [string], Context>({
  loader: () => import('./find.ts'),
  parameters: {
    flags: {
      ...flags,
      cache: {
        kind: 'parsed',
        parse: String,
        brief: 'What was looked up is kept here, and need not be looked up the next time',
        placeholder: 'FILE',
        optional: true,
      },
      plan: planFlag,
      verbose: {
        kind: 'boolean',
        brief: 'Print a line for each build to standard error',
        optional: true,
        withNegated: false,
      },
      shard: {
        kind: 'parsed',
        parse: parseShard,
        brief: 'Only this part of the builds, as in 1/4; `merge` puts the parts together',
        placeholder: 'N/OF',
        optional: true,
      },
      queue: {
        kind: 'boolean',
        brief: 'Only builds that no other process of this --run takes; needs --redis',
        optional: true,
        withNegated: false,
      },
      stagingTemplate: {
        kind: 'parsed',
        parse: String,
        brief: 'Where builds are put (default: $BASHBREW_STAGING_TEMPLATE, or oisupport/staging-ARCH:BUILD)',
        placeholder: 'TEMPLATE',
        optional: true,
      },
    },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'The sources.json', parse: String, placeholder: 'SOURCES' }],
    },
  },
  docs: {
    // It is the command that `stowage builds` means when no other is named.
    customUsage: ['[flags] [--cache FILE] [--plan] [--shard N/OF | --queue] SOURCES'],
    brief: 'Find the builds of sources, and those that are there already',
    fullDescription:
      'Prints a builds.json: for each source and architecture whose parents are there, the id of the build, its image and\n' +
      'what stands there. Nothing is written before all files have been read and found good.',
  },
});

const merge = buildCommand<MergeFlags, string[], Context>({
  loader: () => import('./merge.ts'),
  parameters: {
    flags: {
      caches: {
        kind: 'boolean',
        brief: 'The files are caches, without SOURCES',
        optional: true,
        withNegated: false,
      },
    },
    positional: {
      kind: 'array',
      minimum: 1,
      parameter: { brief: 'The sources.json, and then the parts', parse: String, placeholder: 'FILE' },
    },
  },
  docs: { brief: 'Put the parts of builds.json that several processes have found together, or their caches' },
});

/** `stowage builds …` */
export const builds: RouteMap<Context> = buildRouteMap({
  routes: { find, merge, status, queue, completed, commands, provenance, deploy },
  defaultCommand: 'find',
  docs: {
    brief: 'Plan the builds of the Docker Official Images',
    fullDescription: '`stowage builds SOURCES.json` is short for `stowage builds find SOURCES.json`.',
  },
});
