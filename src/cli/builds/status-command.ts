import { buildCommand, type Command } from '@stricli/core';
import type { BuildsStatusFlags } from './status.ts';
import type { Context } from '../context.ts';

/** How `stowage builds status` is declared. */
export const status: Command<Context> = buildCommand<BuildsStatusFlags, [string], Context>({
  loader: () => import('./status.ts'),
  parameters: {
    flags: {
      sources: {
        kind: 'parsed',
        parse: String,
        brief: 'Count as well what cannot be built yet, of these sources',
        placeholder: 'FILE',
        optional: true,
      },
      json: { kind: 'boolean', brief: 'Print it as JSON', optional: true, withNegated: false },
    },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'The builds.json; - is standard input', parse: String, placeholder: 'BUILDS' }],
    },
  },
  docs: {
    brief: 'Count the builds that are there, that are needed, and that have to wait',
    fullDescription:
      'For each architecture: BUILT are there, NEEDED could be built now, and WAITING rest on something that is not there.',
  },
});
