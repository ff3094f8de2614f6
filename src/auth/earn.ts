import { errorCode, isDenied } from '../registry/index.ts';
import { headerValues, type TransportResponse } from '../transport/index.ts';
import { parseChallenges } from './challenge.ts';
import { identify, type Identity } from './identity.ts';
import { chooseWay, readOffer, type Offer, type Way } from './offer.ts';
import { factsOf, refusedPass, withProblem, type GivenPass, type Pass, type Visit } from './pass.ts';
import { noChallenge, notReplayable } from './refusal.ts';
import { containsScope, formatScope, parseScope, unionScopes, type Scope } from './scope.ts';
import type { HeldToken } from './token-cache.ts';
import type { TokenErrand } from './token-errand.ts';

/** A request that was answered with a 401. */
export interface Refused {
  /** What it was sent with. */
  readonly first: Pass;
  /** The serial of the last token when it was sent: later ones are not among the refused. */
  readonly since: number;
  readonly response: TransportResponse;
}

/** Learns from a 401 how its origin lets people in. */
export function learnOffer({ keyring }: Visit, response: TransportResponse): void {
  keyring.offer = offerOf(response) ?? keyring.offer;
}

function offerOf({ headers }: TransportResponse): Offer | undefined {
  return readOffer(parseChallenges(headerValues(headers, 'www-authenticate')));
}

/**
 * The pass that a 401 asks for. Lets the answer go.
 * @throws {RegistryError} where there is none, or no use in sending the request again; see `Authorizer.send`.
 */
export async function earnPass(visit: Visit, refused: Refused): Promise<GivenPass> {
  const { keyring, request, scope } = visit;
  const { first, response } = refused;
  const offer = offerOf(response);
  if (first.kind === 'token') await keyring.refuse(first.token, scope, offer?.bearer?.error);
  if (offer === undefined) {
    const values = headerValues(response.headers, 'www-authenticate');
    throw noChallenge(request.url.host, values, factsOf(visit));
  }
  const identity = await identify(keyring.identities, scope, request.signal);
  try {
    return await earn(visit, refused, offer, identity);
  } catch (error) {
    // The token server may have been given a password that a helper has replaced meanwhile.
    if (errorCode(error) === 'UNAUTHORIZED') await keyring.identities.forget();
    throw withProblem(visit, error, identity.problem);
  }
}

async function earn(
  visit: Visit,
  { first, since, response }: Refused,
  offer: Offer,
  { credentials, problem }: Identity,
): Promise<GivenPass> {
  const { keyring, request, scope, allowRealms, account } = visit;
  const registry = request.url;
  const way = await chooseWay(offer, { registry, credentials, allowRealms, facts: factsOf(visit) });
  const theirs = offer.bearer?.scope ?? '';
  const wanted = unionScopes(parseScope(theirs), scope);
  if (first.kind !== 'none' && isSame(first, way, wanted)) throw await refusedPass(visit, first, response);
  if (request.body?.replayable === false) throw notReplayable(registry.host, factsOf(visit));

  // Before the token is asked for: this answer may hold the one connection that there is.
  await response.discard();
  if (way.kind !== 'bearer') return way;
  const known = keyring.tokens.find({ scope: wanted, account, after: since });
  if (known !== undefined) return { kind: 'token', token: known, fresh: false, problem };
  const passing = problem !== undefined;
  const errand = { way, scope: wanted, signal: request.signal, account, passing };
  return { kind: 'token', token: await fetchWanted(visit, first, errand, theirs), fresh: true, problem };
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
  { keyring }: Visit,
  first: Pass,
  errand: TokenErrand,
  theirs: string,
): Promise<HeldToken> {
  const ours = formatScope(errand.scope);
  const refusal = first.kind === 'none' ? first.refusal : undefined;
  const again =
    refusal?.scope === ours &&
    refusal.way.realm.href === errand.way.realm.href &&
    refusal.way.service === errand.way.service;
  try {
    if (again) throw refusal.error;
    return await keyring.fetchToken(errand);
  } catch (error) {
    if (!isDenied(error) || theirs === '' || theirs === ours) throw error;
    return keyring.fetchToken({ ...errand, words: [theirs] });
  }
}
