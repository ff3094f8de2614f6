import { abortable, errorCode, type RegistryError } from '../registry/index.ts';
import type { Credentials, CredentialSource } from './credentials.ts';
import { isReading, repositoryOf, type Scope } from './scope.ts';

/** Who we are at one registry, for each of its repositories; looked up when needed, and then known for a while. */
export interface Identities {
  /** @throws {RegistryError} `CREDENTIALS_INVALID`; the signal's reason. */
  credentials(scope: Scope, signal: AbortSignal | undefined): Promise<Credentials | undefined>;
  /** Whose credentials these would be, without looking for the secret; undefined where nobody can tell. */
  account(scope: Scope, signal: AbortSignal | undefined): Promise<string | undefined>;
  /** Looks up anew next time: what was found was refused. */
  forget(): Promise<void>;
}

/** How long credentials are used before they are looked up again, in milliseconds. */
const KEPT = 5 * 60 * 1000;
/** For this many repositories at the most. */
const MOST = 1000;

/** @param host of the registry, with its port. @param now the time in milliseconds, of a clock that does not jump */
export function createIdentities(host: string, source: CredentialSource, now: () => number): Identities {
  const credentials = lookups((repository) => source(host, repository), now);
  // Nobody has been asked who they are yet: what is wrong with a file is told when its credentials are needed.
  const accounts = lookups(
    async (repository) => source.fingerprint?.(host, repository).catch(() => undefined),
    now,
  );
  return {
    credentials: (scope, signal) => credentials.get(scope, signal),
    account: (scope, signal) => accounts.get(scope, signal),
    async forget() {
      credentials.clear();
      accounts.clear();
      await source.forget?.();
    },
  };
}

interface Lookups<T> {
  get(scope: Scope, signal: AbortSignal | undefined): Promise<T>;
  clear(): void;
}

function lookups<T>(lookUp: (repository: string | undefined) => Promise<T>, now: () => number): Lookups<T> {
  const known = new Map<string, { readonly at: number; readonly found: Promise<T>; settled: boolean }>();
  return {
    get(scope, signal) {
      const repository = repositoryOf(scope);
      const key = repository ?? '';
      let entry = known.get(key);
      if (entry === undefined || now() - entry.at >= KEPT) {
        if (known.size >= MOST) known.clear();
        const fresh = { at: now(), found: lookUp(repository), settled: false };
        entry = fresh;
        known.set(key, fresh);
        fresh.found.then(
          () => (fresh.settled = true),
          // An error is not remembered: a helper that failed may work next time.
          () => known.delete(key),
        );
      }
      // Only who has to wait listens to the signal.
      return entry.settled ? entry.found : abortable(entry.found, signal);
    },
    clear: () => known.clear(),
  };
}

/** Who asks; and why it is nobody, where it should be somebody. */
export interface Identity {
  readonly credentials: Credentials | undefined;
  readonly problem?: RegistryError;
}

/**
 * Who we are for what a scope needs. Where credentials cannot be had (a helper fails, a file is broken), what is only
 * read is asked for as nobody: most of what is read is public. If it is not, the problem is the reason to tell.
 */
export async function identify(
  identities: Identities,
  scope: Scope,
  signal: AbortSignal | undefined,
): Promise<Identity> {
  try {
    return { credentials: await identities.credentials(scope, signal) };
  } catch (error) {
    if (errorCode(error) !== 'CREDENTIALS_INVALID' || !isReading(scope)) throw error;
    return { credentials: undefined, problem: error as RegistryError };
  }
}
