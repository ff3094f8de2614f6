import { buildCommand, type Command } from '@stricli/core';
import type { Context } from '../context.ts';
import { planFlag, registryFlags } from '../flags.ts';

/** How `stowage deploy` is declared. */
export const deploy: Command<Context> = buildCommand({
  loader: () => import('./deploy.ts'),
  parameters: {
    flags: {
      ...registryFlags,
      dryRun: {
        kind: 'boolean',
        brief: 'Write nothing; print the documents that would change something',
        optional: true,
        withNegated: false,
      },
      parallel: {
        kind: 'boolean',
        brief: 'Do several documents at a time; those that bring something go before those that need it',
        optional: true,
        withNegated: false,
      },
      plan: planFlag,
      targetsVerify: {
        kind: 'boolean',
        brief: 'Take it that the registries refuse manifests whose children are missing, as Docker Hub does',
        optional: true,
        withNegated: false,
      },
    },
  },
  docs: {
    brief: 'Make registries have what a stream of documents says',
    fullDescription:
      'Reads JSON documents from standard input, one after the other:\n' +
      '  { "type": "manifest" or "blob", "refs": [REF…], "lookup": { DIGEST or "": REF }, "data": … }\n' +
      'refs is where something is to be. data is its bytes: JSON, which is pushed as jq --tab writes it, or a string in\n' +
      'base64. Without data it is copied from where lookup says, which also says where the children of a manifest are.\n\n' +
      'All documents are read, and checked, before anything is asked or sent. Each reference is asked for once. Where\n' +
      'a tag is as it should be, that is all; where something is wanted by its digest alone, what is below it is asked for\n' +
      'too, unless the registry refuses what is incomplete (--targets-verify). A run that was ended at any moment can be begun anew.',
  },
});
