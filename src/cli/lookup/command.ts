import { buildCommand, type Command } from '@stricli/core';
import type { Context } from '../context.ts';
import { registryFlags } from '../flags.ts';

/** How `stowage lookup` is declared. */
export const lookup: Command<Context> = buildCommand({
  loader: () => import('./lookup.ts'),
  parameters: {
    flags: {
      ...registryFlags,
      digest: { kind: 'boolean', brief: 'Print the digest alone', optional: true, withNegated: false },
      platform: {
        kind: 'parsed',
        parse: String,
        brief: 'Only what is for this platform',
        placeholder: 'OS/ARCH[/VARIANT]',
        optional: true,
      },
      parallel: {
        kind: 'boolean',
        brief: 'Ask for all references at once, and not for 8 at a time; answers keep their order',
        optional: true,
        withNegated: false,
      },
    },
    positional: {
      kind: 'array',
      minimum: 1,
      parameter: { brief: 'A tag or digest in a registry or layout', parse: String, placeholder: 'REF' },
    },
  },
  docs: {
    brief: 'Describe what stands at a reference, as an index',
    customUsage: ['[flags] [--head] [--type manifest|blob] REF [[--head] [--type manifest|blob] REF]...'],
    fullDescription:
      'Prints the index that describes each reference: platforms read from configs where they are missing, attestations\n' +
      'paired with their images, and for each entry where it is to be found. Where nothing is, or nothing for us, it\n' +
      'prints null.\n\n' +
      'These two are said before a reference, and hold for that one alone:\n' +
      '  --type manifest|blob   print what stands there as it is: the JSON of a manifest, or a blob as a string in base64\n' +
      '  --head                 print its media type, digest and size\n\n' +
      'A REF is docker.io/library/alpine:3.20 (or alpine:3.20), localhost:5000/x:y, oci-layout:DIR:TAG, oci-layout:DIR::NAME,\n' +
      'oci-archive:FILE:NAME, docker-archive:FILE:NAME, each also with @DIGEST.',
  },
});
