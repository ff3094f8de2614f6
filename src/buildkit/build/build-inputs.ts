import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { formatReference, Invalid } from '../../oci/index.ts';
import { uploadUrl } from '../upload/upload-service.ts';
import type { BuildContext, DockerfileSource, NamedContext } from './build-context.ts';
import type { BuildOptions } from './build-options.ts';
import { contextKey } from './context-key.ts';
import type { ImageSource } from './image-source.ts';
import { sessionName } from './session-name.ts';

/** What a build is made of, as the builder finds it in the session. */
export interface BuildInputs {
  /** What the frontend is told of it. */
  readonly attrs: Readonly<Record<string, string>>;
  /** Folders by the names that the builder asks for. */
  readonly folders: ReadonlyMap<string, string>;
  /** Streams by the names in their URLs. */
  readonly streams: ReadonlyMap<string, AsyncIterable<Uint8Array>>;
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
 * @throws {Invalid} subject `context`, if there is neither a context nor a Dockerfile.
 */
export async function inputsOf({ context, dockerfile, contexts = [] }: BuildOptions): Promise<BuildInputs> {
  const named = contexts.map(namedInput);
  const main = mainInput(context);
  const file = dockerfileInput(dockerfile, context);
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
    if (main.url === undefined) folders.set(CONTEXT, main.folder ?? (await makeFolder(CONTEXT)));
    if (file.text !== undefined) {
      const folder = await makeFolder(DOCKERFILE);
      await writeFile(join(folder, file.name), file.text);
      folders.set(DOCKERFILE, folder);
    } else if (file.folder !== undefined) folders.set(DOCKERFILE, file.folder);
    return {
      attrs: {
        ...(main.url !== undefined && { context: main.url }),
        // What is not part of such a context is asked for here.
        ...(main.url !== undefined && folders.has(DOCKERFILE) && { dockerfilekey: DOCKERFILE }),
        filename: file.name,
        ...(named.length > 0 && { 'frontend.caps': NAMED_CONTEXTS }),
        ...Object.assign({}, ...named.map(({ attrs }) => attrs)),
      },
      folders,
      streams: new Map(main.stream === undefined ? [] : [main.stream]),
      images: new Map(named.flatMap(({ image }) => (image === undefined ? [] : [image]))),
      sharedKey: sharedKeyOf(main.folder ?? file.folder ?? ''),
      release,
    };
  } catch (error) {
    await release();
    throw error;
  }
}

/** What is copied from: a folder of the session, or what is at a URL, which may be one for a stream of the session. */
interface MainInput {
  readonly folder?: string;
  readonly url?: string;
  readonly stream?: readonly [name: string, bytes: AsyncIterable<Uint8Array>];
}

function mainInput(context: BuildContext | undefined): MainInput {
  if (context === undefined) return {};
  if (!('tar' in context)) return context;
  const name = sessionName();
  return { url: uploadUrl(name), stream: [name, context.tar] };
}

/** The Dockerfile: its name, and the folder that it is in, or its text, unless the builder has it with the context. */
interface DockerfileInput {
  readonly name: string;
  readonly folder?: string;
  readonly text?: string;
}

function dockerfileInput(
  dockerfile: DockerfileSource = { inContext: 'Dockerfile' },
  context: BuildContext | undefined,
): DockerfileInput {
  if ('text' in dockerfile) return { name: 'Dockerfile', text: dockerfile.text };
  if ('file' in dockerfile) return { name: basename(dockerfile.file), folder: dirname(dockerfile.file) };
  if (context === undefined)
    throw new Invalid('context', 'nothing to build: there is neither a context nor a Dockerfile');
  const { inContext: path } = dockerfile;
  if (!('folder' in context)) return { name: path };
  return { name: basename(path), folder: join(context.folder, dirname(path)) };
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
  if ('folder' in source) {
    const own = key.slice('context:'.length);
    // These two are taken.
    const folder = own === CONTEXT || own === DOCKERFILE ? `_${own}` : own;
    return {
      attrs: { [key]: `local:${folder}`, [`sharedkey:localdir:${own}`]: sharedKeyOf(source.folder) },
      folder: [folder, source.folder],
    };
  }
  const store = sessionName();
  const { tag, digest } = source;
  // The tag is for people: the builder goes by the digest, and by the name of the store.
  const reference = formatReference({ repository: store, ...(tag !== undefined && { tag }), digest });
  return { attrs: { [key]: `oci-layout://${reference}` }, image: [`oci:${store}`, source] };
}

function sharedKeyOf(folder: string): string {
  return createHash('sha256')
    .update(`${hostname()}\0${resolve(folder)}`)
    .digest('hex')
    .slice(0, 25);
}
