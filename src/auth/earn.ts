import { isDenied } from '../registry/index.ts';
import { headerValues, type TransportResponse } from '../transport/index.ts';
import { parseChallenges } from './challenge.ts';
import { chooseWay, readOffer, type BearerWay, type Way } from './offer.ts';
import { factsOf, refusedPass, type GivenPass, type Pass, type TokenRefusal, type Visit } from './pass.ts';
import { noChallenge, notReplayable } from './refusal.ts';
import { containsScope, formatScope, parseScope, unionScopes, type Scope } from './scope.ts';
import type { KeptToken } from './token-cache.ts';

/**
 * The pass that a 401 asks for. Lets the answer go.
 * @param first what the refused request was sent with
 * @param since the serial of the last token when it was sent: later ones are not among the refused
 * @throws {RegistryError} where there is none, or no use in sending the request again; see `Authorizer.send`.
 */
export async function earnPass(
  visit: Visit,
  first: Pass,
  since: number,
  response: TransportResponse,
): Promise<GivenPass> {
  const { keyring, request, scope, allowRealms } = visit;
  const { host } = request.url;
  const values = headerValues(response.headers, 'www-authenticate');
  const offer = readOffer(parseChallenges(values));
  if (first.kind === 'token') keyring.tokens.drop(first.token);
  if (offer === undefined) throw noChallenge(host, values, factsOf(visit));
  keyring.offer = offer;

  const credentials = await keyring.credentials(scope, request.signal);
  const way = chooseWay(offer, { registry: request.url, credentials, allowRealms, facts: factsOf(visit) });
  const theirs = offer.bearer?.scope ?? '';
  const wanted = unionScopes(parseScope(theirs), scope);
  if (first.kind !== 'none' && isSame(first, way, wanted)) throw await refusedPass(visit, first, response);
  if (request.body?.replayable === false) throw notReplayable(host, factsOf(visit));

  // Before the token is asked for: this answer may hold the one connection that there is.
  await response.discard();
  if (way.kind !== 'bearer') return way;
  const known = keyring.tokens.find(wanted, since);
  if (known !== undefined) return { kind: 'token', token: known, fresh: false };
  const refusal = first.kind === 'none' ? first.refusal : undefined;
  return { kind: 'token', token: await fetchWanted(visit, way, wanted, theirs, refusal), fresh: true };
}

/** Whether the way leads to what was refused just now. A token from before may have been revoked: a new one may do. */
function isSame(first: Pass, way: Way, wanted: Scope): boolean {
  if (way.kind !== 'bearer') return first.kind === way.kind;
  if (first.kind !== 'token' || !first.fresh) return false;
  const { realm, service, scope } = first.token;
  return realm === way.realm.href && service === way.service && containsScope(scope, wanted);
}

/** Some token servers refuse all that they would not have written themselves: they get the registry's own words. */
async function fetchWanted(
  { keyring, request: { signal } }: Visit,
  way: BearerWay,
  wanted: Scope,
  theirs: string,
  refusal: TokenRefusal | undefined,
): Promise<KeptToken> {
  const ours = formatScope(wanted);
  const again =
    refusal?.scope === ours &&
    refusal.way.realm.href === way.realm.href &&
    refusal.way.service === way.service;
  try {
    if (again) throw refusal.error;
    return await keyring.fetchToken(way, wanted, signal);
  } catch (error) {
    if (!isDenied(error) || theirs === '' || theirs === ours) throw error;
    return keyring.fetchToken(way, wanted, signal, [theirs]);
  }
}
