import { buildCommand, type Command } from '@stricli/core';
import type { BuildsCompletedFlags } from './completed.ts';
import type { BuildsQueueFlags } from './queue.ts';
import type { Context } from '../context.ts';

function parseSeconds(text: string): number {
  if (/^-?\d{1,12}(?:\.\d+)?$/.test(text)) return Number(text);
  throw new SyntaxError('not a number of seconds');
}

/** How `stowage builds queue` is declared. */
export const queue: Command<Context> = buildCommand<BuildsQueueFlags, [string], Context>({
  loader: () => import('./queue.ts'),
  parameters: {
    flags: {
      arch: {
        kind: 'parsed',
        parse: String,
        brief: 'For the machines of this architecture',
        placeholder: 'ARCH',
      },
      past: {
        kind: 'parsed',
        parse: String,
        brief: 'How often each build was tried until now, and when: the record of the last run',
        placeholder: 'FILE',
        optional: true,
      },
      record: {
        kind: 'parsed',
        parse: String,
        brief: 'Write the new record here, which may be the same file',
        placeholder: 'FILE',
        optional: true,
      },
      now: {
        kind: 'parsed',
        parse: parseSeconds,
        brief: 'The time, in seconds since 1970; that of the clock unless told',
        placeholder: 'SECONDS',
        optional: true,
      },
      payload: {
        kind: 'boolean',
        brief: 'Add to each build what starts it at GitHub, as `gha_payload`',
        optional: true,
        withNegated: false,
      },
    },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'The builds.json; - is standard input', parse: String, placeholder: 'BUILDS' }],
    },
  },
  docs: {
    brief: 'Print what is to be built next',
    fullDescription:
      'Prints a list of builds, those that failed most often last. Who fails again and again rests between two tries: an\n' +
      'hour after the second, twice as long each time, up to 32 hours. After the builds, `stowage builds completed` enters\n' +
      'into the record when they were tried.',
  },
});

/** How `stowage builds completed` is declared. */
export const completed: Command<Context> = buildCommand<BuildsCompletedFlags, [string], Context>({
  loader: () => import('./completed.ts'),
  parameters: {
    flags: {
      record: {
        kind: 'parsed',
        parse: String,
        brief: 'The record that `stowage builds queue` wrote',
        placeholder: 'FILE',
      },
    },
    positional: {
      kind: 'tuple',
      parameters: [
        { brief: 'What became of the builds; - is standard input', parse: String, placeholder: 'COMPLETED' },
      ],
    },
  },
  docs: {
    brief: 'Enter into the record of the queue what became of its builds',
    fullDescription:
      'COMPLETED is a JSON object by build id, of objects with `lastTime`, in seconds since 1970, and `url`.',
  },
});
