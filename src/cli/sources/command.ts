import { buildCommand, type Command } from '@stricli/core';
import type { Context } from '../context.ts';
import type { SourcesFlags } from './sources.ts';

/** How `stowage sources` is declared. */
export const sources: Command<Context> = buildCommand<SourcesFlags, string[], Context>({
  loader: () => import('./sources.ts'),
  parameters: {
    flags: {
      cacheFile: {
        kind: 'parsed',
        parse: String,
        brief:
          'An earlier sources.json: what it knows of sources that have not changed is not found out again',
        placeholder: 'FILE',
        optional: true,
      },
      pins: {
        kind: 'parsed',
        parse: String,
        brief: 'Digests of images that are not built here: a folder of files, or a JSON file',
        placeholder: 'FILE|DIR',
        optional: true,
      },
      entries: {
        kind: 'parsed',
        parse: String,
        brief: 'Take what bashbrew printed before; - is standard input',
        placeholder: 'FILE',
        optional: true,
      },
    },
    positional: {
      kind: 'array',
      parameter: {
        brief: 'A library file, or one of its tags; all of them by default',
        parse: String,
        placeholder: 'NAME',
      },
    },
  },
  docs: {
    customUsage: ['[--cache-file FILE] [--pins FILE|DIR] [--entries FILE] [NAME]...'],
    brief: 'Make a sources.json of the library files of the Docker Official Images',
    fullDescription:
      'Has bashbrew (https://github.com/docker-library/bashbrew) read library files, and merges what it prints: a source\n' +
      'for each build context, with all its architectures, its tags and what it is built on.\n\n' +
      'Pins are those in .external-pins beside $BASHBREW_LIBRARY unless told: library/alpine___3.20 holds the digest of\n' +
      'alpine:3.20. In JSON: {"alpine:3.20": "sha256:…"}.',
  },
});
