import { tokenFetcher, type CredentialSource, type TokenFetcher } from '../../auth/index.ts';
import {
  followRedirects,
  observe,
  retry,
  undiciTransport,
  type UndiciTransport,
} from '../../transport/index.ts';
import { version } from '../../version.ts';
import type { RegistryFlags } from '../flags.ts';
import type { Session } from '../session.ts';

/** Gets tokens for the builder, which then need not be told passwords. */
export interface BuildTokens {
  readonly fetchToken: TokenFetcher;
  /** Closes the connections. */
  close(): Promise<void>;
}

/**
 * Makes the one that gets tokens: it talks to the token server of a registry as is set for that registry, with its
 * certificates and through the proxies of the environment.
 */
export function buildTokens(
  credentials: CredentialSource,
  { allowRealm = [], plainHttp = [], maxWait }: RegistryFlags,
  { settings, onEvent }: Pick<Session, 'settings' | 'onEvent'>,
): BuildTokens {
  const opened: UndiciTransport[] = [];
  const fetchers = new Map<string, TokenFetcher>();
  const fetcherFor = (host: string): TokenFetcher => {
    const set = settings.of(host);
    const transport = undiciTransport(set.connections);
    opened.push(transport);
    const patient = { onEvent, ...(maxWait !== undefined && { maxWait }) };
    return tokenFetcher(followRedirects(retry(observe(transport.send, onEvent), patient)), {
      credentials,
      allowRealms: [...allowRealm, ...(set.allowRealms ?? [])],
      plainHttp: [...plainHttp, ...(set.plainHttp === true ? [host] : [])],
      userAgent: `stowage/${version}`,
    });
  };
  return {
    async fetchToken(wish) {
      const fetcher = fetchers.get(wish.host) ?? fetcherFor(wish.host);
      fetchers.set(wish.host, fetcher);
      return fetcher(wish);
    },
    async close() {
      await Promise.all(opened.map((transport) => transport.close()));
    },
  };
}
