import { join } from 'node:path';
import { defaultCredentials } from '../auth/index.ts';
import { uploadFiles } from '../client/index.ts';
import { cacheFolder } from '../disk/index.ts';
import { createPlaces, type PlaceEvent, type Places } from '../place/index.ts';
import { loadSettings } from '../settings/index.ts';
import { diskCache, memoryCache, registryCacheFolder } from '../wrap/cache/index.ts';
import { say, type Context } from './context.ts';
import { fail } from './failure.ts';
import type { RegistryFlags } from './flags.ts';
import { notices } from './notices.ts';
import { statistics } from './statistics.ts';
import { traceLine } from './trace.ts';

/** Runs a command on places that are closed behind it; tells what happens there, as far as it was asked to. */
export async function withPlaces(
  context: Context,
  flags: RegistryFlags,
  run: (places: Places) => Promise<void>,
): Promise<void> {
  const { env: environment } = context.process;
  const settings = await loadSettings({
    environment,
    ...(flags.registryConfig !== undefined && { file: flags.registryConfig }),
  }).catch((error: unknown) => fail(context, error));
  if (settings === undefined) return;
  const sums = statistics();
  const tell = (line: string): void => say(context, line);
  const notice = notices(tell);
  const onEvent = (event: PlaceEvent): void => {
    sums.add(event);
    if (flags.trace) tell(traceLine(event));
    else notice(event);
  };
  const cache = flags.cache ? diskCache(registryCacheFolder({ environment })) : memoryCache();
  const places = createPlaces({
    credentials: defaultCredentials({ environment }),
    settings,
    cache,
    uploadLog: uploadFiles(join(cacheFolder({ environment }), 'uploads')),
    onEvent,
    ...(flags.maxWait !== undefined && { maxWait: flags.maxWait }),
    ...(flags.plainHttp !== undefined && { plainHttp: flags.plainHttp }),
    ...(flags.allowRealm !== undefined && { allowRealms: flags.allowRealm }),
  });
  try {
    await run(places);
  } finally {
    await places.close();
    await cache.close();
    if (flags.stats) tell(sums.summary());
  }
}
