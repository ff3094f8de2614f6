/** How long one token serves, by the clock of who uses it. */
import { expect, test } from 'vitest';
import { createAuthorizer } from '../../src/auth/authorize.ts';
import { repositoryScope } from '../../src/auth/scope.ts';
import type { TransportRequest } from '../../src/transport/index.ts';
import { clock } from './script.ts';

/** At which of these seconds the token server is asked, where a token lives for 3001 s. */
async function asked(
  seconds: readonly number[],
  more: object = {},
  date?: string,
): Promise<readonly number[]> {
  const time = clock();
  const start = time.now();
  const at: number[] = [];
  const authorizer = createAuthorizer(
    async ({ url, headers }: TransportRequest) => {
      const isToken = url.pathname === '/token';
      if (isToken) at.push((time.now() - start) / 1000);
      const text = JSON.stringify({ token: `t${at.length}`, expires_in: 3001, ...more });
      return {
        status: isToken || headers['authorization'] === `Bearer t${at.length}` ? 200 : 401,
        headers: {
          'www-authenticate': 'Bearer realm="https://r.example.com/token"',
          ...(date !== undefined && { date }),
        },
        url,
        body: (async function* () {
          yield Buffer.from(text);
        })(),
        discard: async () => {},
      };
    },
    { now: time.now },
  );
  for (const second of seconds) {
    time.pass(second - (time.now() - start) / 1000);
    const request = { method: 'GET', url: new URL('https://r.example.com/v2/x/tags/list'), headers: {} };
    expect((await authorizer.send(request, repositoryScope('x', 'pull'))).status).toBe(200);
  }
  return at;
}

// Ten seconds before its end it is no longer used, so that it does not end on the way.
test('[row 18] one that lives for 3001 s is used until ten seconds before its end', async () => {
  expect(await asked([0, 1000, 2000, 2990, 4000])).toEqual([0, 4000]);
  expect(await asked([0, 2992])).toEqual([0, 2992]);
});

test('[row 19] one that was issued 1000 s before it came lives for 1000 s less', async () => {
  const date = 'Sat, 21 Nov 2026 12:00:00 GMT';
  const issued = { issued_at: '2026-11-21T11:43:20Z' };
  expect(await asked([0, 1000, 1990, 3000], issued, date)).toEqual([0, 3000]);
  expect(await asked([0, 1992], issued, date)).toEqual([0, 1992]);
});

test.each(['1999-01-01T00:00:00Z', '2099-01-01T00:00:00Z', 'yesterday'])(
  '[row 20] issued_at %s makes no difference where the clock that wrote it is not known',
  async (issued_at) => {
    expect(await asked([0, 2990, 2992], { issued_at })).toEqual([0, 2992]);
  },
);
