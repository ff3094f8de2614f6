import { buildCommand, type Command, type FlagParametersForType } from '@stricli/core';
import type { Context } from '../context.ts';
import { registryFlags } from '../flags.ts';
import type { BuildFlags } from './build.ts';

function parseProgress(text: string): BuildFlags['progress'] {
  switch (text) {
    case 'auto':
    case 'plain':
    case 'tty':
    case 'rawjson':
    case 'quiet':
      return text;
    default:
      throw new SyntaxError(`not auto, plain, tty, rawjson or quiet: ${text.slice(0, 40)}`);
  }
}

function parseNetwork(text: string): NonNullable<BuildFlags['network']> {
  if (text === 'default' || text === 'none' || text === 'host') return text;
  throw new SyntaxError(`not default, none or host: ${text.slice(0, 40)}`);
}

/** A flag with a value. */
function one(brief: string, placeholder: string) {
  return { kind: 'parsed', parse: String, brief, placeholder, optional: true } as const;
}

/** A flag that may be given several times. */
function many(brief: string, placeholder: string) {
  return { kind: 'parsed', parse: String, brief, placeholder, optional: true, variadic: true } as const;
}

/** A flag without a value. */
function yes(brief: string) {
  return { kind: 'boolean', brief, optional: true, withNegated: false } as const;
}

// `--no-cache` is about the steps of the build here, as with all who build; not about what was read of registries.
const { cache: _, ...readingFlags } = registryFlags;

const flags: FlagParametersForType<BuildFlags, Context> = {
  ...readingFlags,
  file: one('The Dockerfile; - reads it from standard input (default: Dockerfile in the context)', 'FILE'),
  tag: many('Name the image (may be repeated)', 'NAME'),
  context: many('Let a name in the Dockerfile mean this folder or image (may be repeated)', 'NAME=WHERE'),
  platform: many('Build for these platforms (may be repeated)', 'OS/ARCH[/VARIANT]'),
  buildArg: many('Set an ARG of the Dockerfile; without a value, from the environment', 'NAME[=VALUE]'),
  target: one('The stage to build (default: the last)', 'STAGE'),
  label: many('Put a label on the image', 'NAME=VALUE'),
  noCache: yes('Build all steps anew'),
  noCacheFilter: many('Build the steps of these stages anew', 'STAGE'),
  pull: yes('Ask registries for images that the builder has'),
  network: {
    kind: 'parsed',
    parse: parseNetwork,
    brief: 'The network of RUN: default, none or host',
    placeholder: 'MODE',
    optional: true,
  },
  addHost: many('Let RUN find a host at this address', 'NAME=ADDRESS'),
  attest: many('Add an attestation: type=provenance,mode=max or type=sbom', 'FIELDS'),
  secret: many('A secret for RUN --mount=type=secret: id=ID,src=FILE or id=ID,env=NAME', 'FIELDS'),
  ssh: many('The agent for RUN --mount=type=ssh', 'default|ID[=SOCKET]'),
  output: many('Where what is built goes (may be repeated): see below', 'WHERE'),
  push: yes('Write it into the registries of its names'),
  cacheFrom: many('Read the cache of steps from here: a reference, or type=…', 'REF|FIELDS'),
  cacheTo: many('Keep the cache of steps there: type=…', 'FIELDS'),
  progress: {
    kind: 'parsed',
    parse: parseProgress,
    brief: 'How to show what goes on: auto, plain, tty, rawjson or quiet',
    placeholder: 'KIND',
    default: 'auto',
  },
  iidfile: one('Write the digest of the image to this file', 'FILE'),
  metadataFile: one('Write what the builder tells of the result to this file, as JSON', 'FILE'),
  address: one('Where the builder listens (default: BUILDKIT_HOST, or the Docker in use)', 'ADDRESS'),
  tlsdir: one('Certificates for a builder at tcp://: the folder of ca.pem, cert.pem and key.pem', 'DIR'),
};

/** How `stowage build` is declared. */
export const build: Command<Context> = buildCommand({
  loader: () => import('./build.ts'),
  parameters: {
    flags,
    aliases: { f: 'file', t: 'tag', o: 'output' },
    positional: {
      kind: 'tuple',
      parameters: [
        {
          brief:
            'The folder to copy from, a URL of git or HTTP, or - for a tar or a Dockerfile on standard input',
          parse: String,
          placeholder: 'CONTEXT',
          default: '.',
        },
      ],
    },
  },
  docs: {
    brief: 'Build an image with BuildKit, from images and to places of any kind',
    fullDescription:
      'Builds with the BuildKit of a Docker engine, or one of its own. Prints the digest of the image.\n\n' +
      '--context NAME=WHERE lets FROM NAME and COPY --from=NAME mean something else:\n' +
      '  oci-layout:DIR:TAG, oci-layout:DIR::NAME, oci-archive:FILE, docker-archive:FILE   an image on this disk\n' +
      '  registry.test/app:1, docker-image://alpine                       an image in a registry, read by this process\n' +
      '  ./folder                                                         a folder; without ./ as well, if it is there\n' +
      '  https://…, git@…                                                 what the builder gets by itself\n' +
      'NAME::OS/ARCH=WHERE holds for that platform alone. Images are found by name before the build begins.\n\n' +
      '--output WHERE is one of\n' +
      '  oci-layout:DIR:TAG, oci-archive:FILE:TAG, docker-archive:FILE:NAME, registry:REF   written by this process\n' +
      '  type=image                                                       among the images of the builder, or of Docker\n' +
      '  type=oci,dest=FILE, type=docker,dest=FILE, type=tar,dest=FILE    a tar; - is standard output\n' +
      '  type=local,dest=DIR, or DIR alone                                the files of the last stage\n' +
      'A Docker engine without the containerd image store keeps the image under a name of its own until this process has it:\n' +
      "for one platform, in gzip, with no attestations. It gets an OCI manifest, or with oci-mediatypes=false Docker's.",
  },
});
