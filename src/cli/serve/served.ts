import { access, constants } from 'node:fs/promises';
import { makeFolder } from '../../disk/index.ts';
import { createPlaces, OWN_REPOSITORY, type Places } from '../../place/index.ts';
import type { Registry } from '../../registry/index.ts';
import { layoutRegistry } from '../../store/layout/index.ts';
import { readOnly } from '../../wrap/readonly/index.ts';
import { say, type Context } from '../context.ts';
import { exitCodes } from '../exit-code.ts';
import { describeFailure, fail } from '../failure.ts';
import type { RegistryFlags } from '../flags.ts';
import { lackOf } from '../lack.ts';
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

/** A folder of layouts, made if it is not there. @returns undefined where that cannot be; it has been told then. */
export async function servedFolder(context: Context, root: string): Promise<Served | undefined> {
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
    const lack = await lackOf(place, reference);
    if (lack !== undefined) throw lack;
    // Where there is no layout, that is told, and not served as one without images.
    for await (const _ of place.registry.tags(OWN_REPOSITORY, { signal: context.signal })) break;
    const names: string[] = [];
    for await (const name of place.registry.repositories({ signal: context.signal })) names.push(name);
    return {
      registry: readOnly(place.registry, reference),
      writable: false,
      facts: { reference },
      explain(url, address) {
        say(context, `Serving ${reference} on ${url}, for reading. There are:`);
        for (const name of names) say(context, `  ${address}/${name}`);
      },
      close: places.close,
    };
  } catch (error) {
    await places?.close();
    return fail(context, error);
  }
}
