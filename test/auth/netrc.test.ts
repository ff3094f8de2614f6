import { describe, expect, test } from 'vitest';
import { defaultCredentials } from '../../src/auth/credentials.ts';
import { findInNetrc } from '../../src/auth/netrc.ts';
import { base64, home } from './folder.ts';
import { failure } from './script.ts';

const HOST = 'registry.example.com';
const ALICE = { username: 'alice', password: 'pw' };

const find = (text: string, host = HOST) => findInNetrc(Buffer.from(text), 'FILE', host);

describe('an entry', () => {
  test.each([
    ['on one line', `machine ${HOST} login alice password pw`, ALICE],
    ['on several lines', `machine ${HOST}\n\tlogin alice\r\n\tpassword\npw\n`, ALICE],
    ['with the password first', `machine ${HOST} password pw login alice`, ALICE],
    [
      'after others',
      `machine other.test login bob password x\nmachine ${HOST} login alice password pw`,
      ALICE,
    ],
    [
      'before another for the host',
      `machine ${HOST} login alice password pw machine ${HOST} login b password c`,
      ALICE,
    ],
    [
      'after one without a password',
      `machine ${HOST} login bob machine ${HOST} login alice password pw`,
      ALICE,
    ],
    ['with an account', `machine ${HOST} account password login alice password pw`, ALICE],
    ['with a protocol', `machine ${HOST} protocol https login alice password pw`, ALICE],
    ['in capitals', `machine ${HOST.toUpperCase()} login alice password pw`, ALICE],
    ['with the port of https', `machine ${HOST}:443 login alice password pw`, ALICE],
    ['behind a byte order mark', `\uFEFFmachine ${HOST} login alice password pw`, ALICE],
    ['with an identity token', `machine ${HOST} login <token> password id`, { identityToken: 'id' }],
    ['for another host', 'machine evil.test login alice password pw', undefined],
    ['for a domain around it', 'machine example.com login alice password pw', undefined],
    ['for another port', `machine ${HOST}:5000 login alice password pw`, undefined],
    [
      'for another port, in a word of its own',
      `machine ${HOST} port 5000 login alice password pw`,
      undefined,
    ],
    ['without a password', `machine ${HOST} login alice`, undefined],
    ['for everybody', 'default login alice password pw', undefined],
    [
      'for everybody, after one for the host',
      `machine ${HOST} login bob default login alice password pw`,
      undefined,
    ],
    ['in an empty file', '', undefined],
  ])('%s', (_name, text, want) => {
    const { origin: _, ...found } = find(text) ?? { origin: '' };
    expect(found).toEqual(want ?? {});
  });

  test('for a port is for that port', () => {
    expect(find('machine localhost:5000 login alice password pw', 'localhost:5000')).toMatchObject(ALICE);
    expect(find('machine localhost port 5000 login alice password pw', 'localhost:5000')).toMatchObject(
      ALICE,
    );
  });

  test.each(['docker.io', 'index.docker.io', 'registry-1.docker.io'])('for Docker Hub as %s', (name) => {
    expect(find(`machine ${name} login alice password pw`, 'registry-1.docker.io')).toMatchObject(ALICE);
  });

  test('says where it is', () => {
    expect(find(`\n# mine\nmachine ${HOST}\nlogin alice password pw`)?.origin).toBe('FILE, line 3');
  });
});

describe('a password', () => {
  test.each([
    ['with what begins a comment', '#1', '#1'],
    ['with a # in it', 'p#w', 'p#w'],
    ['with a quote in it', 'p"w', 'p"w'],
    ['with a backslash, not quoted', 'p\\w', 'p\\w'],
    ['in quotes, with spaces', '"p w"', 'p w'],
    ['in quotes, with escapes', '"p\\"\\\\\\t\\w"', 'p"\\\tw'],
    ['that is a keyword', 'machine', 'machine'],
  ])('%s', (_name, written, want) => {
    expect(find(`machine ${HOST} login alice password ${written}\n`)?.password).toBe(want);
  });
});

describe('what is passed over', () => {
  test.each([
    [
      'comments',
      `# machine ${HOST} login bob password x\n#\nmachine ${HOST} # mine\n login alice #x\npassword pw`,
    ],
    [
      'a macro, up to an empty line',
      `macdef init\nmachine ${HOST} login bob password x\ncd /\n\nmachine ${HOST} login alice password pw`,
    ],
    [
      'a macro with lines as Windows has them',
      `macdef init\r\nput x\r\n\r\nmachine ${HOST} login alice password pw`,
    ],
    ['a macro at the end', `machine ${HOST} login alice password pw\nmacdef init\nlogin "bob`],
  ])('%s', (_name, text) => {
    expect(find(text)).toMatchObject(ALICE);
  });
});

describe('a malformed file', () => {
  test.each([
    [
      'with a word that means nothing',
      'machine x\nlogin alice\npassword hunter2 hunter2',
      'FILE, line 3: neither a keyword nor a comment',
    ],
    ['with a password for nobody', '\npassword hunter2', 'FILE, line 2: this belongs to no machine'],
    [
      'that ends too early',
      'machine x login hunter2\npassword\n',
      'FILE, line 3: the file ends before a value',
    ],
    [
      'with a quote that does not end',
      'machine x\npassword "hunter2\n"',
      'FILE, line 2: a quoted word does not end',
    ],
    ['with text after a quote', 'machine x\npassword "hunter2"x', 'FILE, line 2: a quoted word does not end'],
    ['that is no text', Buffer.from([0x6d, 0xff]), 'FILE: not in UTF-8'],
  ])('%s', async (_name, text, want) => {
    const error = await failure((async () => findInNetrc(Buffer.from(text as string), 'FILE', HOST))());
    expect(error).toMatchObject({ code: 'CREDENTIALS_INVALID', message: want });
    expect(JSON.stringify(error)).not.toContain('hunter2');
  });

  test.each([
    ['machines', 'machine a '],
    ['lines', 'machine a\n'],
    ['macros', 'macdef x\n\n'],
    ['escapes', `machine a password "${'\\x'.repeat(400_000)}"`],
  ])('of 1 MiB of %s is read at once', (_name, piece) => {
    const text = piece.repeat(Math.max(1, Math.floor((1024 * 1024) / piece.length)));
    const started = performance.now();
    expect(find(text)).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe('is looked for', () => {
  const netrc = `machine ${HOST} login netrc password pw`;

  test('at $NETRC, else in the home directory', async () => {
    const { environment, write } = home();
    write('.netrc', netrc);
    expect((await defaultCredentials({ environment })(HOST))?.username).toBe('netrc');
    const NETRC = write('elsewhere', netrc.replace('netrc', 'other'));
    const found = await defaultCredentials({ environment: { ...environment, NETRC } })(HOST);
    expect(found).toEqual({ username: 'other', password: 'pw', origin: `${NETRC}, line 1` });
  });

  test('after the files of Docker and podman', async () => {
    const { environment, write } = home();
    write('.netrc', netrc);
    write('.config/containers/auth.json', { auths: { [HOST]: { auth: base64('podman:pw') } } });
    expect((await defaultCredentials({ environment })(HOST))?.username).toBe('podman');
  });

  test('up to 1 MiB', async () => {
    const { environment, write } = home();
    const file = write('.netrc', '#'.repeat(1024 * 1024 + 1));
    expect(await failure(defaultCredentials({ environment })(HOST))).toMatchObject({
      code: 'CREDENTIALS_INVALID',
      message: `${file}: longer than 1048576 bytes`,
    });
  });
});
