import { abortable, errorCode, isDenied } from '../registry/index.ts';
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
async function groupScopes(preparation: Preparation): Promise<readonly Group[]> {
  const { scopes, request } = preparation;
  // All at once, as files are looked at for each; and the signal is listened to once.
  const finding = Promise.all(scopes.map((scope) => findGroup(preparation, scope)));
  const found = await abortable(finding, request.signal);
  const groups = new Map<string, Group>();
  for (const [key, group] of found.filter((each) => each !== undefined)) {
    const known = groups.get(key);
    if (known === undefined) groups.set(key, group);
    else known.scopes.push(...group.scopes);
  }
  return [...groups.values()];
}

/** A scope as the first of a group, with what the others of that group have in common with it. */
async function findGroup(
  { keyring, request, allowRealms }: Preparation,
  scope: Scope,
): Promise<readonly [key: string, group: Group] | undefined> {
  const account = await keyring.recall(scope, undefined);
  if (keyring.offer === undefined || keyring.tokens.find({ scope, account }) !== undefined) return undefined;
  const { credentials, problem } = await identify(keyring.identities, scope, undefined);
  const choice = { registry: request.url, credentials, allowRealms, facts: {} };
  // Where there is no way, whoever needs one says so.
  const way: Way | undefined = await chooseWay(keyring.offer, choice).catch(() => undefined);
  if (way?.kind !== 'bearer') return undefined;
  const key = JSON.stringify([way.realm.href, way.service, credentials?.origin, account]);
  return [key, { way, account, passing: problem !== undefined, scopes: [scope] }];
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
