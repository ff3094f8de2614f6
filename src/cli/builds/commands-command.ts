import { buildCommand, type Command } from '@stricli/core';
import { parseDigest } from '../../oci/index.ts';
import type { BuildsCommandsFlags } from './commands.ts';
import type { BuildsProvenanceFlags } from './provenance.ts';
import type { Context } from '../context.ts';

/** How `stowage builds commands` is declared. */
export const commands: Command<Context> = buildCommand<BuildsCommandsFlags, string[], Context>({
  loader: () => import('./commands.ts'),
  parameters: {
    flags: {
      shell: { kind: 'boolean', brief: 'Print a script for Bash', optional: true, withNegated: false },
    },
    positional: {
      kind: 'array',
      minimum: 1,
      parameter: {
        brief: 'The builds.json, or - for standard input; then the builds',
        parse: String,
        placeholder: 'BUILDS [BUILD_ID]',
      },
    },
  },
  docs: {
    brief: 'Print the shell commands that pull what a build rests on, build it, and push it',
    customUsage: ['[--shell] BUILDS [BUILD_ID]...'],
    fullDescription:
      'Prints {"pull", "build", "push"} for each BUILD_ID, or for all builds an object of such by their ids. The time that\n' +
      'images carry is $SOURCE_DATE_EPOCH, or now.\n\n' +
      'The commands call docker, jq and crane. Those of images that are taken over from git call scripts of\n' +
      'docker-library/meta-scripts, in the checkout at $BASHBREW_META_SCRIPTS.',
  },
});

/** How `stowage builds provenance` is declared. */
export const provenance: Command<Context> = buildCommand<BuildsProvenanceFlags, [string], Context>({
  loader: () => import('./provenance.ts'),
  parameters: {
    flags: {
      buildId: { kind: 'parsed', parse: String, brief: 'Which build', placeholder: 'ID' },
      digest: { kind: 'parsed', parse: parseDigest, brief: 'What was built', placeholder: 'DIGEST' },
      github: {
        kind: 'parsed',
        parse: String,
        brief: "The workflow's `github` context as JSON, which holds secrets; - is standard input",
        placeholder: 'FILE',
      },
      runner: {
        kind: 'parsed',
        parse: String,
        brief: "The workflow's `runner` context as JSON",
        placeholder: 'FILE',
      },
    },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'The builds.json', parse: String, placeholder: 'BUILDS' }],
    },
  },
  docs: {
    brief: 'Print the SLSA provenance of an image that a workflow at GitHub built',
    fullDescription: 'See https://slsa.dev/spec/v1.0/provenance. No secret of the context gets into it.',
  },
});
