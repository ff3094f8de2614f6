import { describe, expect, test } from 'vitest';
import { checkRealm } from '../../src/auth/realm.ts';
import { RegistryError } from '../../src/registry/index.ts';

/** The reason of a refusal, or `allowed`. */
async function ask(
  registry: string,
  realm: string | undefined,
  withCredentials = true,
  allowRealms: readonly string[] = [],
): Promise<string> {
  try {
    await checkRealm(realm, { registry: new URL(registry), withCredentials, allowRealms });
    return 'allowed';
  } catch (error) {
    expect(error).toBeInstanceOf(RegistryError);
    expect((error as RegistryError).code).toBe('AUTH_REALM_REFUSED');
    return (error as RegistryError).message;
  }
}

describe('with credentials', () => {
  test.each([
    ['the same host', 'https://registry.example.com', 'https://registry.example.com/token'],
    [
      'the same host, another port',
      'https://registry.example.com:5000',
      'https://registry.example.com:5001/token',
    ],
    ['the same site', 'https://registry.example.com', 'https://auth.example.com/token'],
    ['the same site below a shared name', 'https://registry.shop.co.uk', 'https://auth.shop.co.uk/token'],
    ['a site inside of a company', 'https://registry.corp.internal', 'https://auth.corp.internal/token'],
    ['a customer of Azure', 'https://a.azurecr.io', 'https://a.azurecr.io/oauth2/token'],
    [
      'Aliyun',
      'https://registry.cn-hangzhou.aliyuncs.com',
      'https://dockerauth.cn-hangzhou.aliyuncs.com/auth',
    ],
    ['GitLab', 'https://registry.gitlab.com', 'https://gitlab.com/jwt/auth'],
    ['Docker Hub', 'https://registry-1.docker.io', 'https://auth.docker.io/token'],
    ['Docker Hub by its other name', 'https://registry.hub.docker.com', 'https://auth.docker.io/token'],
    ['plain HTTP where the registry has it', 'http://localhost:5000', 'http://localhost:5001/token'],
    ['an address that is equal', 'http://10.0.0.5:5000', 'http://10.0.0.5:5001/token'],
    ['a realm with a query', 'https://a.example.com', 'https://a.example.com/token?x=1'],
  ])('[rows 35, 37] %s may be asked', async (_name, registry, realm) => {
    expect(await ask(registry, realm)).toBe('allowed');
  });

  test.each([
    ['another site', 'https://registry.example.com', 'https://registry.example.com.evil.test/token'],
    ['a site that ends in the same letters', 'https://example.com', 'https://evilexample.com/token'],
    ['another site below a shared name', 'https://registry.shop.co.uk', 'https://evil.co.uk/token'],
    ['a shared name itself', 'https://co.uk', 'https://evil.co.uk/token'],
    ['the top with a dot behind', 'https://registry.example.com.', 'https://evil.com./token'],
    ['an address that is not equal', 'https://192.0.2.5', 'https://198.51.2.5/token'],
    ['a single name', 'http://registry:5000', 'http://auth:5000/token'],
    ['two single names below a top', 'http://registry.local', 'http://auth.local/token'],
    ['another user of a host of pages', 'https://a.github.io', 'https://b.github.io/token'],
    ['another bucket', 'https://a.s3.amazonaws.com', 'https://b.s3.amazonaws.com/token'],
    ['another program of a cloud', 'https://a.onrender.com', 'https://b.onrender.com/token'],
    ['another customer of Azure', 'https://a.azurecr.io', 'https://b.azurecr.io/oauth2/token'],
    ['another customer of JFrog', 'https://a.jfrog.io', 'https://b.jfrog.io/token'],
    ['the Hub for somebody else', 'https://registry.example.com', 'https://auth.docker.io/token'],
  ])('[row 35] [A3] %s is refused, and it is said how to allow it', async (_name, registry, realm) => {
    expect(await ask(registry, realm)).toContain(`allow it with --allow-realm ${new URL(realm).host}`);
  });

  test('[A45] the refusal names the site, and nothing else of what the registry wrote', async () => {
    const why = await ask('https://registry.example.com', 'https://evil.test/canary-path?sig=canary-value');
    expect(why).toContain('the realm https://evil.test is on another site');
    expect(why).not.toContain('canary');
  });

  test('what the user allows may be asked, with any port or with that one', async () => {
    const [registry, realm] = ['https://registry.example.com', 'https://auth.other.test:8443/token'];
    expect(await ask(registry, realm, true, ['Auth.Other.test'])).toBe('allowed');
    expect(await ask(registry, realm, true, ['auth.other.test:8443'])).toBe('allowed');
    expect(await ask(registry, realm, true, ['auth.other.test:443'])).toContain('another site');
    expect(await ask(registry, realm, true, ['other.test'])).toContain('another site');
  });
});

describe('without credentials', () => {
  test('[row 38] any host outside may be asked', async () => {
    expect(await ask('https://registry.example.com', 'https://auth.other.test/token', false)).toBe('allowed');
  });
});

// Row 20 of the corpus; nobody can allow these.
describe.each([true, false])('with credentials %s, refused is', (withCredentials) => {
  test.each([
    ['no realm', undefined, 'the realm is missing'],
    ['an empty one', '', 'the realm is missing'],
    ['a relative one', '/token', 'not an absolute URL'],
    ['a host alone', 'auth.example.com/token', 'not an absolute URL'],
    ['a text', 'Artifactory Realm', 'not an absolute URL'],
    ['a file', 'file:///etc/passwd', 'not HTTP'],
    ['plain HTTP', 'http://registry.example.com/token', 'it leaves TLS'],
    ['a user', 'https://user:pw@registry.example.com/token', 'it carries a user'],
    ['this machine', 'https://127.0.0.1/token', 'internal network'],
    ['this machine in hexadecimal', 'https://0x7f000001/token', 'internal network'],
    ['this machine in two parts', 'https://127.1/token', 'internal network'],
    ['this machine as IPv6', 'https://[::ffff:127.0.0.1]/token', 'internal network'],
    ['no address', 'https://0.0.0.0/token', 'internal network'],
    ['a cloud’s metadata', 'https://169.254.169.254/token', 'internal network'],
    ['a private network', 'https://10.1.2.3/token', 'internal network'],
    ['a URL of 20 kB', `https://registry.example.com/${'x'.repeat(20_000)}`, 'longer than'],
  ])('[rows 10, 35, 36] [A3, A7, A8] %s', async (_name, realm, why) => {
    expect(await ask('https://registry.example.com', realm, withCredentials, ['127.0.0.1'])).toContain(why);
  });
});
