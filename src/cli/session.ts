import { defaultCredentials, tokenFiles, type CredentialSource } from '../auth/index.ts';
import { uploadFiles } from '../client/index.ts';
import { createPlaces, type PlaceEvent, type Places } from '../place/index.ts';
import type { Settings } from '../settings/index.ts';
import type { Ledger } from '../share/index.ts';
import type { Listener } from '../transport/index.ts';
import { diskCache, memoryCache, registryCacheFolder, type CacheStore } from '../wrap/cache/index.ts';
import type { Context } from './context.ts';
import { fail, misuse } from './failure.ts';
import type { RegistryFlags } from './flags.ts';
import { tokenFolder, uploadFolder } from './folders.ts';
import { observe, settingsFor } from './report/observe.ts';
import { shareOf, type Share } from './share.ts';
import { storesOf } from './stores.ts';

/** What a command may want of the run that it is in. */
export interface Session {
  /** Has a listener be told of what happens from now on. */
  listen(listener: Listener<PlaceEvent>): void;
  /** Tells what happens where places know nothing of it. */
  readonly onEvent: Listener<PlaceEvent>;
  readonly settings: Settings;
  /** What the processes of a run find out together, with `--redis`. */
  readonly ledger: Ledger | undefined;
}

export interface SessionOptions {
  /** Those that are known on this machine, unless told. */
  readonly credentials?: CredentialSource;
  /**
   * Whether what is read is kept: for later runs, for this one alone, or not at all, for commands that ask for nothing
   * twice. Unless told, the flags decide between the first two.
   */
  readonly keepContent?: boolean | 'never';
  /** How many requests may wait for their answer at each registry, where the settings do not say. 32 unless told. */
  readonly concurrency?: number;
}

/**
 * Runs a command on places that are closed behind it; tells what happens there, as far as it was asked to.
 */
export async function withPlaces(
  context: Context,
  flags: RegistryFlags,
  run: (places: Places, session: Session) => Promise<void>,
  { credentials, keepContent = flags.cache, concurrency }: SessionOptions = {},
): Promise<void> {
  const { env: environment } = context.process;
  const contradiction = contradictionOf(flags);
  if (contradiction !== undefined) return misuse(context, contradiction);
  const settings = await settingsFor(context, flags).catch((error: unknown) => fail(context, error));
  if (settings === undefined) return;
  const shared = await shareOf(flags).catch((error: unknown) => fail(context, error));
  if (shared === undefined) return;
  const rate = flags.rate && { ...flags.rate, ...(flags.burst !== undefined && { burst: flags.burst }) };
  const { onEvent, end } = observe(context, flags);
  const listeners: Listener<PlaceEvent>[] = [onEvent];
  const cache = cacheFor(keepContent, shared, environment);
  // What is kept for this run alone is nobody's cache.
  const tell: Listener<PlaceEvent> = (event) => {
    if (keepContent !== true && event.type === 'cache') return;
    for (const listener of listeners) listener(event);
  };
  const places = createPlaces({
    credentials: credentials ?? defaultCredentials({ environment }),
    settings,
    stores: storesOf(settings, flags),
    ...(cache !== undefined && { cache }),
    ...(flags.cache && {
      keptTokens: tokenFiles(tokenFolder(context)),
      uploadLog: uploadFiles(uploadFolder(context)),
    }),
    onEvent: tell,
    ...(concurrency !== undefined && { concurrency }),
    ...(rate !== undefined && { rate }),
    ...(shared.run !== undefined && { limiter: shared.run.limiter }),
    ...(flags.maxWait !== undefined && { maxWait: flags.maxWait }),
    ...(flags.plainHttp !== undefined && { plainHttp: flags.plainHttp }),
    ...(flags.allowRealm !== undefined && { allowRealms: flags.allowRealm }),
  });
  try {
    await run(places, {
      listen: (listener) => void listeners.push(listener),
      onEvent: tell,
      settings,
      ledger: shared.run?.ledger,
    });
  } finally {
    await places.close();
    await cache?.close();
    shared.run?.close();
    end();
  }
}

function cacheFor(
  keep: boolean | 'never',
  shared: Share,
  environment: Context['process']['env'],
): CacheStore | undefined {
  if (keep === 'never') return undefined;
  return keep ? (shared.cache ?? diskCache(registryCacheFolder({ environment }))) : memoryCache();
}

function contradictionOf({ rate, burst, redis, run }: RegistryFlags): string | undefined {
  if (burst !== undefined && rate === undefined) return '--burst needs --rate';
  if (redis !== undefined && run === undefined)
    return '--redis needs --run: the name of what is done together';
  if (run !== undefined && redis === undefined)
    return '--run needs --redis: where what is done together is kept';
  return undefined;
}
