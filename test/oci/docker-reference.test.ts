import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  familiarName,
  formatReference,
  isDockerHub,
  parseDockerReference,
  type Reference,
} from '../../src/oci/index.ts';
import { named, refusal } from './words.ts';

const digest = named('an image');

// What Docker's users write, in full, and as Docker shows it.
const NAMES: readonly (readonly [text: string, full: string, familiar: string])[] = [
  // The tests of docker-library/meta-scripts (registry/ref_test.go); they leave the tag open, which is `latest` here.
  ['hello-world:latest', 'docker.io/library/hello-world:latest', 'hello-world'],
  ['tianon/true:oci', 'docker.io/tianon/true:oci', 'tianon/true:oci'],
  ['docker.io/tianon/true:oci', 'docker.io/tianon/true:oci', 'tianon/true:oci'],
  ['localhost:5000/foo', 'localhost:5000/foo:latest', 'localhost:5000/foo:latest'],
  ['hello-world', 'docker.io/library/hello-world:latest', 'hello-world'],
  ['library/hello-world', 'docker.io/library/hello-world:latest', 'hello-world'],
  ['docker.io/hello-world', 'docker.io/library/hello-world:latest', 'hello-world'],
  ['docker.io/library/hello-world', 'docker.io/library/hello-world:latest', 'hello-world'],
  ['index.docker.io/library/hello-world', 'docker.io/library/hello-world:latest', 'hello-world'],
  ['registry-1.docker.io/library/hello-world', 'docker.io/library/hello-world:latest', 'hello-world'],
  ['registry.hub.docker.com/library/hello-world', 'docker.io/library/hello-world:latest', 'hello-world'],
  // One component is completed on all of the Hub's hosts, and on no other.
  ['registry-1.docker.io/hello-world', 'docker.io/library/hello-world:latest', 'hello-world'],
  ['Index.Docker.IO/hello-world', 'docker.io/library/hello-world:latest', 'hello-world'],
  ['ghcr.io/hello-world', 'ghcr.io/hello-world:latest', 'ghcr.io/hello-world:latest'],
  // Tag and digest are both kept, and a digest alone needs no tag.
  [`alpine@${digest}`, `docker.io/library/alpine@${digest}`, `alpine@${digest}`],
  [`alpine:3@${digest}`, `docker.io/library/alpine:3@${digest}`, `alpine:3@${digest}`],
  [`alpine:latest@${digest}`, `docker.io/library/alpine:latest@${digest}`, `alpine:latest@${digest}`],
  // `localhost` is a host without a dot or a port.
  ['localhost/x', 'localhost/x:latest', 'localhost/x:latest'],
  ['localhost/a/b:t', 'localhost/a/b:t', 'localhost/a/b:t'],
  ['localhost/foo.com/bar', 'localhost/foo.com/bar:latest', 'localhost/foo.com/bar:latest'],
  ['localhost', 'docker.io/library/localhost:latest', 'localhost'],
  // Only official images stand directly under `library`.
  ['library/a/b', 'docker.io/library/a/b:latest', 'library/a/b'],
  // Shortened, these would name a place on another host.
  ['docker.io/foo.com/bar', 'docker.io/foo.com/bar:latest', 'docker.io/foo.com/bar:latest'],
  ['docker.io/localhost/bar', 'docker.io/localhost/bar:latest', 'docker.io/localhost/bar:latest'],
];

describe('Docker references', () => {
  test.each(NAMES)('%s is %s', (text, full, familiar) => {
    const parsed = parseDockerReference(text);
    expect(formatReference(parsed)).toBe(full);
    expect(familiarName(parsed)).toBe(familiar);
    // What is shown means what was read.
    expect(parseDockerReference(familiar)).toEqual(parsed);
  });

  test.each([
    ['', /empty reference/],
    ['localhost/', /empty or dot path component \(column 11\)/],
    ['localhost/Foo', /must be lowercase \(column 11\)/],
    ['localhost//x', /empty or dot path component \(column 11\)/],
    ['Alpine', /must be lowercase/],
    ['alpine:', /empty tag/],
    ['docker.io/', /the repository is missing/],
  ])('"%s" is refused', (text, words) => {
    expect(refusal(() => parseDockerReference(text)).message).toMatch(words);
  });

  test.each([
    ['docker.io', true],
    ['index.docker.io', true],
    ['registry-1.docker.io', true],
    ['registry.hub.docker.com', true],
    ['Docker.io', true],
    ['docker.io:443', false],
    ['docker.io.evil.example', false],
    ['docker.com', false],
  ])('%s is a host of the Hub: %s', (host, is) => expect(isDockerHub(host)).toBe(is));
});

test('a name without a host stays as it is', () => {
  expect(familiarName({ repository: 'library/alpine', tag: 'latest' })).toBe('library/alpine:latest');
});

test('for all names: what is shown means what was meant', () => {
  const component = fc.constantFrom('library', 'localhost', 'a', 'foo.com', 'x-y', 'a.b');
  const reference = fc.record(
    {
      host: fc.constantFrom('docker.io', 'localhost', 'localhost:5000', 'ghcr.io'),
      repository: fc.array(component, { minLength: 2, maxLength: 4 }).map((parts) => parts.join('/')),
      tag: fc.constantFrom('latest', 'v1'),
      digest: fc.constant(digest),
    },
    { requiredKeys: ['host', 'repository', 'tag'] },
  );
  fc.assert(
    fc.property(reference, (it: Reference) => {
      expect(parseDockerReference(familiarName(it))).toEqual(it);
      expect(parseDockerReference(formatReference(it))).toEqual(it);
    }),
  );
});
