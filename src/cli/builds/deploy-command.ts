import { buildCommand, type Command } from '@stricli/core';
import type { BuildsDeployFlags } from './deploy.ts';
import type { Context } from '../context.ts';

/** How `stowage builds deploy` is declared. */
export const deploy: Command<Context> = buildCommand<BuildsDeployFlags, [string], Context>({
  loader: () => import('./deploy.ts'),
  parameters: {
    flags: {
      arch: {
        kind: 'parsed',
        parse: String,
        brief: "Only builds of this architecture, under its own namespace's tags",
        placeholder: 'ARCH',
        optional: true,
      },
      past: {
        kind: 'parsed',
        parse: String,
        brief: 'Leave out what stands in the documents of an earlier deployment, just as it is',
        placeholder: 'FILE',
        optional: true,
      },
    },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'The builds.json; - is standard input', parse: String, placeholder: 'BUILDS' }],
    },
  },
  docs: {
    brief: 'Print what `stowage deploy` needs to publish builds',
    fullDescription:
      'Prints a JSON document for each set of images that some tags want: an index in the canonical order, those tags,\n' +
      'and where the images are to be copied from. Without --arch, all tags of all builds: those that architectures share,\n' +
      'and those of each.',
  },
});
