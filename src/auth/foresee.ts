import { isDenied } from '../registry/index.ts';
import { chooseWay, type Way } from './offer.ts';
import type { Pass, Visit } from './pass.ts';
import { formatScope } from './scope.ts';

/**
 * The pass that the origin will want, going by what it wanted before: the request then needs no 401.
 * Nothing before its first 401, so that nobody is told who we are without having asked.
 */
export async function foreseePass({ keyring, request, scope, allowRealms }: Visit): Promise<Pass> {
  if (keyring.offer === undefined) return { kind: 'none' };
  const token = keyring.tokens.find(scope);
  if (token !== undefined) return { kind: 'token', token, fresh: false };
  const credentials = await keyring.credentials(scope, request.signal);
  let way: Way;
  try {
    way = chooseWay(keyring.offer, { registry: request.url, credentials, allowRealms, facts: {} });
  } catch {
    // What is asked for may be open to everybody. If it is not, the 401 brings this up again.
    return { kind: 'none' };
  }
  if (way.kind !== 'bearer') return way;
  try {
    return { kind: 'token', token: await keyring.fetchToken(way, scope, request.signal), fresh: true };
  } catch (error) {
    // The same; and the registry may have other words for what is needed, that its token server understands.
    if (!isDenied(error)) throw error;
    return { kind: 'none', refusal: { way, scope: formatScope(scope), error } };
  }
}
