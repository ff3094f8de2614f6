import { defaultCredentials, tokenFiles, type CredentialSource } from '../auth/index.ts';
import { uploadFiles } from '../client/index.ts';
import { createPlaces, type Places } from '../place/index.ts';
import { diskCache, memoryCache, registryCacheFolder } from '../wrap/cache/index.ts';
import type { Context } from './context.ts';
import { fail } from './failure.ts';
import type { RegistryFlags } from './flags.ts';
import { tokenFolder, uploadFolder } from './folders.ts';
import { observe, settingsFor } from './observe.ts';

/**
 * Runs a command on places that are closed behind it; tells what happens there, as far as it was asked to.
 * @param options.credentials those that are known on this machine, unless told
 */
export async function withPlaces(
  context: Context,
  flags: RegistryFlags,
  run: (places: Places) => Promise<void>,
  { credentials }: { readonly credentials?: CredentialSource } = {},
): Promise<void> {
  const { env: environment } = context.process;
  const settings = await settingsFor(context, flags).catch((error: unknown) => fail(context, error));
  if (settings === undefined) return;
  const { onEvent, end } = observe(context, flags);
  const cache = flags.cache ? diskCache(registryCacheFolder({ environment })) : memoryCache();
  const places = createPlaces({
    credentials: credentials ?? defaultCredentials({ environment }),
    settings,
    cache,
    ...(flags.cache && {
      keptTokens: tokenFiles(tokenFolder(context)),
      uploadLog: uploadFiles(uploadFolder(context)),
    }),
    // What is kept for this run alone is nobody's cache.
    onEvent: (event) => {
      if (flags.cache || event.type !== 'cache') onEvent(event);
    },
    ...(flags.maxWait !== undefined && { maxWait: flags.maxWait }),
    ...(flags.plainHttp !== undefined && { plainHttp: flags.plainHttp }),
    ...(flags.allowRealm !== undefined && { allowRealms: flags.allowRealm }),
  });
  try {
    await run(places);
  } finally {
    await places.close();
    await cache.close();
    end();
  }
}
