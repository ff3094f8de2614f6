import { existsSync, statSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { readPin, readPins } from '../../builds/index.ts';
import { say, type Context } from '../context.ts';
import { inFile, readDocument } from '../input.ts';

/** The digests of images that are not built here, by the names under which they are built on. */
export type Pins = ReadonlyMap<string, string>;

/**
 * Reads the pins of a folder as the Docker Official Images have it, or of a JSON file of names and digests.
 * @param path unless told, the folder beside that of bashbrew's library
 * @throws {Invalid} subject `sources`, for what is no pin.
 */
export async function pinsOf(context: Context, path: string | undefined): Promise<Pins> {
  if (path !== undefined && !isFolder(path)) return pinsInFile(context, path);
  const folder = path ?? besideLibrary(context);
  if (folder !== undefined && existsSync(folder))
    return inFile(folder, 'sources', () => pinsInFolder(folder));
  say(context, `no image is pinned: ${folder === undefined ? 'see --pins' : `there is no folder ${folder}`}`);
  return new Map();
}

async function pinsInFile(context: Context, path: string): Promise<Pins> {
  const document = await readDocument(context, path, 'sources');
  return inFile(path, 'sources', async () => readPins(document));
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Where bashbrew looks for library files, and beside it. */
function besideLibrary({ process: { env } }: Context): string | undefined {
  const { BASHBREW_LIBRARY: library, HOME: home } = env;
  if (library) return join(dirname(library), '.external-pins');
  return home ? join(home, 'docker', 'official-images', '.external-pins') : undefined;
}

/** Each in a file, in the folder of its namespace. What lies beside these folders are scripts. */
async function pinsInFolder(folder: string): Promise<Pins> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = found
    .filter((entry) => entry.isFile() && entry.parentPath !== folder)
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const pins = new Map<string, string>();
  for (const path of paths) {
    const [name, digest] = readPin(relative(folder, path).split(sep).join('/'), await readFile(path, 'utf8'));
    pins.set(name, digest);
  }
  return pins;
}
