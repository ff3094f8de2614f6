import { buildCommand, type Command } from '@stricli/core';
import type { Context } from '../context.ts';
import { planFlag, registryFlags } from '../flags.ts';

/** How `stowage copy` is declared. */
export const copy: Command<Context> = buildCommand({
  loader: () => import('./copy.ts'),
  parameters: {
    flags: {
      ...registryFlags,
      platform: {
        kind: 'parsed',
        parse: String,
        brief: 'Keep this platform of an index (may be repeated)',
        placeholder: 'OS/ARCH[/VARIANT]',
        variadic: true,
        optional: true,
      },
      referrers: {
        kind: 'boolean',
        brief: 'Copy signatures, SBOMs and whatever else refers to the image',
        optional: true,
        withNegated: false,
      },
      plan: planFlag,
    },
    positional: {
      kind: 'tuple',
      parameters: [
        { brief: 'What to copy', parse: String, placeholder: 'FROM' },
        { brief: 'Where to', parse: String, placeholder: 'TO' },
      ],
    },
  },
  docs: { brief: 'Copy an image, all platforms and byte for byte, between registries, layouts and archives' },
});
