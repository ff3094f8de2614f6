import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { formatReference } from '../../oci/index.ts';
import type { BuildOptions, ImageSource, NamedContext } from './build-options.ts';
import { contextKey } from './context-key.ts';

/** What a build is made of, as the builder finds it in the session. */
export interface BuildInputs {
  /** What the frontend is told of it. */
  readonly attrs: Readonly<Record<string, string>>;
  /** Folders by the names that the builder asks for. */
  readonly folders: ReadonlyMap<string, string>;
  /** Images by the names of the content stores that they are in. */
  readonly images: ReadonlyMap<string, ImageSource>;
  /** Tells this folder from others of its kind: a builder then knows what it was sent of it before. */
  readonly sharedKey: string;
  /** Takes away what was made for the time of the build. */
  release(): Promise<void>;
}

/** The names of the folders that the frontend asks for by itself. */
const CONTEXT = 'context';
const DOCKERFILE = 'dockerfile';
/** Which the frontend must know if there are any contexts with a name, and so must another one that it hands over to. */
const NAMED_CONTEXTS = 'moby.buildkit.frontend.contexts+forward';

/**
 * Names all that a build is made of.
 * @throws {RegistryError} `REFERENCE_INVALID`, for the name of a context that can stand in no Dockerfile.
 */
export async function inputsOf(options: BuildOptions): Promise<BuildInputs> {
  const { context, dockerfile, contexts = [] } = options;
  const isRemote = context !== undefined && /^(?:[a-z]+:\/\/|git@)/.test(context);
  const named = contexts.map(namedInput);
  const made: string[] = [];
  const makeFolder = async (name: string): Promise<string> => {
    const folder = await mkdtemp(join(tmpdir(), `stowage-${name}-`));
    made.push(folder);
    return folder;
  };
  const release = async (): Promise<void> => {
    for (const folder of made) await rm(folder, { recursive: true, force: true });
  };

  try {
    const folders = new Map(named.flatMap(({ folder }) => (folder === undefined ? [] : [folder])));
    // The frontend asks for a context even where nothing is copied from it.
    if (!isRemote) folders.set(CONTEXT, context ?? (await makeFolder('context')));
    const file = await definition(options, isRemote, makeFolder);
    if (file.folder !== undefined) folders.set(DOCKERFILE, file.folder);
    return {
      attrs: {
        ...(isRemote && { context }),
        // What is not part of a remote context is asked for here.
        ...(isRemote && file.folder !== undefined && { dockerfilekey: DOCKERFILE }),
        filename: file.name,
        ...(named.length > 0 && { 'frontend.caps': NAMED_CONTEXTS }),
        ...Object.assign({}, ...named.map(({ attrs }) => attrs)),
      },
      folders,
      images: new Map(named.flatMap(({ image }) => (image === undefined ? [] : [image]))),
      sharedKey: sharedKeyOf(context ?? dirname(typeof dockerfile === 'string' ? dockerfile : '.')),
      release,
    };
  } catch (error) {
    await release();
    throw error;
  }
}

/** The Dockerfile: its name, and the folder that it is in, unless the builder has that. */
async function definition(
  { context, dockerfile }: BuildOptions,
  isRemote: boolean,
  makeFolder: (name: string) => Promise<string>,
): Promise<{ readonly name: string; readonly folder?: string }> {
  if (typeof dockerfile === 'object') {
    const folder = await makeFolder(DOCKERFILE);
    await writeFile(join(folder, 'Dockerfile'), dockerfile.text);
    return { name: 'Dockerfile', folder };
  }
  if (isRemote) return { name: dockerfile ?? 'Dockerfile' };
  if (dockerfile === undefined) return { name: 'Dockerfile', folder: context ?? '.' };
  return { name: basename(dockerfile), folder: dirname(dockerfile) };
}

/** One named context, as the frontend is told of it. */
interface NamedInput {
  readonly attrs: Readonly<Record<string, string>>;
  readonly folder?: readonly [name: string, path: string];
  readonly image?: readonly [store: string, source: ImageSource];
}

function namedInput({ name, platform, source }: NamedContext): NamedInput {
  const key = contextKey(name, platform);
  if ('url' in source) return { attrs: { [key]: source.url } };
  if ('directory' in source) {
    const own = key.slice('context:'.length);
    // These two are taken.
    const folder = own === CONTEXT || own === DOCKERFILE ? `_${own}` : own;
    return {
      attrs: { [key]: `local:${folder}`, [`sharedkey:localdir:${own}`]: sharedKeyOf(source.directory) },
      folder: [folder, source.directory],
    };
  }
  const store = storeName();
  const { tag, digest } = source;
  // The tag is for people: the builder goes by the digest, and by the name of the store.
  const reference = formatReference({ repository: store, ...(tag !== undefined && { tag }), digest });
  return { attrs: { [key]: `oci-layout://${reference}` }, image: [`oci:${store}`, source] };
}

/** A name for a content store that every parser of references takes: small letters and digits. */
export function storeName(): string {
  return `s${randomBytes(12).toString('hex')}`;
}

function sharedKeyOf(folder: string): string {
  return createHash('sha256')
    .update(`${hostname()}\0${resolve(folder)}`)
    .digest('hex')
    .slice(0, 25);
}
