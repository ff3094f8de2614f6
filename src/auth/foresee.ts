import { isDenied } from '../registry/index.ts';
import { identify } from './identity.ts';
import { chooseWay, type Way } from './offer.ts';
import { withProblem, type Pass, type Visit } from './pass.ts';
import { formatScope } from './scope.ts';

/**
 * The pass that the origin will want, going by what it wanted before: the request then needs no 401.
 * Nothing before its first 401, so that nobody is told who we are without having asked.
 * @throws {RegistryError} `CREDENTIALS_INVALID`; what failed while a token was got, for a request that cannot be
 * sent again.
 */
export async function foreseePass(visit: Visit): Promise<Pass> {
  const { keyring, request, scope, allowRealms, account } = visit;
  const { signal, body } = request;
  if (keyring.offer === undefined) return { kind: 'none' };
  const token = keyring.tokens.find({ scope, account });
  if (token !== undefined) {
    keyring.use(token);
    return { kind: 'token', token, fresh: false };
  }
  const { credentials, problem } = await identify(keyring.identities, scope, signal);
  let way: Way;
  try {
    way = await chooseWay(keyring.offer, { registry: request.url, credentials, allowRealms, facts: {} });
  } catch {
    // What is asked for may be open to everybody. If it is not, the 401 brings this up again.
    return { kind: 'none' };
  }
  if (way.kind !== 'bearer') return way;
  try {
    const passing = problem !== undefined;
    const fetched = await keyring.fetchToken({ way, scope, signal, account, passing });
    return { kind: 'token', token: fetched, fresh: true, problem };
  } catch (error) {
    if (signal?.aborted) throw error;
    // The same; and the registry may have other words for what is needed, or another token server by now. A body that
    // is gone after the first try is not risked for that, unless the answer is that nobody is let in.
    if (body?.replayable === false && !isDenied(error)) throw error;
    return {
      kind: 'none',
      refusal: { way, scope: formatScope(scope), error: withProblem(visit, error, problem) },
    };
  }
}
