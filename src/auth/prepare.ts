import { errorCode, isDenied } from '../registry/index.ts';
import type { TransportRequest } from '../transport/index.ts';
import { identify } from './identity.ts';
import type { Keyring } from './keyring.ts';
import { chooseWay, type BearerWay, type Way } from './offer.ts';
import { formatScope, unionScopes, type Scope } from './scope.ts';

/** As many scopes are asked for at once, and as much text, in characters: they go into one URL. */
const [MOST, LONGEST] = [25, 4000];

/** What tokens are to be got for, in advance. */
export interface Preparation {
  readonly keyring: Keyring;
  /** Any request to the registry. */
  readonly request: Pick<TransportRequest, 'url' | 'signal'>;
  readonly scopes: readonly Scope[];
  readonly allowRealms: readonly string[];
}

/** Scopes that one token may be for: the same way in, for the same account. */
interface Group {
  readonly way: BearerWay;
  readonly account: string | undefined;
  readonly passing: boolean;
  readonly scopes: Scope[];
}

/**
 * Gets tokens for many scopes, several with each request to the token server. Where it refuses that, what comes
 * asks for itself, one by one; and so does whatever comes later.
 */
export async function prepareTokens(preparation: Preparation): Promise<void> {
  const { keyring, request } = preparation;
  for (const { way, account, passing, scopes } of await groupScopes(preparation)) {
    for (const batch of batches(scopes)) {
      if (batch.length > 1 && !keyring.takesSeveral(way)) break;
      const scope = unionScopes(...batch);
      try {
        await keyring.fetchToken({
          way,
          scope,
          signal: request.signal,
          account,
          passing,
          batch: batch.length > 1,
        });
      } catch (error) {
        if (!isDenied(error) && errorCode(error) !== 'AUTH_TOKEN_INVALID') throw error;
        if (batch.length > 1) keyring.takesOne({ realm: way.realm.href, service: way.service });
      }
    }
  }
}

/** The scopes for which there is no token yet, by whom it has to be asked for. */
async function groupScopes({
  keyring,
  request,
  scopes,
  allowRealms,
}: Preparation): Promise<readonly Group[]> {
  const { url, signal } = request;
  const groups = new Map<string, Group>();
  for (const scope of scopes) {
    const account = await keyring.recall(scope, signal);
    if (keyring.offer === undefined || keyring.tokens.find({ scope, account }) !== undefined) continue;
    const { credentials, problem } = await identify(keyring.identities, scope, signal);
    const choice = { registry: url, credentials, allowRealms, facts: {} };
    // Where there is no way, whoever needs one says so.
    const way: Way | undefined = await chooseWay(keyring.offer, choice).catch(() => undefined);
    if (way?.kind !== 'bearer') continue;
    const key = JSON.stringify([way.realm.href, way.service, credentials?.origin, account]);
    const group = groups.get(key) ?? { way, account, passing: problem !== undefined, scopes: [] };
    group.scopes.push(scope);
    groups.set(key, group);
  }
  return [...groups.values()];
}

function* batches(scopes: readonly Scope[]): Generator<readonly Scope[]> {
  let batch: Scope[] = [];
  let length = 0;
  for (const scope of scopes) {
    const size = formatScope(scope).length;
    if (batch.length > 0 && (batch.length === MOST || length + size > LONGEST)) {
      yield batch;
      [batch, length] = [[], 0];
    }
    batch.push(scope);
    length += size;
  }
  if (batch.length > 0) yield batch;
}
