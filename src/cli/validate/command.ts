import { buildCommand, type Command } from '@stricli/core';
import type { Context } from '../context.ts';
import { registryFlags } from '../flags.ts';

/** How `stowage validate` is declared. */
export const validate: Command<Context> = buildCommand({
  loader: () => import('./validate.ts'),
  parameters: {
    flags: {
      ...registryFlags,
      official: {
        kind: 'boolean',
        brief: 'Hold it to the rules of the Docker Official Images as well, which are stricter',
        optional: true,
        withNegated: false,
      },
      layers: {
        kind: 'boolean',
        brief: 'Unpack all layers, and compare what is in them with the config',
        optional: true,
        withNegated: false,
      },
      json: { kind: 'boolean', brief: 'Print the result as JSON', optional: true, withNegated: false },
      fix: {
        kind: 'boolean',
        brief: 'Write the document in the canonical order, in place or from standard input to output',
        optional: true,
        withNegated: false,
      },
    },
    positional: {
      kind: 'tuple',
      parameters: [
        {
          brief: 'A reference, a layout, or a JSON file; - is standard input',
          parse: String,
          placeholder: 'PLACE|FILE',
        },
      ],
    },
  },
  docs: {
    brief: 'Find all that is wrong with an image, an index or a layout',
    fullDescription:
      'Prints a line for each problem: which document, a JSON pointer into it, and what is wrong there. Of a reference and of\n' +
      'a layout (a folder, or oci-layout:DIR), everything that is referred to is checked: digests, sizes and types, and\n' +
      'configs against manifests. The layers of a layout are read; those in a registry are asked for, and read with --layers.\n\n' +
      'What the specifications forbid is an error. What they advise against is a warning; so is what the Docker Official\n' +
      'Images do not have, unless --official makes that an error. What is there on the disk is taken for a file.\n\n' +
      'Exits with 6 if there are errors. --fix changes the bytes of the document, and with them its digest.',
  },
});
