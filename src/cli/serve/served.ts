import { existsSync } from 'node:fs';
import { access, constants, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeFolder } from '../../disk/index.ts';
import { printable } from '../../oci/index.ts';
import {
  createPlaces,
  formatLocalReference,
  OWN_REPOSITORY,
  type LocalReference,
  type Places,
} from '../../place/index.ts';
import { RegistryError, type Registry } from '../../registry/index.ts';
import { layoutRegistry } from '../../store/layout/index.ts';
import { readOnly } from '../../wrap/readonly/index.ts';
import { say, type Context } from '../context.ts';
import { exitCodes } from '../exit-code.ts';
import { describeFailure, fail, misuse } from '../failure.ts';
import type { RegistryFlags } from '../flags.ts';
import { lackOf } from '../lack.ts';
import { adviceOnPath } from '../local-advice.ts';
import { isPath } from '../path.ts';
import { settingsFor } from '../report/observe.ts';
import { storesOf } from '../stores.ts';

/** What is served. */
export interface Served {
  readonly registry: Registry;
  readonly writable: boolean;
  /** For the line that programs read. */
  readonly facts: { readonly directory: string } | { readonly reference: string };
  /** Tells people what they can do with it. */
  explain(url: string, address: string): void;
  close(): Promise<void>;
}

/**
 * A folder of layouts, made if it is not there.
 * @param where as the user wrote it
 * @returns undefined where that cannot be; it has been told then.
 */
export async function servedFolder(context: Context, where: string): Promise<Served | undefined> {
  const root = resolve(where);
  const found = await stat(root).catch(() => undefined);
  if (found === undefined && !isPath(where) && /[:@]/.test(where)) {
    const name = printable(where, 1000);
    return misuse(
      context,
      `${name} is a reference, and no folder; for a folder of that name, write ./${name}`,
    );
  }
  if (found?.isDirectory() === false)
    return misuse(context, `${printable(where, 1000)} is a file, and no folder${adviceOnPath(where)}`);
  try {
    // Else the first who pushes would be told, and not the one who can do something about it.
    await makeFolder(root);
    await access(root, constants.W_OK);
  } catch (error) {
    say(context, `stowage: ${root} cannot be used: ${describeFailure(error)}`);
    context.process.exitCode = exitCodes.error;
    return undefined;
  }
  return {
    registry: layoutRegistry(root),
    writable: true,
    facts: { directory: root },
    explain(url, address) {
      say(context, `Serving ${root} on ${url}. Push to it with, for example:`);
      say(context, `  stowage copy docker.io/library/alpine:latest ${address}/alpine:latest`);
      say(
        context,
        `  docker tag alpine:latest ${address}/alpine:latest && docker push ${address}/alpine:latest`,
      );
      if (existsSync(join(root, 'oci-layout')))
        say(context, `This folder is a layout itself. For its images: stowage serve oci-layout:${root}`);
    },
    close: async () => {},
  };
}

/**
 * The images of one layout or archive, under their names, for reading alone: whose it is did not make it to be pushed to.
 * @returns undefined where there is none; it has been told then.
 */
export async function servedImages(
  context: Context,
  reference: string,
  flags: Pick<RegistryFlags, 'store'>,
): Promise<Served | undefined> {
  let places: Places | undefined;
  try {
    places = createPlaces({ stores: storesOf(await settingsFor(context, {}), flags) });
    const place = places.open(reference);
    checkWhole(place.local, reference);
    const lack = await lackOf(place, reference);
    if (lack !== undefined) throw lack;
    const images = await imagesOf(place.registry, context.signal);
    return {
      registry: readOnly(place.registry, reference),
      writable: false,
      facts: { reference },
      explain(url, address) {
        say(context, `Serving ${reference} on ${url}, for reading. There are:`);
        for (const image of images.slice(0, SHOWN)) say(context, `  ${address}/${image}`);
        if (images.length > SHOWN) say(context, '  …');
      },
      close: places.close,
    };
  } catch (error) {
    await places?.close();
    return fail(context, error);
  }
}

/** How many images are shown to people. */
const SHOWN = 20;

/** Who names one image is not to be shown all of them. */
function checkWhole(local: LocalReference | undefined, reference: string): void {
  if (local === undefined) return;
  const { scheme, path, ...image } = local;
  if (Object.keys(image).length === 0) return;
  const whole = printable(formatLocalReference({ scheme, path }), 1000);
  const message = `${printable(reference, 1000)} names one image, and all of them are served: write ${whole}`;
  throw new RegistryError('REFERENCE_INVALID', message, { reference });
}

/**
 * Some images as they can be asked for, those with full names first: `docker.io/library/alpine:3.20`, `layout:v1`. One more
 * than are shown.
 * @throws {RegistryError} `NAME_UNKNOWN` where there is no layout.
 */
async function imagesOf(registry: Registry, signal: AbortSignal): Promise<readonly string[]> {
  const images: string[] = [];
  const add = async (repository: string): Promise<void> => {
    for await (const tag of registry.tags(repository, { signal })) {
      if (images.length > SHOWN) return;
      images.push(`${repository}:${tag}`);
    }
  };
  for await (const repository of registry.repositories({ signal })) {
    if (images.length > SHOWN) break;
    if (repository !== OWN_REPOSITORY) await add(repository);
  }
  await add(OWN_REPOSITORY);
  return images;
}
