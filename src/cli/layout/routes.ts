import { buildCommand, buildRouteMap, type Command, type RouteMap } from '@stricli/core';
import type { Compatibility } from '../../layout-index/index.ts';
import { parsePlatform } from '../../oci/index.ts';
import type { Context } from '../context.ts';
import { parseDuration } from '../duration.ts';
import { registryFlags } from '../flags.ts';

const directory = { brief: 'The folder of the layout', parse: String, placeholder: 'DIR' } as const;
/** A word of its own, so that no path and no name needs to be told from the other. */
const name = { brief: 'A tag, a full name, or a digest', parse: String, placeholder: 'NAME' } as const;
const json = { kind: 'boolean', brief: 'Print it as JSON', optional: true, withNegated: false } as const;

/** Whose answer can be had. Spelled out, so that what a name means is not loaded to parse a command line. */
const TOOLS = {
  buildkit: '',
  'buildkit-3118': '',
  buildx: '',
  skopeo: '',
  oras: '',
  regctl: '',
  umoci: '',
  crane: '',
  containerd: '',
} as const satisfies Record<Compatibility, ''>;

const ls: Command<Context> = buildCommand({
  loader: async () => (await import('./list.ts')).list,
  parameters: { flags: { json }, positional: { kind: 'tuple', parameters: [directory] } },
  docs: { brief: 'List the images: names, digests, platforms, sizes' },
});

const resolve: Command<Context> = buildCommand({
  loader: async () => (await import('./resolve.ts')).resolve,
  parameters: {
    flags: {
      as: {
        kind: 'enum',
        values: Object.keys(TOOLS) as readonly Compatibility[],
        brief: 'Answer as another tool does',
        placeholder: 'TOOL',
        optional: true,
      },
      platform: {
        kind: 'parsed',
        parse: parsePlatform,
        brief: 'The manifest of this platform, where the image is an index',
        placeholder: 'OS/ARCH[/VARIANT]',
        optional: true,
      },
      json,
    },
    positional: { kind: 'tuple', parameters: [directory, { ...name, optional: true }] },
  },
  docs: {
    brief: 'Print the digest that a name stands for; without a name, that of the only image',
    fullDescription:
      'Prints the digest that a name stands for; without a name, that of the only image. With --json, the whole descriptor.\n' +
      'Names are compared in full: alpine:3.20 is docker.io/library/alpine:3.20. A name that could be several images is an\n' +
      'error that lists them; one that is none is an error that lists what there is.',
  },
});

const tag: Command<Context> = buildCommand({
  loader: async () => (await import('./name.ts')).tag,
  parameters: {
    flags: {},
    positional: {
      kind: 'array',
      parameter: {
        brief:
          'The folder of the layout; what the image is called now, or its digest; and what it is to be called as well',
        parse: String,
        placeholder: 'DIR NAME NEWNAME',
      },
      minimum: 3,
    },
  },
  docs: {
    brief: 'Give an image more names: DIR NAME NEWNAME…',
    customUsage: ['DIR NAME NEWNAME...'],
    fullDescription:
      'Gives an image more names. Prints its digest.\n\n' +
      'A new name of one word is a tag. Anything else is a full name, as in docker.io/library/alpine:3.20, and is written as\n' +
      'BuildKit, containerd and Docker look for it, with its tag for all others. Who had the name before stays without it.',
  },
});

const untag: Command<Context> = buildCommand({
  loader: async () => (await import('./name.ts')).untag,
  parameters: {
    flags: {},
    positional: {
      kind: 'array',
      parameter: {
        brief: 'The folder of the layout, and the names',
        parse: String,
        placeholder: 'DIR NAME',
      },
      minimum: 2,
    },
  },
  docs: {
    brief: 'Take names away: DIR NAME…; the images stay, gc --untagged removes them',
    customUsage: ['DIR NAME...'],
  },
});

const gc: Command<Context> = buildCommand({
  loader: async () => (await import('./collect.ts')).collect,
  parameters: {
    flags: {
      grace: {
        kind: 'parsed',
        parse: parseDuration,
        brief: 'What was touched within this time stays, for those who are about to refer to it',
        default: '1h',
        placeholder: 'TIME',
      },
      untagged: {
        kind: 'boolean',
        brief: 'Remove images without a name as well, unless something leads to them',
        optional: true,
        withNegated: false,
      },
      dryRun: {
        kind: 'boolean',
        brief: 'Only print what would go',
        optional: true,
        withNegated: false,
      },
      json,
    },
    positional: { kind: 'tuple', parameters: [directory] },
  },
  docs: {
    brief: 'Remove the blobs that nothing leads to, and what killed processes left',
    fullDescription:
      'Removes the blobs that nothing leads to, and what killed processes left.\n\n' +
      'Prints what goes, a line each. What index.json leads to stays, with its signatures and other referrers. Others may\n' +
      'write meanwhile: stowage loses nothing by it, and other tools nothing that is younger than the grace. Nothing goes\n' +
      'when not everything can be read that is listed. DIR may also be a folder that stowage serves.',
  },
});

const verify: Command<Context> = buildCommand({
  loader: async () => (await import('./verify.ts')).verify,
  parameters: { flags: { json }, positional: { kind: 'tuple', parameters: [directory] } },
  docs: {
    brief: 'Hash all blobs, follow all descriptors, and print what is missing, wrong, or not referred to',
    fullDescription:
      'Hashes all blobs, follows all descriptors, and prints what is missing, wrong, or not referred to.\n\n' +
      'Prints a line for each, with the way that leads there from index.json. Exits with 6 if there are errors; what nothing\n' +
      'refers to is a warning. DIR may also be a folder that stowage serves. For the rules of images see stowage validate.',
  },
});

const repair: Command<Context> = buildCommand({
  loader: async () => (await import('./repair.ts')).repairLayout,
  parameters: {
    flags: {
      ...registryFlags,
      from: {
        kind: 'parsed',
        parse: String,
        brief: 'Where to fetch from; unless told, from where the names of the images say (may be repeated)',
        placeholder: 'REF',
        variadic: true,
        optional: true,
      },
      json,
    },
    positional: { kind: 'tuple', parameters: [directory] },
  },
  docs: {
    brief: 'Fetch what is missing or wrong, and put it in its place',
    fullDescription:
      'Fetches what is missing or wrong, and puts it in its place.\n\n' +
      'Verifies the layout first. Everything is fetched by digest, and put in its place if the bytes are right. Prints the\n' +
      'digests of what was repaired. Exits with 7 if some could not be, and with 6 if nothing could.',
  },
});

/** `stowage layout …` */
export const layout: RouteMap<Context> = buildRouteMap({
  routes: { ls, resolve, tag, untag, gc, verify, repair },
  docs: { brief: 'Look after a folder that is an OCI image layout' },
});
