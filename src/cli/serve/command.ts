import { buildCommand, type Command } from '@stricli/core';
import type { Context } from '../context.ts';
import { storeFlag } from '../flags.ts';

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65535) return port;
  throw new SyntaxError(`not a port: ${text.slice(0, 40)}`);
}

function parseHost(text: string): string {
  if (text !== '') return text;
  throw new SyntaxError('the address is missing');
}

/** How `stowage serve` is declared. */
export const serve: Command<Context> = buildCommand({
  loader: () => import('./serve.ts'),
  parameters: {
    flags: {
      port: {
        kind: 'parsed',
        parse: parsePort,
        brief: 'Where to listen; 0 takes any that is free',
        default: '5000',
        placeholder: 'PORT',
      },
      host: {
        kind: 'parsed',
        parse: parseHost,
        brief: 'Address to listen on',
        default: '127.0.0.1',
        placeholder: 'ADDRESS',
      },
      store: storeFlag,
    },
    positional: {
      kind: 'tuple',
      parameters: [
        {
          brief:
            'Where the data is kept; or a layout or archive to read from: oci-layout:DIR, oci-archive:FILE',
          parse: String,
          placeholder: 'DIR|REF',
          default: './stowage-data',
        },
      ],
    },
  },
  docs: {
    brief:
      'Run a registry over a folder of OCI image layouts, or a read-only one over a layout or an archive',
    fullDescription:
      'Runs a registry over a folder of OCI image layouts, one for each repository: it is made if it is not there. Over a\n' +
      'single layout, or an archive, it runs one that is for reading only: oci-layout:DIR, oci-archive:FILE and\n' +
      'docker-archive:FILE show their images by their full names, and all of them as the repository `layout`.\n\n' +
      'Prints {"url": …} on standard output as soon as it listens, and ends on Control-C.',
  },
});
