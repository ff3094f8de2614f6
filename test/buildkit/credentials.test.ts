import { Code, createClient, type Client } from '@connectrpc/connect';
import { createPublicKey, verify } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  staticCredentials,
  type CredentialSource,
  type TokenFetcher,
  type TokenWish,
} from '../../src/auth/index.ts';
import { credentialService } from '../../src/buildkit/index.ts';
import { Auth } from '../../src/buildkit/proto/auth_pb.ts';
import { RegistryError } from '../../src/registry/index.ts';
import { wired } from './wired.ts';

const known = staticCredentials({
  'docker.io': { username: 'me', password: 'hub' },
  'registry.test:5000': { identityToken: 'refresh' },
  'static.test': { registryToken: 'bearer' },
});

async function clientOf(
  credentials: CredentialSource,
  fetchToken?: TokenFetcher,
): Promise<Client<typeof Auth>> {
  const options = fetchToken === undefined ? {} : { fetchToken };
  return createClient(Auth, await wired(credentialService(credentials, options)));
}

describe('a builder is told who we are', () => {
  test.each([
    ['registry-1.docker.io', 'me', 'hub'],
    ['docker.io', 'me', 'hub'],
    ['index.docker.io', 'me', 'hub'],
    ['registry.test:5000', '', 'refresh'],
    ['registry.test', '', ''],
    ['static.test', '', ''],
  ])('at %s', async (host, username, secret) => {
    const client = await clientOf(known);
    expect(await client.credentials({ host })).toMatchObject({ username, secret });
  });

  test('and why that cannot be told; of what others throw, nothing is shown', async () => {
    const broken = (error: Error): Promise<Client<typeof Auth>> => clientOf(() => Promise.reject(error));
    const ours = await broken(new RegistryError('CREDENTIALS_INVALID', 'the helper is not installed'));
    await expect(ours.credentials({ host: 'a' })).rejects.toThrow('the helper is not installed');
    const theirs = await broken(new Error('bad password: s3cret'));
    await expect(theirs.credentials({ host: 'a' })).rejects.not.toThrow('s3cret');
  });

  test('without a way to get tokens, it gets them itself', async () => {
    const client = await clientOf(known);
    const failure = { code: Code.Unimplemented };
    await expect(client.getTokenAuthority({ host: 'docker.io' })).rejects.toMatchObject(failure);
    await expect(client.fetchToken({ host: 'docker.io' })).rejects.toMatchObject(failure);
  });
});

describe('a builder gets tokens', () => {
  const wanted = {
    host: 'registry-1.docker.io',
    realm: 'https://auth.docker.io/token',
    service: 'registry.docker.io',
    scopes: ['repository:library/alpine:pull'],
  };

  test('that were asked for here, so that it never sees a password', async () => {
    const asked: TokenWish[] = [];
    const client = await clientOf(known, async (each) => {
      asked.push(each);
      return { token: 'for you', expiresIn: 299.7 };
    });
    expect(await client.fetchToken(wanted)).toMatchObject({ token: 'for you', expiresIn: 299n });
    expect(asked).toEqual([expect.objectContaining(wanted)]);
  });

  test('that are there without asking', async () => {
    const client = await clientOf(known, () => Promise.reject(new Error('not asked')));
    expect(await client.fetchToken({ ...wanted, host: 'static.test' })).toMatchObject({
      token: 'bearer',
      expiresIn: 60n,
    });
  });

  test('itself for whom nobody is known: there is no password to keep', async () => {
    const client = await clientOf(known, () => Promise.reject(new Error('not asked')));
    const nobody = client.getTokenAuthority({ host: 'other.test', salt: Buffer.alloc(32) });
    await expect(nobody).rejects.toMatchObject({ code: Code.Unavailable });
  });

  test('and knows us again by a signature, which is another one for another registry and another builder', async () => {
    const client = await clientOf(known, () => Promise.reject(new Error('not asked')));
    const [host, salt, payload] = ['docker.io', Buffer.alloc(32, 1), Buffer.from('prove it')];
    const { publicKey } = await client.getTokenAuthority({ host, salt });
    expect(publicKey).toHaveLength(32);
    const { signed } = await client.verifyTokenAuthority({ host, salt, payload });
    const key = createPublicKey({
      key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), publicKey]),
      format: 'der',
      type: 'spki',
    });
    // The signature, and behind it what was signed.
    expect(Buffer.from(signed.subarray(64)).equals(payload)).toBe(true);
    expect(verify(null, payload, key, signed.subarray(0, 64))).toBe(true);
    const again = await client.getTokenAuthority({ host, salt });
    expect(again.publicKey).toEqual(publicKey);
    const others = await Promise.all([
      client.getTokenAuthority({ host: 'registry.test:5000', salt }),
      client.getTokenAuthority({ host, salt: Buffer.alloc(32, 2) }),
      (await clientOf(known, () => Promise.reject(new Error('not asked')))).getTokenAuthority({ host, salt }),
    ]);
    for (const other of others) expect(other.publicKey).not.toEqual(publicKey);
  });
});
