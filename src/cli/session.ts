import { defaultCredentials, tokenFiles, type CredentialSource } from '../auth/index.ts';
import { uploadFiles } from '../client/index.ts';
import { createPlaces, type PlaceEvent, type Places } from '../place/index.ts';
import type { Listener } from '../transport/index.ts';
import { diskCache, memoryCache, registryCacheFolder } from '../wrap/cache/index.ts';
import type { Context } from './context.ts';
import { fail } from './failure.ts';
import type { RegistryFlags } from './flags.ts';
import { tokenFolder, uploadFolder } from './folders.ts';
import { observe, settingsFor } from './observe.ts';

/** What a command may want of the run that it is in. */
export interface Session {
  /** Has a listener be told of what happens from now on. */
  listen(listener: Listener<PlaceEvent>): void;
}

export interface SessionOptions {
  /** Those that are known on this machine, unless told. */
  readonly credentials?: CredentialSource;
  /** Keep what is read for this run alone. Unless told, the flags decide. */
  readonly keepContent?: boolean;
}

/**
 * Runs a command on places that are closed behind it; tells what happens there, as far as it was asked to.
 */
export async function withPlaces(
  context: Context,
  flags: RegistryFlags,
  run: (places: Places, session: Session) => Promise<void>,
  { credentials, keepContent = flags.cache }: SessionOptions = {},
): Promise<void> {
  const { env: environment } = context.process;
  const settings = await settingsFor(context, flags).catch((error: unknown) => fail(context, error));
  if (settings === undefined) return;
  const { onEvent, end } = observe(context, flags);
  const listeners: Listener<PlaceEvent>[] = [onEvent];
  const cache = keepContent ? diskCache(registryCacheFolder({ environment })) : memoryCache();
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
      if (!keepContent && event.type === 'cache') return;
      for (const listener of listeners) listener(event);
    },
    ...(flags.maxWait !== undefined && { maxWait: flags.maxWait }),
    ...(flags.plainHttp !== undefined && { plainHttp: flags.plainHttp }),
    ...(flags.allowRealm !== undefined && { allowRealms: flags.allowRealm }),
  });
  try {
    await run(places, { listen: (listener) => void listeners.push(listener) });
  } finally {
    await places.close();
    await cache.close();
    end();
  }
}
