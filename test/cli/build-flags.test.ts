import { describe, expect, test } from 'vitest';
import { attestationsOf } from '../../src/cli/build/attestations.ts';
import { parseFields } from '../../src/cli/build/fields.ts';
import { isRemote } from '../../src/cli/build/remote.ts';
import { secretOf } from '../../src/cli/build/secrets.ts';
import { sshAgentOf } from '../../src/cli/build/ssh-agents.ts';
import type { Context } from '../../src/cli/context.ts';

/** A command that runs with some variables in its environment. */
const within = (env: Record<string, string>): Context => ({ process: { env } }) as Context;

describe('fields are those of one line of CSV, as Docker reads its flags', () => {
  test.each([
    ['type=local,dest=out', { type: 'local', dest: 'out' }],
    ['TYPE=local, Dest=a=b', { type: 'local', dest: 'a=b' }],
    ['type=oci,"dest=with ""quotes"", and commas"', { type: 'oci', dest: 'with "quotes", and commas' }],
    ['a=1,a=2', { a: '2' }],
    ['a=', { a: '' }],
  ])('%s', (text, fields) => expect(parseFields('output', text)).toEqual(fields));

  test.each([
    ['a=1,', 'is not NAME=VALUE'],
    ['local', '"local" is not NAME=VALUE'],
    ['=x', 'is not NAME=VALUE'],
    ['a="b"', 'a quote is out of place'],
    ['"a=b', 'a quote is out of place'],
    ['"a=b"c', 'a quote is out of place'],
  ])('%s is refused', (text, why) => expect(() => parseFields('output', text)).toThrow(why));
});

describe('--secret', () => {
  test.each([
    ['id=token,src=/run/token', { id: 'token', source: { file: '/run/token' } }],
    ['ID=token,Source=a=b', { id: 'token', source: { file: 'a=b' } }],
    ['id=token,type=file,src=x', { id: 'token', source: { file: 'x' } }],
    ['id=token,env=TOKEN', { id: 'token', source: { variable: 'TOKEN' } }],
    ['type=env,id=token,src=TOKEN', { id: 'token', source: { variable: 'TOKEN' } }],
    ['id=HOME', { id: 'HOME', source: { variable: 'HOME' } }],
    ['id=some-file', { id: 'some-file', source: { file: 'some-file' } }],
    ['id=token,"src=a, b"', { id: 'token', source: { file: 'a, b' } }],
  ])('%s', (flag, secret) => expect(secretOf(within({ HOME: '/home/me' }), flag)).toEqual(secret));

  test.each([
    ['src=x', 'it has no id='],
    ['id=a,type=pipe', 'the type is file or env'],
    ['id=a,mode=0400', 'not mode='],
    ['token', '"token" is not NAME=VALUE'],
  ])('%s is none', (flag, why) => expect(() => secretOf(within({}), flag)).toThrow(why));
});

describe('--ssh', () => {
  const running = within({ SSH_AUTH_SOCK: '/run/agent' });

  test.each([
    ['default', { id: 'default', socket: '/run/agent' }],
    ['', { id: 'default', socket: '/run/agent' }],
    ['git', { id: 'git', socket: '/run/agent' }],
    ['git=/run/other', { id: 'git', socket: '/run/other' }],
    ['git=/run/a=b', { id: 'git', socket: '/run/a=b' }],
  ])('%s', (flag, agent) => expect(sshAgentOf(running, flag)).toEqual(agent));

  test('needs one agent', () => {
    expect(() => sshAgentOf(within({}), 'default')).toThrow('SSH_AUTH_SOCK is not set');
    expect(() => sshAgentOf(running, 'git=a,b')).toThrow('one agent has one socket');
  });
});

describe('--attest', () => {
  test('passes on the parameters, in quotes where they need them', () => {
    const texts = ['type=provenance,mode=max', 'type=sbom,"generator=a,b"'];
    expect(attestationsOf(texts)).toEqual({ provenance: 'mode=max', sbom: '"generator=a,b"' });
  });

  test('takes an attestation back with disabled=true; of two for one type the last counts', () => {
    expect(attestationsOf(['type=sbom,disabled=true', 'type=provenance,mode=min,disabled=false'])).toEqual({
      provenance: 'mode=min',
    });
    expect(attestationsOf(['type=sbom', 'type=sbom,disabled=true'])).toEqual({});
  });
});

describe('what the builder gets by itself', () => {
  test.each([
    'https://example.test/context.tar.gz',
    'http://example.test/repo.git#main:sub',
    'git://example.test/repo',
    'ssh://git@example.test/repo',
    'git@example.test:team/repo.git',
    'me@example.test:repo',
    'github.com/moby/buildkit',
  ])('%s', (text) => expect(isRemote(text)).toBe(true));

  test.each([
    '.',
    'C:\\context',
    'oci-layout://store/app',
    'oci-layout:dir@sha256:ab',
    'docker-image://alpine',
    `alpine@sha256:${'0'.repeat(64)}`,
    'registry.test:5000/app:1',
  ])('not %s', (text) => expect(isRemote(text)).toBe(false));
});
