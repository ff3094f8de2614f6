/** The form of the file, for `parse.ts`, and for schema/registries.json, which is made of it. */
import * as v from 'valibot';
import { printable } from '../oci/index.ts';
import type { SettingsFile } from './file.ts';
import { nearestName } from './spelling.ts';

/** An object with these names and no others. */
function object<E extends v.ObjectEntries>(
  entries: E,
): v.StrictObjectSchema<E, v.ErrorMessage<v.StrictObjectIssue>> {
  const names = Object.keys(entries);
  return v.strictObject(entries, ({ expected, path }) => {
    if (expected === 'Object') return 'must be an object';
    if (expected !== 'never') return 'is missing';
    const meant = nearestName(String(path?.at(-1)?.key), names);
    return `is no setting${meant === undefined ? `; there are: ${names.join(', ')}` : `; "${meant}" is one`}`;
  });
}

const text = v.string('must be a text');
const flag = (description: string): v.GenericSchema<boolean> =>
  v.pipe(v.boolean('must be true or false'), v.description(description));
const count = (description: string): v.GenericSchema<number> =>
  v.pipe(
    v.number('must be a number'),
    v.integer('must be a whole number'),
    v.minValue(1, 'must be at least 1'),
    v.description(description),
  );
const file = (description: string): v.GenericSchema<string> =>
  v.pipe(text, v.minLength(1, 'must not be empty'), v.description(description));
const url = (description: string): v.GenericSchema<string> =>
  v.pipe(
    text,
    // The value is not shown: somebody may have put a password into it.
    v.regex(
      /^https?:\/\/[^\s/?#@]+(?:\/[^\s?#@]*)?$/,
      'must be the URL of a registry by https or http, without user, query or fragment',
    ),
    v.check((value) => URL.canParse(value), 'must be a URL'),
    v.description(description),
  );

const HOST =
  '(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\\[[0-9A-Fa-f:.]{2,45}\\])(?::\\d{1,5})?';
const NO_HOST = 'must be a host, with or without port';
const hostPattern = v.pipe(
  text,
  v.maxLength(255, NO_HOST),
  v.regex(new RegExp(`^(?:\\*\\.)?${HOST}$`), `${NO_HOST}, or *. with a domain`),
);

const manners = {
  rate: v.exactOptional(
    v.pipe(
      object({
        requests: count('So many may go in the time, evenly.'),
        seconds: v.pipe(
          v.number('must be a number'),
          v.gtValue(0, 'must be more than 0'),
          v.description('The time in which so many may go.'),
        ),
        burst: v.exactOptional(
          count(
            'How many that did not go are saved up, and may then go at once; as many as "requests", unless told.',
          ),
        ),
      }),
      v.description('How many requests the registry gets in a time.'),
    ),
  ),
  concurrency: v.exactOptional(count('How many requests may wait for their answer at the most.')),
  idleTimeout: v.exactOptional(count('How long headers may take, and a body may stall, in seconds.')),
  chunkSize: v.exactOptional(count('Blobs are sent in chunks of this size, in bytes.')),
  singlePost: v.exactOptional(flag('Small blobs may be sent with a single POST.')),
};
const ca = v.exactOptional(
  file('A PEM file of certificate authorities to trust beside those that are trusted anyway.'),
);
const tls = {
  ca,
  clientCertificate: v.exactOptional(
    v.pipe(
      object({ certificate: file('A PEM file.'), key: file('A PEM file.') }),
      v.description('Shown to this registry alone.'),
    ),
  ),
  skipTlsVerification: v.exactOptional(
    flag('Believe any certificate: whoever sits between reads and changes everything.'),
  ),
};
const mirror = object({
  url: url('Where the mirror is; a path is a prefix.'),
  fallback: v.exactOptional(
    v.pipe(
      v.picklist(['missing', 'unavailable', 'never'], 'must be "missing", "unavailable" or "never"'),
      v.description(
        'After which of its failures the next one is asked. missing (the default): after all; unavailable: after all, except that what it does not have nobody is asked for; never: after none but a wrong digest.',
      ),
    ),
  ),
  namespace: v.exactOptional(
    flag('Tell it which registry is meant, by ?ns= with each request: for proxies of several registries.'),
  ),
  repositoryPrefix: v.exactOptional(
    v.pipe(
      text,
      v.regex(/^[a-z0-9]+(?:[._/-]+[a-z0-9]+)*$/, 'must be the beginning of a repository'),
      v.description('Where it keeps what it mirrors: hub for hub/library/alpine.'),
    ),
  ),
  ...manners,
  ...tls,
});
const registry = object({
  url: v.exactOptional(url('Where the registry is, if not at its name; a path is a prefix.')),
  mirrors: v.exactOptional(
    v.pipe(
      v.array(mirror, 'must be a list'),
      v.description('Asked in order before the registry, by reads alone.'),
    ),
  ),
  plainHttp: v.exactOptional(flag('Speak plain HTTP.')),
  allowRealms: v.exactOptional(
    v.pipe(
      v.array(v.pipe(text, v.regex(new RegExp(`^${HOST}$`), NO_HOST)), 'must be a list'),
      v.description('Hosts of token servers that may be given credentials though they are on other sites.'),
    ),
  ),
  ...manners,
  ...tls,
});

/** A name, and no path: nothing has to be escaped in it. */
const STORE_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/;

/** The file of settings. */
export const settingsSchema: v.GenericSchema<SettingsFile> = v.pipe(
  object({
    $schema: v.exactOptional(text),
    defaults: v.exactOptional(
      v.pipe(
        object({ ...manners, ca }),
        v.description('For all registries, as far as they have no settings of their own.'),
      ),
    ),
    registries: v.exactOptional(
      v.pipe(
        v.record(hostPattern, registry, 'must be an object'),
        v.description(
          'By the host that references name, with its port if they do; *.example.com for all below. docker.io stands for all names of Docker Hub.',
        ),
      ),
    ),
    stores: v.exactOptional(
      v.pipe(
        v.record(
          v.pipe(text, v.regex(STORE_NAME, 'must be a name of letters, digits, dots and dashes')),
          file('The folder, relative to that of this file.'),
          'must be an object',
        ),
        v.description(
          'Folders of image layouts, by the name that stands for them in oci-layout://NAME/IMAGE and oci-layout://NAME:TAG.',
        ),
      ),
    ),
  }),
  v.title('Settings of registries for Stowage'),
);

/** A problem of a document: where, and what. */
export interface Problem {
  /** A JSON pointer (RFC 6901). */
  readonly pointer: string;
  readonly message: string;
}

/** Checks a document. */
export function checkSettings(document: unknown): SettingsFile | readonly Problem[] {
  // A list is an object to valibot.
  if (Array.isArray(document)) return [{ pointer: '', message: 'must be an object' }];
  const result = v.safeParse(settingsSchema, document);
  if (result.success) return result.output;
  return result.issues.map(({ message, path }) => ({
    pointer: (path ?? []).map(({ key }) => `/${escape(String(key))}`).join(''),
    message,
  }));
}

function escape(key: string): string {
  return printable(key.replaceAll('~', '~0').replaceAll('/', '~1'));
}
