import { expect } from 'vitest';
import { staticCredentials } from '../../src/auth/index.ts';
import { registryClient, type ClientOptions, type RegistryClient } from '../../src/client/index.ts';
import type { RegistryError } from '../../src/registry/index.ts';
import { scripted, type Answer, type Exchange } from '../../src/testing/index.ts';
import type { Clock, Transport, TransportRequest } from '../../src/transport/index.ts';
import { failure } from '../client/talk.ts';

/** What no attacker may get, and no message may have. */
const canary = 'canary-8d2f';

/** A user of `registry.test`, whose password is the canary. */
export const someone: ClientOptions = {
  credentials: staticCredentials({ 'registry.test': { username: 'someone', password: canary } }),
  // What fails, fails for good: the tests need not wait.
  retries: 0,
};

/** The row of a request whose first answer wants a password. */
export const wantsPassword = (request: string): Exchange => ({
  request,
  headers: { authorization: undefined },
  answer: { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } },
});

/**
 * Lets a client of `registry.test`, who has a password there, do something that the registry answers by a table, and
 * gives the error that it has to end with. All of the table has to be played, so whatever was not in it was not
 * asked for; and what went elsewhere has to be without authorization.
 */
export async function refusal(
  exchanges: readonly Exchange[],
  act: (registry: RegistryClient) => Promise<unknown>,
  options: ClientOptions = {},
): Promise<RegistryError> {
  const { transport, requests, done } = scripted(exchanges);
  const registry = registryClient('registry.test', { ...someone, transport, ...options });
  const error = await failure(act(registry));
  done();
  for (const { url, headers } of requests)
    if (url.origin !== 'https://registry.test') expect(headers).not.toHaveProperty('authorization');
  expect(`${error.message} ${JSON.stringify(error)}`).not.toContain(canary);
  return error;
}

/** A clock that jumps to where each wait ends. */
export const hurried: Clock = hurriedClock();

function hurriedClock(): Clock {
  let skipped = 0;
  return {
    now: () => performance.now() + skipped,
    sleep: async (milliseconds) => void (skipped += milliseconds),
    random: () => 0,
  };
}

/** A registry that has the same to say to everything, or something by the number of the request, from 1. */
export function always(answer: Answer | ((at: number) => Answer)): {
  readonly transport: Transport;
  readonly requests: readonly TransportRequest[];
} {
  const requests: TransportRequest[] = [];
  const transport: Transport = async (request) => {
    requests.push(request);
    const said = typeof answer === 'function' ? answer(requests.length) : answer;
    const row = { request: `${request.method} ${request.url.href}`, answer: said };
    return scripted([row], { origin: 'https://nowhere.test' }).transport(request);
  };
  return { transport, requests };
}
